#!/usr/bin/env bash
# A manifest.tsv in; checked cuts, and features for training out.
#
#   steps/prepare.sh [options] MANIFEST OUT_DIR
#
#   --speeds LIST   speeds of the stored copies (1.0)
#   --jobs N        processes of each job (2)
#   --nj N          split the work into parts of --chunk utterances, N of them at a time (cmd.sh; 0: a single run)
#   --chunk N       (1024); memory does not grow with the manifest then
set -euo pipefail

speeds=1.0 jobs=2 nj=0 chunk=1024
. utils/parse_options.sh
. utils/split.sh
manifest=$1 out=$2

if [ "$nj" -eq 0 ]; then
  ctcb prepare "$manifest" --out "$out" --features --speeds "$speeds" --jobs "$jobs"
  exit
fi
split "$manifest" "$out" -- ctcb prepare "$out/parts/{job}/manifest.tsv" --out "$out/parts/{job}/out" --features \
  --speeds "$speeds" --jobs "$jobs"
# gzip files can be concatenated. cuts_feats.jsonl.gz comes last; its presence shows that all files are complete.
for file in recordings.jsonl.gz supervisions.jsonl.gz cuts.jsonl.gz rejected.tsv cuts_feats.jsonl.gz; do
  merge "$out" "$file"
done
