#!/usr/bin/env bash
# A data set and its transcripts in; score.txt and score.json beside the transcripts out.
#
#   steps/score.sh SET_DIR DECODE_DIR
#
# SET_DIR holds manifest.tsv and, where there is a list, entities.txt.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

. "$root/utils/step.sh"

[ $# -eq 2 ] || misuse "a data set and a folder of transcripts are needed"
set_dir=$1 decode=$2
entities=()
[ "${CTCB_DRY_RUN-}" != true ] && [ ! -e "$set_dir/entities.txt" ] || entities=(--entities "$set_dir/entities.txt")
into "$decode/score.txt" ctcb score --ref "$set_dir/manifest.tsv" --hyp "$decode/hyps.jsonl" "${entities[@]}" --json "$decode/score.json"
