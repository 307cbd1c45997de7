#!/usr/bin/env bash
# An LM and a model directory (or lang folder) in; a decoding graph out. A graph that was built from the
# same inputs is kept.
#
#   steps/make_graph.sh [options] LM OUT_DIR
#
#   --model DIR        model directory or lang folder (the bundled model)
#   --units U          subword or phone (subword)
#   --segmentations N  ways to spell a word in pieces, at most (1)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH=$root/.venv/bin:$PATH
model='' units=subword segmentations=1
. "$root/utils/parse_options.sh"
[ $# -eq 2 ] || { echo "make_graph.sh: an LM and an output folder are needed (--help shows the options)" >&2; exit 2; }

ctcb graph --lm "$1" --out "$2" --units "$units" --segmentations "$segmentations" ${model:+--model "$model"}
