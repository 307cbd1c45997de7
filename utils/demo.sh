#!/usr/bin/env bash
# A demonstration on bundled data: the bundled model transcribes the bundled clips without and with the bundled
# list of names, and a score table and an HTML report compare both. Sets up the environment first.
#
#   utils/demo.sh [--out DIR]
#
#   --out DIR   keep the transcripts and report.html there (a temporary folder)
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

out=''
. "$root/utils/parse_options.sh"
"$root/utils/setup_env.sh"
export PATH="$root/.venv/bin:$PATH"
if [ -z "$out" ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi

demo=$root/ctcb/assets/demo
"$root/steps/decode.sh" "$out/without" "$demo/manifest.tsv"
"$root/steps/decode.sh" "$out/with" "$demo/manifest.tsv" -- --entities "$demo/entities.txt"
for run in without with; do
  echo "$run the list:"
  cat "$out/$run/text"
  echo
done
ctcb score --ref "$demo/manifest.tsv" --hyp "$out/with/hyps.jsonl" --compare "$out/without/hyps.jsonl" \
  --entities "$demo/entities.txt" --per-entity
echo
ctcb report --ref "$demo/manifest.tsv" --hyp "$out/with/hyps.jsonl" --base "$out/without/hyps.jsonl" \
  --entities "$demo/entities.txt" --data-set "the bundled clips" --out "$out/report.html"
