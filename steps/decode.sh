#!/usr/bin/env bash
# A model and a manifest (or audio, or cuts) in; text, hyps.jsonl and hyps.ctm out.
#
#   steps/decode.sh [--model DIR] [--jobs N] OUT_DIR INPUT... [-- DECODE_OPTION...]
set -euo pipefail

model='' jobs=2
. utils/parse_options.sh

out=$1
shift
inputs=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  inputs+=("$1")
  shift
done
[ $# -eq 0 ] || shift
ctcb decode --out "$out" --jobs "$jobs" ${model:+--model "$model"} "$@" -- "${inputs[@]}"
