# shellcheck shell=sh disable=SC2034
# Sourced by slurm.sh: a Slurm cluster of one node on loopback, with daemons of its own, that leaves nothing behind.
#
# cluster_start FOLDER    starts munged, slurmctld and slurmd; fails, with the reason in $cluster_trouble, when they do not come up
# cluster_stop            ends jobs and daemons, whatever state they are in
#
# Needs no privileges and no configured Slurm and touches none: the key, the sockets, the state and the logs are all in FOLDER, which all must be allowed
# to enter.
cluster_daemons=
cluster_trouble=
PATH=$PATH:/usr/sbin # where Debian keeps the daemons

# The first of the programs that is not installed.
cluster_lacks() {
    for program in munged slurmctld slurmd sbatch squeue scontrol scancel sinfo; do
        command -v "$program" >/dev/null || {
            echo "$program"
            return
        }
    done
}

# Waits until a command succeeds: await SECONDS COMMAND...
await() {
    deadline=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# Two cores are promised whatever the machine has (config_overrides), so that tasks run side by side. A requeued job waits for as long as
# its old credentials could be valid (cred_expire): 120 s unless told otherwise.
cluster_configuration() { # cluster_configuration FOLDER PORT
    cat <<CONFIGURATION
ClusterName=nasbench
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$2
SlurmdPort=$(($2 + 1))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$1/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$1/state
SlurmdSpoolDir=$1/spool
SlurmctldPidFile=$1/slurmctld.pid
SlurmdPidFile=$1/slurmd.pid
SlurmctldLogFile=$1/slurmctld.log
SlurmdLogFile=$1/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=bf_interval=1,sched_interval=1,sched_min_interval=100000
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
MaxArraySize=20000
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONFIGURATION
}

cluster_daemon() { # cluster_daemon FOLDER PROGRAM OPTION...
    log=$1/$2.out
    shift
    "$@" >"$log" 2>&1 &
    cluster_daemons="$! $cluster_daemons" # the last one is stopped first
}

cluster_fails() { # cluster_fails FOLDER WHAT
    cluster_trouble="$2: $(cat "$1"/*.out "$1"/*.log 2>/dev/null | grep -iE 'error|fatal' | tail -n 2 | tr '\n' ' ')"
    return 1
}

cluster_start() {
    mkdir -p "$1/state" "$1/spool"
    (umask 077 && head -c 128 /dev/urandom >"$1/munge.key")
    cluster_configuration "$1" $((20000 + $$ % 20000)) >"$1/slurm.conf"
    export SLURM_CONF="$1/slurm.conf"
    cluster_daemon "$1" munged --foreground --key-file="$1/munge.key" --socket="$1/munge.socket" --pid-file="$1/munge.pid" \
        --log-file="$1/munge.log" --seed-file="$1/munge.seed"
    await 10 test -S "$1/munge.socket" || cluster_fails "$1" "munged does not start" || return 1
    cluster_daemon "$1" slurmctld -D
    await 15 scontrol ping || cluster_fails "$1" "slurmctld does not start" || return 1
    cluster_daemon "$1" slurmd -D
    await 20 sh -c 'sinfo --noheader --format=%t | grep -qx idle' || cluster_fails "$1" "slurmd does not start" || return 1
}

nothing_queued() {
    [ -z "$(squeue --noheader)" ]
}
cluster_stop() {
    if [ -n "$cluster_daemons" ]; then
        timeout 5 scancel --quiet --user="$(id -un)" 2>/dev/null
        await 5 nothing_queued
    fi
    for daemon in $cluster_daemons; do
        kill "$daemon" 2>/dev/null || continue
        await 5 sh -c "! kill -0 $daemon" || kill -KILL "$daemon" 2>/dev/null
        wait "$daemon" 2>/dev/null
    done
    cluster_daemons=
}
