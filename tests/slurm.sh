#!/bin/sh
# A plan worked off by a real Slurm: the array job that `generate plan --slurm` writes, with one task killed and requeued, another requeued
# while it trains, and `generate status` meanwhile. The merged table is that of one process on one machine, byte for byte.
# usage: slurm.sh NASBENCH
#
# Says "skipped: ..." and succeeds where Slurm or Fashion-MNIST is not installed, or Slurm cannot be started. Ends within LIMIT seconds, and
# so do its daemons.
set -eu
LIMIT=110

if [ -z "${NB_SLURM_LIMITED-}" ]; then
    export NB_SLURM_LIMITED=yes
    code=0
    timeout --kill-after=15 "$LIMIT" sh "$0" "$@" || code=$?
    [ "$code" -ne 124 ] || echo "not finished within $LIMIT s"
    exit "$code"
fi

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/slurm_cluster.sh
. "$here/slurm_cluster.sh"
NASBENCH=$(realpath "$1")
export NASBENCH # array.sbatch takes it from the environment

skip() {
    echo "skipped: $*"
    exit 0
}
lacks=$(cluster_lacks)
[ -z "$lacks" ] || skip "Slurm is not installed (there is no $lacks)"
[ -e /usr/share/datasets/fashion-mnist ] || skip "Fashion-MNIST is not installed (package dataset-fashion-mnist)"

scratch=$(mktemp -d /tmp/nasbench-slurm-XXXXXX)
chmod 755 "$scratch" # munged insists
clean_up() {
    trap '' INT TERM
    cluster_stop || true
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
cd "$scratch"
array='the array' # its folder; names with blanks are welcome

fail() {
    echo "failed: $*"
    scontrol show job "${job-}" | grep -E 'JobId|JobState|RunTime|EligibleTime' || true
    tail -n 20 "$array"/slurm-*.log || true
    exit 1
}

# A number of `generate status --json`, which is also there while the array job runs.
status() { # status KEY
    "$NASBENCH" generate status "$array" --json | sed -n "s/^ *\"$1\": *\([0-9]*\),*$/\1/p"
}
status_is() { # status_is KEY NUMBER
    [ "$(status "$1")" -eq "$2" ]
}
# Prints the process that trains an architecture of a task's range, as its claim ("host pid time") says.
trainer_of() { # trainer_of TASK
    sed -n "$(($1 * IN_TASK + 1)),$((($1 + 1) * IN_TASK))p" archs | while read -r arch; do
        cut -d ' ' -f 2 "$array/claims/$(printf 'arch-%06d-seed-0777.claim' "$arch")" 2>/dev/null || true
    done | grep -m 1 .
}
task_is() { # task_is TASK STATE
    scontrol show job "${job}_$1" | grep -q "JobState=$2 "
}
queue_is_empty() {
    [ -z "$(squeue --noheader)" ]
}

TASKS=4   # of the array job
IN_TASK=5 # architectures of each
plan() { # plan FOLDER OPTION...
    folder=$1
    shift
    "$NASBENCH" generate plan --datasets fashion-mnist --seeds 777 --sample $((TASKS * IN_TASK)) --schedule 1 --channels 4 --cells 1 \
        --resolution 16 --images 4000 --eval-images 1000 --ranges "$TASKS" -o "$folder" "$@"
}

cluster_start "$scratch/slurm" || skip "Slurm does not start here: $cluster_trouble"

plan "$array" --slurm
"$NASBENCH" generate status "$array" --json --missing | sed -n 's/.*"arch": *\([0-9]*\),.*/\1/p' >archs
job=$(cd / && sbatch --parsable "$scratch/$array/array.sbatch")
scontrol hold "${job}_3" # both cores are taken: it waits anyway, and now for us

await 30 trainer_of 0 || fail "task 0 does not begin"
task_is 0 RUNNING || fail "task 0 trains, but Slurm does not know"
[ "$(status running)" -ge 1 ] || fail "status does not see that task 0 is training"
kill -KILL "$(trainer_of 0)"
await 20 task_is 0 FAILED || fail "killing task 0 does not end it"
[ "$(status crashed)" -eq 1 ] || fail "status does not tell that task 0 left a training behind"
echo "task 0 killed: $(status "done") of $(status jobs) done, $(status running) running, $(status crashed) crashed"
scontrol requeue "${job}_0"

scontrol release "${job}_3"
await 60 trainer_of 3 || fail "task 3 does not begin"
scontrol requeue "${job}_3"

await 80 queue_is_empty || fail "the array job does not end"
task_is 0 COMPLETED || fail "task 0, requeued, has not completed"
task_is 3 COMPLETED || fail "task 3, requeued, has not completed"
status_is "done" "$((TASKS * IN_TASK))" || fail "only $(status "done") architectures are done"
status_is crashed 0 || fail "$(status crashed) claims are left"

plan alone
"$NASBENCH" generate run alone
for folder in alone "$array"; do
    "$NASBENCH" generate merge "$folder" --complete --without-times -o "$folder.safetensors"
done
cmp alone.safetensors "$array.safetensors" || fail "the tables differ"
echo "$TASKS tasks, one killed and requeued, one requeued while it trained: the table is that of one process, $(wc -c <alone.safetensors) bytes"
