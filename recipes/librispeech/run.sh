#!/usr/bin/env bash
# LibriSpeech with the biasing lists of Le et al. (2021, is21_deep_bias), the public benchmark of the field, from the download
# to a table with the published figures of others.
#
#   recipes/librispeech/run.sh --corpus DIR [options]
#
#   --corpus DIR         LibriSpeech/PART/SPEAKER/CHAPTER/*.flac; is21_deep_bias/ref/*.tsv and is21_deep_bias/words/*.txt
#   --train-part PART    of LibriSpeech, can be repeated (train-clean-100, train-clean-360 and train-other-500)
#   --dev-part PART      can be repeated (dev-clean and dev-other)
#   --count N            words of the lists, can be repeated (100, 500, 1000 and 2000)
#   --bias NAME          what stage 13 biases, can be repeated (encoder, decoder and joint)
#   --model NAME         measure this model, any that ctcb decode takes, in place of training one: stages 4 to 12 are left out, and
#                        neither training nor dev parts are needed; --bias is then decoder by default
#   --lm FILE            an n-gram LM for stage 13 (the model's own)
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/../.." && pwd)

. "$root/steps/experiment_options.sh"
exp=$root/exp/librispeech results='' corpus='' model='' lm='' stop_stage=13
train_part=(train-clean-100 train-clean-360 train-other-500) dev_part=(dev-clean dev-other) count=(100 500 1000 2000) bias=()
. "$root/utils/parse_options.sh"
. "$root/utils/stages.sh"
required corpus
readable "$config" "$train_config" "$adapter_config" ${lm:+"$lm"}
results=${results:-$exp/results} recipe=librispeech sets=$exp/sets tests=(test-clean test-other)
parts=("${tests[@]}") names=("${tests[@]}")
if [ -n "$model" ]; then
  [ ${#bias[@]} -gt 0 ] || bias=(decoder)
else
  [ ${#bias[@]} -gt 0 ] || bias=(encoder decoder joint)
  parts+=("${train_part[@]}" "${dev_part[@]}") names+=(train dev)
fi
for number in "${count[@]}"; do [[ $number == @(100|500|1000|2000) ]] || misuse "--count is 100, 500, 1000 or 2000, not $number"; done
for system in "${bias[@]}"; do [[ $system == @(encoder|decoder|joint) ]] || misuse "--bias is encoder, decoder or joint, not $system"; done

if due 1; then # nothing -> CORPUS: the audio, part by part, and the lists
  each part "${parts[@]}"
  python "$root/local/librispeech/download_librispeech.py" "$corpus" "${options[@]}"
fi

if due 2; then # CORPUS -> the sets: a manifest.tsv of the corpus's own files
  for name in "${names[@]}"; do
    case $name in train) of=("${train_part[@]}") ;; dev) of=("${dev_part[@]}") ;; *) of=("$name") ;; esac
    each part "${of[@]}"
    once "$sets/$name" python "$root/local/librispeech/prepare_librispeech.py" "$corpus" --out "$sets/$name" --jobs "$jobs" "${options[@]}"
  done
fi

if due 3; then # lists of is21 and texts -> rare words of dev and of the test sets, in one list each, and distractors
  for name in "${names[@]}"; do
    [ "$name" = train ] || once "$exp/lists/$name" python "$root/local/librispeech/make_is21_lists.py" "$corpus/is21_deep_bias" "$sets/$name"
  done
fi

[ -n "$model" ] || . "$root/steps/experiment.sh"

# benchmark SET SYSTEM N: decode and score; with N words in the list of each utterance, or none
benchmark() {
  local name=$1 system=$2 size=$3 out table how=()
  out=$scores/$name/$system/$size
  table=$corpus/is21_deep_bias/ref/$name.biasing_${size/none/${count[0]}}.tsv # without a list the rare words alone matter
  [ "$size" = none ] || how=(--bias "$system" --entities-per-utt "$table")
  once "$out" "$root/steps/decode.sh" --model "${model:-$exp/model}" --device "$device" --jobs "$jobs" "$out" "$sets/$name/manifest.tsv" -- \
    ${lm:+--lm "$lm"} "${how[@]}"
  into "$out/score.txt" ctcb score --ref "$sets/$name/manifest.tsv" --hyp "$out/hyps.jsonl" --entities-per-utt "$table" \
    --biasing-list "$table" --json "$out/score.json"
}

own=${model:-own}
scores=$exp/is21/${own//[^[:alnum:].-]/_}
if due 13; then # model, test sets and each utterance's own list -> WER, U-WER and B-WER beside published ones, in results/librispeech.md
  for name in "${tests[@]}"; do
    benchmark "$name" unbiased none
    for system in "${bias[@]}"; do
      for number in "${count[@]}"; do benchmark "$name" "$system" "$number"; done
    done
  done
  python "$root/local/librispeech/is21_table.py" --scores "$scores" ${model:+--model "$model"} --out "$results/librispeech.md"
fi
