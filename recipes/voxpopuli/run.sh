#!/usr/bin/env bash
# VoxPopuli: do rare names come out better in parliament debates? From the download to the ladder.
#
#   recipes/voxpopuli/run.sh --corpus DIR [--stage N] [--stop-stage N] [options]
#
#   --corpus DIR      VoxPopuli's root: raw_audios/original/YEAR/*.ogg, transcribed_data/en/asr_en.tsv.gz
#   --slue "FILE ..." SLUE-VoxPopuli's annotation: lists from it, instead of from capitals
#   --max-count N     a rare word is said at most so often in training (5)
#   --gold-only       dev and test: utterances with gold transcripts only
#   --allow-missing   go on without recordings that are not there
#   --exp DIR         everything made goes here (exp/voxpopuli)
#   --jobs N          processes that prepare and decode (4); --nj N jobs at a time for features: cmd.sh
#   --nproc N         training processes (4); --torchrun "..." for more machines: docs/large_scale.md
#   --config FILE     the model's size (conf/model/large.yaml)
#   --train-config F  how to train the base (conf/train/large.yaml), --adapter-config F the adapter
#   --epochs N        of the base, --adapter-epochs N of the adapter (as in their configs)
#   --vocab-size N    pieces (500)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

stage=1 stop_stage=10 jobs=4 nj=0 nproc=4 torchrun='' epochs='' adapter_epochs='' exp=exp/voxpopuli results=recipes/voxpopuli/RESULTS.md
corpus='' slue='' max_count=5 gold_only=false allow_missing=false speeds=0.9,1.0,1.1 vocab_size=500
config=conf/model/large.yaml train_config=conf/train/large.yaml adapter_config=conf/train/adapter.yaml
. utils/parse_options.sh
. utils/stages.sh
[ -n "$corpus" ] || { echo "run.sh: --corpus is missing (--help shows the options)" >&2; exit 2; }
sets=$exp/sets

if due 1; then # nothing -> CORPUS: the original recordings, year by year, and the English annotations
  python local/download_voxpopuli.py "$corpus"
fi

if due 2; then # CORPUS -> train, dev and test: a manifest.tsv and an audio file an utterance
  once "$sets" python local/prepare_voxpopuli.py "$corpus" --out "$sets" --jobs "$jobs" \
    $(flag gold-only "$gold_only") $(flag allow-missing "$allow_missing")
fi

if due 3; then # texts -> rare names of dev and test, and distractors
  once "$exp/lists" python local/make_lists.py --train "$sets/train" --max-count "$max_count" \
    $(each slue "$slue") "$sets/dev" "$sets/test"
fi

. steps/experiment.sh
