# Turns a script's options into its variables. Source it, without arguments, after setting them:
#
#   stage=0 jobs=2 slow=false dev=()
#   . "$root/utils/parse_options.sh"
#
# --some-name VALUE or --some-name=VALUE sets some_name, if the script has given it a value before. A variable that is
# true or false is a switch: --slow alone makes it true. An array is an option that can be repeated; the first value
# replaces the array's own. --help prints the comment at the head of the script, and that of the file $more_help.
# What follows the options (or --) stays in "$@".
# An unknown option or a missing value ends the script with one line and exit code 2.

# misuse WORDS...: the script was called wrongly.
misuse() { echo "${0##*/}: $* (--help shows the options)" >&2; exit 2; }

# required NAME...: these options must have been given.
required() {
  local name
  for name in "$@"; do [ -n "${!name}" ] || misuse "--${name//_/-} is missing"; done
}

# until_dashes WORDS...: those before -- in the array `before`, those after it in `after`.
until_dashes() {
  before=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    before+=("$1")
    shift
  done
  # shellcheck disable=SC2034 # for the caller
  after=("${@:2}")
}

# _options_help FILE: the comment at its head.
_options_help() { awk '/^#!/ && NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' <"$1"; }

_repeated=' '
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) _options_help "${BASH_SOURCE[-1]}"; [ -z "${more_help-}" ] || { echo && _options_help "$more_help"; }; exit 0 ;;
    --) shift; break ;;
    --*) ;;
    *) break ;;
  esac
  _option=${1%%=*}
  _name=${_option#--}
  _name=${_name//-/_}
  [[ $_name =~ ^[a-z][a-z0-9_]*$ && $_name != @(root|self|more_help) ]] || misuse "no such option: $_option"
  _kind=$(declare -p "$_name" 2>/dev/null) || misuse "no such option: $_option"
  case $_kind in
    'declare -a'*) _kind=array ;;
    *'="true"' | *'="false"') _kind=switch ;;
    *) _kind=value ;;
  esac
  if [[ $1 == *=* ]]; then
    _value=${1#*=}
    shift
  elif [[ $_kind == switch && ${2-} != true && ${2-} != false ]]; then
    _value=true
    shift
  else
    [ $# -gt 1 ] || misuse "$_option needs a value"
    _value=$2
    shift 2
  fi
  [[ $_kind != switch || $_value == true || $_value == false ]] || misuse "$_option is true or false, not $_value"
  if [ "$_kind" = array ]; then
    declare -n _array=$_name
    [[ $_repeated == *" $_name "* ]] || _array=()
    _array+=("$_value")
    unset -n _array
    _repeated+="$_name "
  else
    printf -v "$_name" '%s' "$_value"
  fi
done
unset -v _option _name _kind _value _repeated
