# Turns a script's options into its variables. Source it, without arguments, after setting them:
#
#   stage=0 jobs=2 slow=false
#   . "$(dirname "$0")/../utils/parse_options.sh"
#
# --some-name VALUE or --some-name=VALUE sets some_name, if the script has given it a value before.
# A variable that is true or false is a switch: --slow alone makes it true. --help prints the
# comment at the head of the script, and that of the file $more_help. What follows the options (or --)
# stays in "$@".
# An unknown option or a missing value ends the script with one line and exit code 2.

# until_dashes WORDS...: those before -- in the array `before`, those after it in `after`.
until_dashes() {
  before=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    before+=("$1")
    shift
  done
  after=("${@:2}")
}

# _options_help FILE: the comment at its head.
_options_help() { awk '/^#!/ && NR == 1 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$1"; }
_options_end() { echo "${0##*/}: $1 (--help shows the options)" >&2; exit 2; }

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) _options_help "$0"; [ -z "${more_help-}" ] || { echo && _options_help "$more_help"; }; exit 0 ;;
    --) shift; break ;;
    --*) ;;
    *) break ;;
  esac
  _option=${1%%=*}
  _name=${_option#--}
  _name=${_name//-/_}
  [[ $_name =~ ^[a-z][a-z0-9_]*$ ]] && [ -n "${!_name+set}" ] || _options_end "no such option: $_option"
  if [[ $1 == *=* ]]; then
    _value=${1#*=}
    shift
  elif [[ ${!_name} == true || ${!_name} == false ]] && [[ ${2-} != true && ${2-} != false ]]; then
    _value=true
    shift
  else
    [ $# -gt 1 ] || _options_end "$_option needs a value"
    _value=$2
    shift 2
  fi
  [[ ${!_name} != true && ${!_name} != false ]] || [[ $_value == true || $_value == false ]] ||
    _options_end "$_option is true or false, not $_value"
  printf -v "$_name" '%s' "$_value"
done
unset -v _option _name _value
