#!/bin/sh
# The soak driver notices a leak, a crash and a hang, names the input, keeps it, and runs it again. usage: soak_driver.sh SOAK_SELFTEST
set -eu
program=$1
scratch=$(mktemp -d /tmp/nasbench-soak-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir corpus
printf 'some bytes, 123 of them' >corpus/sample

"$program" --corpus corpus --inputs 5000 >quiet || { echo "a reader without faults fails"; exit 1; }
for fault in leak crash hang; do
    if FAULT=$fault "$program" --corpus corpus --inputs 5000 --limit 1 2>log; then
        echo "$fault: not noticed"
        exit 1
    fi
    number=$(sed -n 's/^soak_selftest: input \([0-9]*\): .*/\1/p' log | tail -n 1)
    [ -n "$number" ] || { echo "$fault: no input named"; cat log; exit 1; }
    [ -f "soak_selftest-$number.bin" ] || { echo "$fault: the input was not kept"; exit 1; }
    if FAULT=$fault "$program" --limit 1 "soak_selftest-$number.bin" 2>/dev/null; then
        echo "$fault: the kept input does not show it again"
        exit 1
    fi
    echo "$fault: noticed at input $number"
done
