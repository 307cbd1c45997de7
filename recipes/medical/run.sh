#!/usr/bin/env bash
# Simulated interviews of patients (Fareez et al. 2022): recognition of drugs and diseases, from the download to the
# ablation.
#
#   recipes/medical/run.sh --corpus DIR [options]
#
#   --corpus DIR         what lhotse downloads: audio/*.mp3, cleantext/*.txt, medical_{train,dev,test}.info
#   --align-model DIR    model directory for the alignment of long stretches (the bundled one)
#   --longest S          seconds of an utterance; longer ones are cut in pauses (20)
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/../.." && pwd)

. "$root/steps/experiment_options.sh"
exp=$root/exp/medical results='' corpus='' align_model=$root/ctcb/assets/model longest=20
. "$root/utils/parse_options.sh"
. "$root/utils/stages.sh"
required corpus
readable "$align_model" "$config" "$train_config" "$adapter_config"
results=${results:-$exp/results} recipe=medical sets=$exp/sets

if due 1; then # nothing -> CORPUS: recordings, transcripts, and which of them are train, dev and test
  python "$root/local/medical/download_medical.py" "$corpus"
fi

if due 2; then # CORPUS -> train, dev and test: a manifest.tsv and an audio file an utterance
  once "$sets" python "$root/local/medical/prepare_medical.py" "$corpus" --out "$sets" --model "$align_model" --longest "$longest" --jobs "$jobs"
fi

if due 3; then # packages and texts -> drugs, diseases and rare words of dev and test, and distractors
  packages "$exp/site" "$root/recipes/medical/requirements.txt"
  once "$exp/terms" python "$root/local/medical/make_terms.py" --site "$exp/site" --out "$exp/terms/terms.txt"
  once "$exp/lists" python "$root/local/shared/make_lists.py" --train "$sets/train" --max-count "$max_count" \
    --terms "$exp/terms/terms.txt" "$sets/dev" "$sets/test"
fi

. "$root/steps/experiment.sh"
