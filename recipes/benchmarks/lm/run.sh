#!/usr/bin/env bash
# The gain of a language model: in the beam search, with names in its class, and in k2 graphs over subwords and phones.
#
#   recipes/benchmarks/lm/run.sh --data-dir DIR [--stage N] [--stop-stage N] [options]
#
#   --data-dir DIR     a folder a set, each with manifest.tsv and entities.txt; DIR/lm_text/*, DIR/distractors_*.txt
#   --model DIR        whose emissions (ctcb/assets/model, the bundled one)
#   --exp DIR          everything made goes here (exp/lm)
#   --human SET        set of human speech; can be repeated (real_dev, noisy_dev, accented_dev)
#   --synthetic SET    set of synthetic speech; can be repeated (tts_dev_parliament, tts_dev_medical)
#   --sizes SIZES      distractors in the lists ("0 100 1000")
#   --graph-sizes S    the same for graphs, which take 20 times as long (100)
#   --results DIR      where stages 6 and 7 put lm_and_graphs.md (EXP/results)
#
# Stage 7, which --stop-stage 7 asks for, tries other weights on the half of the utterances that the tables leave out.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/../../.." && pwd)

stage=1 stop_stage=6 jobs=1
data_dir='' model=$root/ctcb/assets/model exp=$root/exp/lm results=''
human=(real_dev noisy_dev accented_dev) synthetic=(tts_dev_parliament tts_dev_medical)
sizes="0 100 1000" graph_sizes=100
. "$root/utils/parse_options.sh"
. "$root/utils/stages.sh"
required data_dir
results=${results:-$exp/results}
# One thread each, so that times are those of one core.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export PYTHONPATH=$root/recipes/benchmarks/decoders${PYTHONPATH:+:$PYTHONPATH} # halves, distractors

for size in $graph_sizes; do # the tables set the beam search beside the graphs
  [[ " $sizes " == *" $size "* ]] || sizes+=" $size"
done
read -ra listed <<<"--sizes $sizes --graph-sizes $graph_sizes"

# The text that is most like a set, and the distractors: what the set's own domain has.
sets=()
add_sets() { # KIND NAME...
  local name lm distractors
  for name in "${@:2}"; do
    lm=general distractors=parliament
    case $name in
      *parliament*) lm=parliament ;;
      *medical*) lm=medical distractors=medical ;;
    esac
    sets+=(--set "$1" "$data_dir/$name" "$lm" "$data_dir/distractors_$distractors.txt")
  done
}
add_sets human "${human[@]}"
add_sets synthetic "${synthetic[@]}"
lms=(general parliament medical)

if due 1; then # text -> LMs
  for lm in "${lms[@]}"; do
    text=$data_dir/lm_text/$lm.txt
    prune=0
    [ "$lm" != general ] || prune="0 0 1" # two of three of its trigrams, seen once each, would treble the graph
    [ -f "$text" ] || text=$text.gz
    "$root/steps/make_lm.sh" --prune "$prune" "$exp/lm/$lm" "$text"
  done
fi

if due 2; then # LMs -> graphs over pieces and phones
  for lm in "${lms[@]}"; do
    for units in subword phone; do
      "$root/steps/make_graph.sh" --model "$model" --units "$units" "$exp/lm/$lm/lm.arpa.gz" "$exp/graph/$lm-$units"
    done
  done
fi

if due 3; then # model and sets -> emissions of both heads
  for name in "${human[@]}" "${synthetic[@]}"; do
    once "$exp/emissions/$name" ctcb emit --model "$model" --jobs "$jobs" --out "$exp/emissions/$name/pieces.npz" \
      --phones "$exp/emissions/$name/phones.npz" "$data_dir/$name/manifest.tsv"
  done
fi

if due 4; then # emissions, LMs and graphs -> the texts of every system on the scoring half
  python "$root/recipes/benchmarks/lm/lm_decode.py" --model "$model" --exp "$exp" "${sets[@]}" "${listed[@]}"
fi

if due 5; then # the same -> times
  python "$root/recipes/benchmarks/lm/lm_speed.py" --model "$model" --exp "$exp" "${sets[@]}" --out "$exp/speed.json"
fi

if due 6; then # texts and times -> tables in Markdown
  python "$root/recipes/benchmarks/lm/lm_table.py" --model "$model" --exp "$exp" "${sets[@]}" "${listed[@]}" \
    --out "$results/lm_and_graphs.md"
fi

if due 7; then # emissions and LMs -> other weights of the LM, on the tuning half
  python "$root/recipes/benchmarks/lm/lm_tune.py" --model "$model" --exp "$exp" "${sets[@]}" --out "$results/lm_and_graphs.md"
fi
