# launch NPROC "TORCHRUN_OPTION..." WORDS...: `ctcb WORDS`, under torchrun where there are several processes.
# Each has one thread then. On several machines with a common file system, run the same step on each:
#   --torchrun "--nnodes=2 --node_rank=0 --master_addr=HOST --master_port=29500"
# These words are split as the shell does: quotes keep what is inside them together.
launch() {
  local nproc=$1 options=$2 words
  shift 2
  if [ "$nproc" -gt 1 ] || [ -n "$options" ]; then
    mapfile -t words < <(xargs printf '%s\n' <<<"${options:---standalone}")
    OMP_NUM_THREADS=1 torchrun "${words[@]}" --nproc_per_node="$nproc" --no_python ctcb "$@"
  else
    ctcb "$@"
  fi
}

# first_node "TORCHRUN_OPTION...": whether this machine is the one that writes the trained model.
first_node() { ! [[ $1 =~ --node[_-]rank[=\ ]+([0-9]+) ]] || [ "${BASH_REMATCH[1]}" -eq 0 ]; }
