# Work that is split into parts. Source it in a step, after its options; it uses $nj and $chunk.

# shellcheck disable=SC2154
. "$root/cmd.sh"

# split MANIFEST OUT FILE... -- COMMAND...: cut the manifest into OUT/parts/NUMBER/manifest.tsv and run the command for
# each number ({job} in the command), which writes OUT/parts/NUMBER/out. Finished parts are not repeated while their
# list, their audio, the command and the contents of what it names stay the same. Otherwise what they wrote is removed
# first, and so are the FILEs in OUT, which are made of all parts.
split() {
  local manifest=$1 out=$2 count file outputs=()
  until_dashes "${@:3}"
  if [ "${CTCB_DRY_RUN-}" = true ]; then # how many parts there will be only the manifest says
    "${after[@]}"
    return
  fi
  for file in "${before[@]}"; do outputs+=(--output "$out/$file"); done
  count=$(python "$root/utils/split_manifest.py" "$manifest" "$out/parts" --chunk "$chunk")
  python "$root/utils/jobs.py" --dir "$out/jobs" --count "$count" --nj "$nj" --made-for "$chunk" \
    --rests-on "$out/parts/{job}/manifest.tsv" --output "$out/parts/{job}/out" \
    "${outputs[@]}" --outputs-listed "$out/parts/copied" -- "${after[@]}"
}

# merge OUT [OPTION...] FILE...: the parts' files, one after the other, as OUT/FILE.
merge() { python "$root/utils/merge_parts.py" "$@"; }
