#!/usr/bin/env bash
# The beam search of ctcb and other decoders on the same emissions and lists, in one process.
#
#   recipes/benchmarks/decoders/run.sh --data-dir DIR [--stage N] [--stop-stage N] [options]
#
#   --data-dir DIR     a folder a set, each with manifest.tsv and entities.txt; DIR/distractors_*.txt
#   --model DIR        whose emissions (ctcb/assets/model, the bundled one)
#   --exp DIR          everything made goes here (exp/peers)
#   --human SET        set of human speech; can be repeated (real_dev, noisy_dev)
#   --synthetic SET    set of synthetic speech; can be repeated (tts_dev_parliament, tts_dev_medical)
#   --sizes SIZES      entities in the lists, 0 for no list ("0 100 1000 10000")
#   --peers PEERS      only these beside greedy and the boosted beam (all; compare.py --help)
#   --beam N           hypotheses kept a frame (16)
#   --tuning-budget S  seconds that trying one setting may take; slower decoders get fewer utterances (8)
#   --scoring-budget S seconds that a decoder may take to be scored with one list (600)
#   --speed-budget S   seconds that it may take in each round of timing (10)
#   --results DIR      where stage 4 puts decoders.md (EXP/results)
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/../../.." && pwd)

stage=1 stop_stage=4 jobs=2
data_dir='' model=$root/ctcb/assets/model exp=$root/exp/peers results=''
human=(real_dev noisy_dev) synthetic=(tts_dev_parliament tts_dev_medical)
sizes="0 100 1000 10000" peers='' beam=16 tuning_budget=8 scoring_budget=600 speed_budget=10
. "$root/utils/parse_options.sh"
. "$root/utils/stages.sh"
required data_dir
results=${results:-$exp/results}
# One thread each: the decoders have no threads of their own, and what they call must not have any either.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

if due 1; then # requirements.txt -> the peers in a folder of their own, .venv untouched
  packages "$exp/site" "$root/recipes/benchmarks/decoders/requirements.txt"
fi

if due 2; then # model and sets -> emissions
  for name in "${human[@]}" "${synthetic[@]}"; do
    once "$exp/emissions/$name" ctcb emit --model "$model" --jobs "$jobs" --out "$exp/emissions/$name/emissions.npz" \
      "$data_dir/$name/manifest.tsv"
  done
fi

if due 3; then # emissions and lists -> every decoder's best setting, scores and times
  sets=()
  add_sets() { # KIND NAME...
    local name first second
    for name in "${@:2}"; do
      first=$data_dir/distractors_parliament.txt second=$data_dir/distractors_medical.txt
      case $name in *medical*) first=$data_dir/distractors_medical.txt second=$data_dir/distractors_parliament.txt ;; esac
      sets+=(--set "$1" "$data_dir/$name" "$exp/emissions/$name/emissions.npz" "$first" "$second")
    done
  }
  add_sets human "${human[@]}"
  add_sets synthetic "${synthetic[@]}"
  read -ra listed <<<"$sizes"
  read -ra kept <<<"$peers"
  [ -z "$peers" ] || kept=(--peers "${kept[@]}")
  with_packages "$exp/site" python "$root/recipes/benchmarks/decoders/compare.py" --model "$model" "${sets[@]}" \
    --sizes "${listed[@]}" "${kept[@]}" --beam "$beam" --tuning-budget "$tuning_budget" \
    --scoring-budget "$scoring_budget" --speed-budget "$speed_budget" --out "$exp/results.json"
fi

if due 4; then # results -> tables in Markdown
  python "$root/recipes/benchmarks/decoders/table.py" "$exp/results.json" --out "$results/decoders.md"
fi
