#!/usr/bin/env bash
# A data set and its transcripts in; score.txt and score.json beside the transcripts out.
#
#   steps/score.sh SET_DIR DECODE_DIR
#
# SET_DIR holds manifest.tsv and, where there is a list, entities.txt.
set -euo pipefail
. utils/parse_options.sh

set_dir=$1 decode=$2
entities=()
[ ! -e "$set_dir/entities.txt" ] || entities=(--entities "$set_dir/entities.txt")
ctcb score --ref "$set_dir/manifest.tsv" --hyp "$decode/hyps.jsonl" "${entities[@]}" --json "$decode/score.json" > "$decode/score.txt"
