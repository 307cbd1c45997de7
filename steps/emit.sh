#!/usr/bin/env bash
# A model and a manifest.tsv in; OUT_DIR/emissions.npz and emissions.npz.tokens.txt out.
#
#   steps/emit.sh [--model DIR] [--jobs N] [--nj N] [--chunk 1024] OUT_DIR MANIFEST
#
# --nj splits the work as steps/decode.sh does; the result is the same byte by byte.
set -euo pipefail

model='' jobs=2 nj=0 chunk=1024
. utils/parse_options.sh
. utils/split.sh
out=$1 manifest=$2

emit=(ctcb emit --jobs "$jobs" ${model:+--model "$model"})
if [ "$nj" -eq 0 ]; then
  "${emit[@]}" --out "$out/emissions.npz" "$manifest"
  exit
fi
split "$manifest" "$out" -- "${emit[@]}" --out "$out/parts/{job}/out/emissions.npz" "$out/parts/{job}/manifest.tsv"
cp "$out/parts/1/out/emissions.npz.tokens.txt" "$out"
python utils/merge_npz.py "$out/emissions.npz" $(parts "$out" emissions.npz)
