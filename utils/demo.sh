#!/usr/bin/env bash
# The main job on what the package brings along: the bundled model transcribes the bundled clips, and
# the transcripts are scored for the names on the bundled list. Sets up the environment first.
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
steps/decode.sh "$out" "$demo/manifest.tsv"
cat "$out/text"
echo
ctcb score --ref "$demo/manifest.tsv" --hyp "$out/hyps.jsonl" --entities "$demo/entities.txt" --per-entity
