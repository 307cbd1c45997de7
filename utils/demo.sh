#!/usr/bin/env bash
# A demonstration on bundled data: the bundled model transcribes the bundled clips without and with the bundled
# list of names, and a score table compares both. Sets up the environment first.
#
#   utils/demo.sh [--out DIR]
#
#   --out DIR   keep the transcripts there (a temporary folder)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=''
. utils/parse_options.sh
utils/setup_env.sh
export PATH=$PWD/.venv/bin:$PATH
if [ -z "$out" ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi

demo=ctcb/assets/demo
steps/decode.sh "$out/without" "$demo/manifest.tsv"
steps/decode.sh "$out/with" "$demo/manifest.tsv" -- --entities "$demo/entities.txt"
for run in without with; do
  echo "$run the list:"
  cat "$out/$run/text"
  echo
done
ctcb score --ref "$demo/manifest.tsv" --hyp "$out/with/hyps.jsonl" --compare "$out/without/hyps.jsonl" \
  --entities "$demo/entities.txt" --per-entity
