#!/bin/sh
# Trains official architectures on real CIFAR-10 with the benchmark's 12-epoch schedule and prints our accuracy beside the published one.
#
#     bench/parity.sh DATA OUT [ACCURACIES]
#
# DATA: folder with CIFAR-10's files. OUT: folder for records and logs; what is there already is not trained again, and what was interrupted
# goes on. ACCURACIES: a CSV with the columns index and c10_valid_12 (mean x-valid accuracy of the official runs with seeds 777 and 111).
# Two processes side by side, one per seed, one thread each. Some hours on two cores.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
nasbench=${NASBENCH:-$here/../build/nasbench}
data=${1:?usage: parity.sh DATA OUT [ACCURACIES]}
out=${2:?usage: parity.sh DATA OUT [ACCURACIES]}
accuracies=${3:-}
architectures=${ARCHITECTURES:-0 3 8895 11 1}
seeds="777 111"
mkdir -p "$out"

for seed in $seeds; do
    for arch in $architectures; do
        "$nasbench" train "$arch" --dataset cifar10-valid --data "$data" --schedule 12 --seed "$seed" --threads 1 --evaluate last \
            -o "$out/$arch-$seed.safetensors" --resume --json >"$out/$arch-$seed.json"
    done &
done
wait

printf '| architecture | ours, seed 777 | ours, seed 111 | ours, mean | official mean | difference |\n|---|---:|---:|---:|---:|---:|\n'
for arch in $architectures; do
    official=
    if [ -n "$accuracies" ]; then
        official=$(awk -F, -v arch="$arch" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "c10_valid_12") column = i }
                                            NR > 1 && $1 == arch { print $column }' "$accuracies")
    fi
    for seed in $seeds; do
        python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["curves"]["x-valid"]["accuracy"][-1])' "$out/$arch-$seed.json"
    done | awk -v arch="$arch" -v official="$official" '{ value[NR] = $1; sum += $1 }
        END { mean = sum / NR; printf "| %s | %.2f | %.2f | %.2f |", arch, value[1], value[2], mean
              if (official == "") print " | |"; else printf " %.2f | %+.2f |\n", official, mean - official }'
done
