#!/usr/bin/env bash
# A GPU against the CPU, and how fast it trains; a few minutes, no data, no network. Figures on stdout and in FILE.
#
#   utils/gpu_check.sh [--device D] [--json FILE]
#
#   --device D    cuda, cuda:N (cuda)
#   --json FILE   exp/gpu_check.json
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

device=cuda json=$root/exp/gpu_check.json
. "$root/utils/parse_options.sh"
mkdir -p "$(dirname "$json")"
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec python "$root/utils/gpu_check.py" --device "$device" --json "$json"
