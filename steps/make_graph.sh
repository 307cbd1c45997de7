#!/usr/bin/env bash
# An LM and a model directory (or lang folder) in; a decoding graph out. A graph that was built from the
# same inputs is kept.
#
#   steps/make_graph.sh [options] LM OUT_DIR
#
#   --model DIR        model directory or lang folder (the bundled model)
#   --units U          subword or phone (subword)
#   --segmentations N  ways to spell a word in pieces, at most (1)
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

model='' units=subword segmentations=1
. "$root/utils/step.sh"
[ $# -eq 2 ] || misuse "an LM and an output folder are needed"

ctcb graph --lm "$1" --out "$2" --units "$units" --segmentations "$segmentations" ${model:+--model "$model"}
