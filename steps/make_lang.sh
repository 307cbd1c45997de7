#!/usr/bin/env bash
# Training text in; tokenizer, phone table, lexicon and common words out.
#
#   steps/make_lang.sh [--vocab-size 500] LANG_DIR TOKENIZER_TEXT... [-- LEXICON_TEXT...]
#
# Texts are .txt, .gz or manifest.tsv. The lexicon holds the words of all texts, the tokenizer is
# trained on those before the --.
set -euo pipefail

vocab_size=500
. utils/parse_options.sh

lang=$1
until_dashes "${@:2}"

ctcb tokenize train --vocab-size "$vocab_size" --out "$lang" $(printf -- '--text %s ' "${before[@]}")
ctcb lexicon --out "$lang/lexicon.txt" --phones "$lang/phones.txt" --common "$lang/common.txt" \
  $(printf -- '--text %s ' "${before[@]}" "${after[@]}")
