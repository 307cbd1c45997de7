#!/usr/bin/env bash
# A model and a manifest.tsv in; OUT_DIR/emissions.npz and emissions.npz.tokens.txt out.
#
#   steps/emit.sh [--model DIR] [--device D] [--jobs N] [--nj N] [--chunk 1024] OUT_DIR MANIFEST
#
# --nj splits the work as steps/decode.sh does; the result is the same byte by byte.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

model='' device=cpu jobs=2 nj=0 chunk=1024
. "$root/utils/step.sh"
. "$root/utils/split.sh"
[ $# -eq 2 ] || misuse "an output folder and a manifest are needed"
out=$1 manifest=$2

emit=(ctcb emit --jobs "$jobs" --device "$device" ${model:+--model "$model"})
if [ "$nj" -eq 0 ]; then
  "${emit[@]}" --out "$out/emissions.npz" -- "$manifest"
  exit
fi
files=(emissions.npz emissions.npz.tokens.txt)
split "$manifest" "$out" "${files[@]}" -- "${emit[@]}" --out "$out/parts/{job}/out/emissions.npz" \
  --failed "$out/parts/{job}/out/failed.tsv" -- "$out/parts/{job}/manifest.tsv"
merge "$out" --failed "could not be read" "${files[@]}"
