#!/bin/sh
# The shared library exports the public functions and nothing else. usage: exported_symbols.sh LIBRARY
set -eu
exported=$(nm --dynamic --defined-only --format=posix "$1" | cut -d' ' -f1)
foreign=$(printf '%s\n' "$exported" | grep -v '^nb_' || true)
count=$(printf '%s\n' "$exported" | grep -c '^nb_' || true)
if [ -n "$foreign" ]; then
    echo "exported without the prefix nb_:"
    echo "$foreign"
    exit 1
fi
if [ "$count" -eq 0 ]; then
    echo "nothing is exported: is NB_API missing?"
    exit 1
fi
echo "$count exported functions, all nb_"
