#!/usr/bin/env bash
# A manifest.tsv in; checked cuts, and features for training out.
#
#   steps/prepare.sh [options] MANIFEST OUT_DIR
#
#   --speeds LIST   speeds of the stored copies (1.0)
#   --jobs N        processes of each job (2)
#   --nj N          split the work into parts of --chunk utterances, N of them at a time (cmd.sh; 0: a single run)
#   --chunk N       (1024); memory does not grow with the manifest then
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

speeds=1.0 jobs=2 nj=0 chunk=1024
. "$root/utils/step.sh"
. "$root/utils/split.sh"
[ $# -eq 2 ] || misuse "a manifest and an output folder are needed"
manifest=$1 out=$2

prepare=(ctcb prepare --features --speeds "$speeds" --jobs "$jobs")
if [ "$nj" -eq 0 ]; then
  "${prepare[@]}" --out "$out" -- "$manifest"
  exit
fi
# gzip files can be concatenated. cuts_feats.jsonl.gz comes last; its presence shows that all files are complete.
files=(recordings.jsonl.gz supervisions.jsonl.gz cuts.jsonl.gz rejected.tsv cuts_feats.jsonl.gz)
split "$manifest" "$out" "${files[@]}" -- \
  "${prepare[@]}" --out "$out/parts/{job}/out" --may-be-empty -- "$out/parts/{job}/manifest.tsv"
merge "$out" --rejected "$manifest" "${files[@]}"
