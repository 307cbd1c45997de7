#!/usr/bin/env bash
# A GPU against the CPU, how fast it trains and decodes, and whether a killed run and one process a GPU work; about 5 minutes
# (at most 8, but for the check under way then), no data, no network. Figures on stdout and in FILE.
#
#   utils/gpu_check.sh [--device D] [--json FILE] [-- OPTION...]
#
#   --device D    cuda (all GPUs), cuda:N, or cpu to try the script (cuda)
#   --json FILE   exp/gpu_check.json
#
# OPTIONs are those of utils/gpu_check.py, such as --check decoding --names 100.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

device=cuda json=$root/exp/gpu_check.json
. "$root/utils/parse_options.sh"
mkdir -p "$(dirname "$json")"
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec python "$root/utils/gpu_check.py" --device "$device" --json "$json" "$@"
