#!/usr/bin/env bash
# A GPU against the CPU, and how fast it trains; a few minutes, no data, no network. Figures on stdout and in FILE.
#
#   utils/gpu_check.sh [--device D] [--json FILE]
#
#   --device D    cuda, cuda:N (cuda)
#   --json FILE   exp/gpu_check.json
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

device=cuda json=exp/gpu_check.json
. utils/parse_options.sh
mkdir -p "$(dirname "$json")"
PYTHONPATH=. exec python utils/gpu_check.py --device "$device" --json "$json"
