#!/usr/bin/env bash
# No corpus and no root are needed: the recipe synthesises its own corpus, and runs all stages to the ablation. With
# synthetic speech and template sentences it shows that everything works and what each technique does, not the accuracy
# on human speech.
#
#   recipes/mini/run.sh [--quick] [options]
#
#   --quick              less than a third of the speech and of the training; the ablations have no rows of single techniques:
#                        of so few names, after so little training, most find none by themselves
#   --streaming          the base is conf/model/tiny_streaming.yaml, and stage 13 streams the test set
#   --sentences N        training sentences (3000; with --quick 900), --dev-sentences N in dev and in test (150, 40)
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/../.." && pwd)

. "$root/steps/experiment_options.sh"
exp='' results='' quick=false streaming=false sentences='' dev_sentences='' max_count=1 trials=15 jobs=2 nproc=2 speeds=1.0 vocab_size=120
stop_stage=13 config='' train_config=$root/conf/train/mini.yaml adapter_config=$root/conf/train/mini_adapter.yaml
. "$root/utils/parse_options.sh"
. "$root/utils/stages.sh"
variant=$($streaming && echo _streaming || true)
config=${config:-$root/conf/model/tiny$variant.yaml}
readable "$config" "$train_config" "$adapter_config"
if $quick; then
  exp=${exp:-$root/exp/mini_quick$variant} sentences=${sentences:-900} dev_sentences=${dev_sentences:-40} epochs=${epochs:-12}
  [ ${#systems[@]} -gt 0 ] || systems=(decoder joint)
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} # threads of so small a model wait for one another more than they work
exp=${exp:-$root/exp/mini$variant} results=${results:-$exp/results} recipe=mini sets=$exp/sets

if due 1; then # requirements.txt -> the voices
  packages "$exp/site" "$root/recipes/mini/requirements.txt"
fi

if due 2; then # templates, names and voices -> train, dev and test: a manifest.tsv and an audio file an utterance
  once "$sets" with_packages "$exp/site" python "$root/local/mini/make_mini.py" --out "$sets" --jobs "$jobs" \
    --train "${sentences:-3000}" --dev "${dev_sentences:-150}" --test "${dev_sentences:-150}"
fi

if due 3; then # texts -> the names of dev and test
  once "$exp/lists" python "$root/local/shared/make_lists.py" --train "$sets/train" --max-count "$max_count" --no-distractors "$sets/dev" "$sets/test"
fi

. "$root/steps/experiment.sh"

if $streaming && due 13; then # model and test set -> what streaming costs, in results/RECIPE-streaming.md
  into "$results/$recipe-streaming.md" python "$root/recipes/benchmarks/streaming/measure_latency.py" "$sets/test" --model "$exp/model" --half all
fi
