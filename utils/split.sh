# Work that is split into parts. Source it in a step, after its options; it uses $nj and $chunk.

_utils=$(dirname "${BASH_SOURCE[0]}")
. "$_utils/../cmd.sh"

# split MANIFEST OUT -- COMMAND...: cut the manifest into OUT/parts/NUMBER/manifest.tsv and run the command
# for each number ({job} in the command). Finished parts are not repeated, unless the manifest, the command or the
# chunk changed.
split() {
  local manifest=$1 out=$2 count
  shift 3
  count=$(python "$_utils/split_manifest.py" "$manifest" "$out/parts" --chunk "$chunk")
  echo "$count" >"$out/parts/count"
  python "$_utils/jobs.py" --dir "$out/jobs" --count "$count" --nj "$nj" \
    --made-for "$(sha256sum <"$manifest") $chunk" -- "$@"
}

# parts OUT FILE: OUT/parts/NUMBER/out/FILE in order.
parts() {
  local number
  for number in $(seq "$(cat "$1/parts/count")"); do echo "$1/parts/$number/out/$2"; done
}

# merge OUT FILE: the parts' files, one after the other, as OUT/FILE; of a table the first header.
merge() {
  local file first=true
  for file in $(parts "$1" "$2"); do
    if $first || [[ $file != *.tsv ]]; then cat "$file"; else tail -n +2 "$file"; fi
    first=false
  done >"$1/.part.$2"
  mv "$1/.part.$2" "$1/$2"
}
