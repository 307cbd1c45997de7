# Functions that the stages of all recipes share. Source it after the options.

export PATH=$PWD/.venv/bin:$PATH
. cmd.sh

# give_up CODE WORDS...: a line on stderr, and the end.
give_up() { echo "${0##*/}: ${*:2}" >&2; exit "$1"; }

command -v ctcb >/dev/null || give_up 1 "there is no ctcb here; utils/setup_env.sh installs it"
[ "$CTCB_JOBS" != slurm ] || command -v sbatch >/dev/null || give_up 2 "CTCB_JOBS is slurm, and there is no sbatch here"

# required NAME: the option's value must have been given.
required() { [ -n "${!1}" ] || give_up 2 "--${1//_/-} is missing (--help shows the options)"; }

# readable FILE...: what later stages read must be there before the first one works.
readable() {
  local file
  for file in "$@"; do [ -r "$file" ] || give_up 2 "$file: no such file"; done
}

# log WORDS...: a line on stderr with the time and the calling script and line.
log() { echo "$(date '+%F %T') ${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]} $*" >&2; }

# due N: whether stage N is to run.
due() { [ "$stage" -le "$1" ] && [ "$1" -le "$stop_stage" ]; }

# once DIR COMMAND...: run the command unless DIR/.done stands, and set the mark when it ended well.
once() {
  local dir=$1
  shift
  if [ -e "$dir/.done" ]; then
    log "$dir stands already"
    return
  fi
  mkdir -p "$dir"
  "$@"
  touch "$dir/.done"
}

# packages DIR REQUIREMENTS: pip's packages in a folder of their own, .venv untouched.
packages() { once "$1" python -m pip install --quiet --no-deps --upgrade --target "$1" -r "$2"; }

# flag NAME true|false: --NAME, or nothing.
flag() { ! "$2" || echo "--$1"; }

# each NAME "WORD...": --NAME WORD for each of the words.
each() {
  local word
  for word in $2; do echo "--$1 $word"; done
}
