# Where CTCB_DRY_RUN is true, commands are printed in place of being run. Source it; recipes do with --dry-run, and all steps.

# into FILE COMMAND...: the command, its output in the file.
into() { "${@:2}" >"$1"; }

if [ "${CTCB_DRY_RUN-}" = true ]; then
  exec {printed}>&1 # what stdout is before a command's output goes elsewhere
  _print() {
    local name
    for name in PYTHONPATH OMP_NUM_THREADS; do
      [[ ${!name-} == "${_outer[$name]}" ]] || printf '%s=%q ' "$name" "${!name}" >&"$printed"
    done
    printf '%q ' "${@:1:$#-1}" >&"$printed"
    printf '%q\n' "${@:$#}" >&"$printed"
  }
  declare -A _outer=([PYTHONPATH]=${PYTHONPATH-} [OMP_NUM_THREADS]=${OMP_NUM_THREADS-})
  ctcb() { _print ctcb "$@"; }
  python() { _print python "$@"; }
  torchrun() { _print torchrun "$@"; }
  into() { _print "${@:2}"; }
fi
