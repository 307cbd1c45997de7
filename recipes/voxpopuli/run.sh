#!/usr/bin/env bash
# VoxPopuli: recognition of rare names in parliament debates, from the download to the ablation.
#
#   recipes/voxpopuli/run.sh --corpus DIR [options]
#
#   --corpus DIR         VoxPopuli's root: raw_audios/original/YEAR/*.ogg, transcribed_data/en/asr_en.tsv.gz
#   --slue "FILE ..."    SLUE-VoxPopuli's annotation: lists from it, instead of from capitals
#   --gold-only          dev and test: utterances with gold transcripts only
#   --allow-missing      go on without recordings that are not there
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

. steps/experiment_options.sh
exp=exp/voxpopuli results='' corpus='' slue='' gold_only=false allow_missing=false
. utils/parse_options.sh
. utils/stages.sh
required corpus
readable $slue "$config" "$train_config" "$adapter_config"
results=${results:-$exp/results} recipe=voxpopuli sets=$exp/sets

if due 1; then # nothing -> CORPUS: the original recordings, year by year, and the English annotations
  python local/voxpopuli/download_voxpopuli.py "$corpus"
fi

if due 2; then # CORPUS -> train, dev and test: a manifest.tsv and an audio file an utterance
  once "$sets" python local/voxpopuli/prepare_voxpopuli.py "$corpus" --out "$sets" --jobs "$jobs" \
    $(flag gold-only "$gold_only") $(flag allow-missing "$allow_missing")
fi

if due 3; then # texts -> rare names of dev and test, and distractors
  once "$exp/lists" python local/shared/make_lists.py --train "$sets/train" --max-count "$max_count" \
    $(each slue "$slue") "$sets/dev" "$sets/test"
fi

. steps/experiment.sh
