# Functions that the stages of all recipes share. Source it after the options. With dry_run=true they print what they
# would run.

# shellcheck disable=SC2154 # the options of the recipe
root=$(CDPATH='' cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="${CTCB_VENV:-$root/.venv}/bin:$PATH"
. "$root/cmd.sh"
! ${dry_run:-false} || export CTCB_DRY_RUN=true
. "$root/utils/dry_run.sh"

# give_up CODE WORDS...: a line on stderr, and the end.
give_up() { echo "${0##*/}: ${*:2}" >&2; exit "$1"; }

command -v ctcb >/dev/null || give_up 1 "there is no ctcb here; utils/setup_env.sh installs it"
[ "$CTCB_JOBS" != slurm ] || command -v sbatch >/dev/null || give_up 2 "CTCB_JOBS is slurm, and there is no sbatch here"

# readable FILE...: what later stages read must be there before the first one works.
readable() {
  local file
  for file in "$@"; do [ -r "$file" ] || give_up 2 "$file: no such file"; done
}

# log WORDS...: a line on stderr with the time and the calling script and line.
log() { echo "$(date '+%F %T') ${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]} $*" >&2; }

# due N: whether stage N is to run.
due() {
  [ "$stage" -le "$1" ] && [ "$1" -le "$stop_stage" ] || return 1
  [ "${CTCB_DRY_RUN-}" != true ] || echo "# stage $1"
}

# once DIR COMMAND...: run the command unless DIR/.done stands, and set the mark when it ended well.
once() {
  local dir=$1
  shift
  if [ "${CTCB_DRY_RUN-}" = true ]; then
    "$@"
    return
  fi
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

# with_packages DIR COMMAND...: run the command, which finds the packages in DIR. Colons separate the folders in
# PYTHONPATH, so one with a colon in its name is reached through a link.
with_packages() {
  local dir=$1 link='' status=0
  shift
  if [[ $dir == *:* ]]; then
    link=$(mktemp -d)
    ln -s "$(CDPATH='' cd "$dir" && pwd)" "$link/site"
    dir=$link/site
  fi
  PYTHONPATH=$dir${PYTHONPATH:+:$PYTHONPATH} "$@" || status=$?
  [ -z "$link" ] || rm -r "$link"
  return "$status"
}

# each NAME WORD...: --NAME WORD for each of the words, in the array `options`.
each() {
  local word
  options=()
  for word in "${@:2}"; do options+=("--$1" "$word"); done
}

# under PREFIX SUFFIX NAME...: PREFIX/NAMESUFFIX for each of the names, in the array `paths`.
under() {
  local name
  paths=()
  for name in "${@:3}"; do paths+=("$1/$name$2"); done
}
