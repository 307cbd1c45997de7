#!/usr/bin/env bash
# A Slurm of this one machine, to try --backend slurm on: Debian's munged, slurmctld and slurmd, with a
# configuration, keys and state of their own. As root, after `apt install slurmctld slurmd slurm-client munge`.
#
#   export SLURM_CONF=DIR/slurm.conf; utils/local_slurm.sh start DIR    (a path from /)
#   utils/local_slurm.sh stop DIR
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

. "$root/utils/parse_options.sh"
[ $# -eq 2 ] || misuse "start or stop, and a folder"
action=$1 dir=$2
export SLURM_CONF=$dir/slurm.conf

stop() {
  local name
  for name in slurmd slurmctld munged; do
    [ ! -s "$dir/$name.pid" ] || kill "$(cat "$dir/$name.pid")" 2>/dev/null || true
  done
}

start() {
  local host
  host=$(hostname -s)
  mkdir -p "$dir"/{state,spool,munge}
  chmod 700 "$dir/munge"
  head -c 1024 /dev/urandom >"$dir/munge/key"
  chmod 600 "$dir/munge/key"
  cat >"$SLURM_CONF" <<EOF
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.sock
SlurmctldPort=16817
SlurmdPort=16818
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
EOF
  munged --force --socket="$dir/munge.sock" --key-file="$dir/munge/key" --pid-file="$dir/munged.pid" \
    --log-file="$dir/munge/log" --seed-file="$dir/munge/seed"
  slurmctld
  slurmd
  for _ in $(seq 60); do
    if sinfo --noheader --format=%t 2>/dev/null | grep -q idle; then return; fi
    sleep 1
  done
  echo "local_slurm.sh: the node did not come up; see $dir/slurmctld.log and $dir/slurmd.log" >&2
  stop
  exit 1
}

case $action in
  start) start ;;
  stop) stop ;;
  *) echo "local_slurm.sh: start or stop, not $action" >&2; exit 2 ;;
esac
