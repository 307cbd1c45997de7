# The head of every step. Source it after the defaults of its options.

# shellcheck disable=SC2154 # the root is the step's
. "$root/utils/parse_options.sh"
. "$root/utils/dry_run.sh"
command -v ctcb >/dev/null || export PATH="${CTCB_VENV:-$root/.venv}/bin:$PATH"
command -v ctcb >/dev/null || { echo "${0##*/}: there is no ctcb here; utils/setup_env.sh installs it" >&2; exit 1; }
