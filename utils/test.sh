#!/usr/bin/env bash
# Sets up the environment, checks the sources (ruff, mypy, shellcheck) and runs the tests: the quick ones, and with --slow the others too.
# The quick tests end with a coverage report.
#
#   utils/test.sh [--slow] [--set SET] [--venv DIR] [-- PYTEST_ARGUMENT...]
#
#   --slow             run the slow tests as well, after the quick ones
#   --slow-limit SECS  stop the slow tests after so long (3600); what ran until then must have passed
#   --set SET          reference, or modern (utils/setup_env.sh)
#   --venv DIR         use this environment instead of the set's
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

slow=false
slow_limit=3600
set=reference
venv=''
. "$root/utils/parse_options.sh"

[ -n "$venv" ] || case $set in modern) venv=$root/.venv-modern ;; *) venv=$root/.venv ;; esac
bash "$root/utils/setup_env.sh" --set "$set" --venv "$venv"
cd "$root"
shopt -s nullglob
if [ -x "$venv/bin/mypy" ]; then  # not with Python 3.9
  "$venv/bin/ruff" check .
  "$venv/bin/mypy"
  "$venv/bin/shellcheck" .ci/run cmd.sh {steps,utils,recipes/*,recipes/benchmarks/*}/*.sh
  "$venv/bin/coverage" run -m pytest -m "not slow" "$@"
  "$venv/bin/coverage" report --format=total
else
  "$venv/bin/python" -m pytest -m "not slow" "$@"
fi
$slow || exit 0

# -x: when time runs out, nothing has failed so far.
status=0
timeout --signal=INT --kill-after=60 "$slow_limit" "$venv/bin/python" -m pytest -x -m slow "$@" || status=$?
case $status in
  124) echo "test: the slow tests were stopped after $slow_limit s; not all of them ran" >&2 ;;
  5) echo "test: there are no slow tests" >&2 ;;
  *) exit "$status" ;;
esac
