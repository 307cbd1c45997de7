#!/usr/bin/env bash
# A model and a manifest (or audio, or cuts) in; text, hyps.jsonl, hyps.ctm and hyps.stm out, and the files of
# --explain, --segments and --format.
#
#   steps/decode.sh [options] OUT_DIR INPUT... [-- DECODE_OPTION...]
#
#   --model DIR   model directory (the bundled one)
#   --jobs N      threads of each job (2)
#   --nj N        split one manifest.tsv into parts of --chunk utterances, N of them at a time (cmd.sh)
#                 (0: a single run); the result is the same byte by byte
#   --chunk N     a multiple of 64 (1024)
set -euo pipefail

model='' jobs=2 nj=0 chunk=1024
. utils/parse_options.sh
. utils/split.sh

out=$1
until_dashes "${@:2}"
inputs=("${before[@]}")
decode=(ctcb decode --jobs "$jobs" ${model:+--model "$model"} "${after[@]}")
if [ "$nj" -eq 0 ]; then
  "${decode[@]}" --out "$out" -- "${inputs[@]}"
  exit
fi
[ ${#inputs[@]} -eq 1 ] || { echo "decode.sh: --nj splits one manifest.tsv, not ${#inputs[@]} inputs" >&2; exit 2; }
split "${inputs[0]}" "$out" -- "${decode[@]}" --out "$out/parts/{job}/out" -- "$out/parts/{job}/manifest.tsv"
for file in text hyps.ctm hyps.stm hyps.jsonl; do merge "$out" "$file"; done
for file in explain.txt segments; do # of --explain and --segments
  [ ! -e "$out/parts/1/out/$file" ] || merge "$out" "$file"
done
for folder in $(parts "$out" .); do # files of one recording each
  find "$folder" \( -name '*.srt' -o -name '*.vtt' -o -name '*.TextGrid' \) -exec cp -t "$out" {} +
done
