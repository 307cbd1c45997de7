#!/usr/bin/env bash
# Training text in; tokenizer, phone table, lexicon and common words out.
#
#   steps/make_lang.sh [--vocab-size 500] LANG_DIR TOKENIZER_TEXT... [-- LEXICON_TEXT...]
#
# Texts are .txt, .gz or manifest.tsv. The lexicon holds the words of all texts, the tokenizer is
# trained on those before the --.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

vocab_size=500
. "$root/utils/step.sh"

[ $# -ge 2 ] || misuse "a lang folder and at least one text are needed"
lang=$1
until_dashes "${@:2}"

texts=()
for text in "${before[@]}"; do texts+=(--text "$text"); done
ctcb tokenize train --vocab-size "$vocab_size" --out "$lang" "${texts[@]}"
for text in "${after[@]}"; do texts+=(--text "$text"); done
ctcb lexicon --out "$lang/lexicon.txt" --phones "$lang/phones.txt" --common "$lang/common.txt" "${texts[@]}"
