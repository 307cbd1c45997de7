#!/usr/bin/env bash
# VoxPopuli: recognition of rare names in parliament debates, from the download to the ablation.
#
#   recipes/voxpopuli/run.sh --corpus DIR [options]
#
#   --corpus DIR         VoxPopuli's root: raw_audios/original/YEAR/*.ogg, transcribed_data/en/asr_en.tsv.gz
#   --slue FILE          SLUE-VoxPopuli's annotation: lists from it, instead of from capitals; can be repeated
#   --gold-only          dev and test: utterances with gold transcripts only
#   --allow-missing      go on without recordings that are not there
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/../.." && pwd)

. "$root/steps/experiment_options.sh"
exp=$root/exp/voxpopuli results='' corpus='' slue=() gold_only=false allow_missing=false
. "$root/utils/parse_options.sh"
. "$root/utils/stages.sh"
required corpus
readable "${slue[@]}" "$config" "$train_config" "$adapter_config"
results=${results:-$exp/results} recipe=voxpopuli sets=$exp/sets

if due 1; then # nothing -> CORPUS: the original recordings, year by year, and the English annotations
  python "$root/local/voxpopuli/download_voxpopuli.py" "$corpus"
fi

if due 2; then # CORPUS -> train, dev and test: a manifest.tsv and an audio file an utterance
  kept=()
  ! "$gold_only" || kept+=(--gold-only)
  ! "$allow_missing" || kept+=(--allow-missing)
  once "$sets" python "$root/local/voxpopuli/prepare_voxpopuli.py" "$corpus" --out "$sets" --jobs "$jobs" "${kept[@]}"
fi

if due 3; then # texts -> rare names of dev and test, and distractors
  each slue "${slue[@]}"
  once "$exp/lists" python "$root/local/shared/make_lists.py" --train "$sets/train" --max-count "$max_count" \
    "${options[@]}" "$sets/dev" "$sets/test"
fi

. "$root/steps/experiment.sh"
