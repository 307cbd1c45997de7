# What every recipe's stages share. Source it after the options.

export PATH=$PWD/.venv/bin:$PATH

# log WORDS...: a line on stderr with the time and the place that says it.
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

# flag NAME true|false: --NAME, or nothing.
flag() { ! "$2" || echo "--$1"; }

# each NAME "WORD...": --NAME WORD for each of the words.
each() {
  local word
  for word in $2; do echo "--$1 $word"; done
}
