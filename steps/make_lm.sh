#!/usr/bin/env bash
# Text in; OUT_DIR/lm.arpa.gz and OUT_DIR/lm.log (its size, and perplexity on held-out text) out.
# OUT_DIR/.done holds a digest of the inputs; with the same texts and options it does nothing.
#
#   steps/make_lm.sh [options] OUT_DIR TEXT...
#
#   --order N         words of the longest n-grams (3)
#   --prune "0 0 1"   leave out n-grams seen at most so often, by order (0: none)
#   --vocab FILE      only these words: a list, or lexicon.txt
#   --estimator NAME  auto, lmplz or builtin (auto: lmplz where it is installed)
#   --held-out FILE   text to measure perplexity on
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

order=3 prune=0 vocab='' estimator=auto held_out=''
. "$root/utils/step.sh"
[ $# -ge 2 ] || misuse "an output folder and at least one text are needed"

out=$1
shift
estimate=(ctcb lm "$@" --out "$out/lm.arpa.gz" --order "$order" --prune "$prune" --estimator "$estimator"
  ${vocab:+--vocab "$vocab"} ${held_out:+--held-out "$held_out"})
if [ "${CTCB_DRY_RUN-}" = true ]; then
  "${estimate[@]}"
  exit
fi
for file in "$@" ${vocab:+"$vocab"} ${held_out:+"$held_out"}; do
  [ -f "$file" ] || { echo "make_lm.sh: $file: no such file" >&2; exit 2; }
done

# The texts and options, and the code that turns them into a model.
made_from() {
  printf '%s\n' "order $order prune $prune estimator $estimator $(type -P lmplz || true)" \
    "vocab ${vocab:+yes} held-out ${held_out:+yes}"
  sha256sum "$@" ${vocab:+"$vocab"} ${held_out:+"$held_out"} "$root"/ctcb/lm/{counts,kneser_ney,estimate}.py \
    "$root"/ctcb/text/{lines,normalize}.py | cut -d' ' -f1
}

wanted=$(made_from "$@")
if [ -f "$out/lm.arpa.gz" ] && [ -f "$out/.done" ] && [ "$(cat "$out/.done")" = "$wanted" ]; then
  exit 0
fi
mkdir -p "$out"
rm -f "$out/.done"
"${estimate[@]}" 2>&1 | tee "$out/lm.log" >&2
echo "$wanted" >"$out/.done"
