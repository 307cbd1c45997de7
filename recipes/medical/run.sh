#!/usr/bin/env bash
# Simulated interviews of patients (Fareez et al. 2022): recognition of drugs and diseases, from the download to the
# ablation.
#
#   recipes/medical/run.sh --corpus DIR [options]
#
#   --corpus DIR         what lhotse downloads: audio/*.mp3, cleantext/*.txt, medical_{train,dev,test}.info
#   --align-model DIR    model directory for the alignment of long stretches (the bundled one)
#   --longest S          seconds of an utterance; longer ones are cut in pauses (20)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

. steps/experiment_options.sh
exp=exp/medical results='' corpus='' align_model=ctcb/assets/model longest=20
. utils/parse_options.sh
. utils/stages.sh
required corpus
readable "$align_model" "$config" "$train_config" "$adapter_config"
results=${results:-$exp/results} recipe=medical sets=$exp/sets

if due 1; then # nothing -> CORPUS: recordings, transcripts, and which of them are train, dev and test
  python local/medical/download_medical.py "$corpus"
fi

if due 2; then # CORPUS -> train, dev and test: a manifest.tsv and an audio file an utterance
  once "$sets" python local/medical/prepare_medical.py "$corpus" --out "$sets" --model "$align_model" --longest "$longest" --jobs "$jobs"
fi

if due 3; then # packages and texts -> drugs, diseases and rare words of dev and test, and distractors
  packages "$exp/site" recipes/medical/requirements.txt
  once "$exp/terms" python local/medical/make_terms.py --site "$exp/site" --out "$exp/terms/terms.txt"
  once "$exp/lists" python local/shared/make_lists.py --train "$sets/train" --max-count "$max_count" \
    --terms "$exp/terms/terms.txt" "$sets/dev" "$sets/test"
fi

. steps/experiment.sh
