#!/usr/bin/env bash
# A model and a manifest (or audio, or cuts) in; text, hyps.jsonl, hyps.ctm, hyps.stm and settings.json out, and the files
# of --explain, --segments and --format.
#
#   steps/decode.sh [options] OUT_DIR INPUT... [-- DECODE_OPTION...]
#
#   --model DIR   model directory (the bundled one)
#   --device D    cpu, cuda, cuda:N or auto (cpu)
#   --jobs N      threads of each job (2)
#   --nj N        split one manifest.tsv into parts of --chunk utterances, N of them at a time (cmd.sh)
#                 (0: a single run); the result is the same byte by byte
#   --chunk N     a multiple of 64 (1024)
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

model='' device=cpu jobs=2 nj=0 chunk=1024
. "$root/utils/step.sh"
. "$root/utils/split.sh"

[ $# -ge 2 ] || misuse "an output folder and something to decode are needed"
out=$1
until_dashes "${@:2}"
inputs=("${before[@]}")
decode=(ctcb decode --jobs "$jobs" --device "$device" ${model:+--model "$model"} "${after[@]}")
if [ "$nj" -eq 0 ]; then
  "${decode[@]}" --out "$out" -- "${inputs[@]}"
  exit
fi
[ ${#inputs[@]} -eq 1 ] || misuse "--nj splits one manifest.tsv, not ${#inputs[@]} inputs"
files=(text hyps.ctm hyps.stm hyps.jsonl explain.txt segments) # the last two of --explain and --segments
split "${inputs[0]}" "$out" "${files[@]}" settings.json -- \
  "${decode[@]}" --out "$out/parts/{job}/out" --failed "$out/parts/{job}/out/failed.tsv" -- "$out/parts/{job}/manifest.tsv"
merge "$out" --failed "could not be decoded" --copy .srt --copy .vtt --copy .TextGrid \
  --settings "${decode[*]:1} --out $out -- ${inputs[0]}" "${files[@]}"
