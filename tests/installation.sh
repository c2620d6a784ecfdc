#!/bin/sh
# Installs the built library into a scratch folder and builds and runs a small program against it, the way users do: through
# pkg-config (shared and static), through find_package (shared and static), and from C++ where there is a compiler for it.
# usage: installation.sh BUILD_FOLDER
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d /tmp/nasbench-install-XXXXXX)
trap 'rm -rf "$scratch"' EXIT

expect() { # expect FILE: it was installed
    [ -e "$scratch/stage$prefix/$1" ] || { echo "not installed: $1"; exit 1; }
}

# DESTDIR stages the files below a folder while they keep their final paths.
prefix=/opt/nasbench
DESTDIR=$scratch/stage cmake --install "$build" --prefix $prefix >"$scratch/log" || { cat "$scratch/log"; exit 1; }
expect include/nasbench/nasbench.h
expect include/nasbench/error.h

prefix=$scratch/prefix
cd "$scratch"
cmake --install "$build" --prefix "$prefix" >"$scratch/log" || { cat "$scratch/log"; exit 1; }
pc=$(find "$prefix" -name nasbench.pc)
[ -n "$pc" ] || { echo "no nasbench.pc installed"; exit 1; }
libdir=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH="$libdir/pkgconfig"
export LD_LIBRARY_PATH="$libdir"
version=$(pkg-config --modversion nasbench)

run() { # run NAME: the program says the version that pkg-config knows
    said=$("$scratch/$1")
    [ "$said" = "nasbench $version: truncated" ] || { echo "$1 printed: $said"; exit 1; }
    echo "$1: $said"
}

# shellcheck disable=SC2046 # the flags are words
cc -o "$scratch/by-pkg-config" "$here/consumer/consumer.c" $(pkg-config --cflags --libs nasbench)
run by-pkg-config
# shellcheck disable=SC2046
cc -o "$scratch/by-pkg-config-static" "$here/consumer/consumer.c" $(pkg-config --cflags nasbench) "$libdir/libnasbench.a" \
    $(pkg-config --static --libs nasbench | sed 's/-lnasbench//')
run by-pkg-config-static

# The program that README.md shows is one that compiles.
awk '/^```c$/ {inside = 1; next} /^```$/ {inside = 0} inside' "$here/../README.md" >"$scratch/readme.c"
[ -s "$scratch/readme.c" ] || { echo "README.md shows no C"; exit 1; }
# shellcheck disable=SC2046
cc -Wall -Wextra -Werror -o "$scratch/readme" "$scratch/readme.c" $(pkg-config --cflags --libs nasbench)
if "$scratch/readme" 2>"$scratch/log"; then echo "the program of README.md finds a table where there is none"; exit 1; fi
grep -q nb201.safetensors "$scratch/log" || { echo "the program of README.md does not say which table is missing"; exit 1; }

if command -v c++ >/dev/null; then
    # shellcheck disable=SC2046
    c++ -x c++ -Wall -Wextra -Wpedantic -Werror -o "$scratch/from-c++" "$here/consumer/consumer.c" $(pkg-config --cflags --libs nasbench)
    run from-c++
fi

cmake -S "$here/consumer" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
cmake --build "$scratch/cmake" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
run cmake/consumer
run cmake/consumer_static
if [ -x "$build/nasbench" ]; then
    "$prefix/bin/nasbench" --version >/dev/null
fi
