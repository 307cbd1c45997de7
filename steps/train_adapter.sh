#!/usr/bin/env bash
# Stored features and a model directory in; the model directory with an adapter out.
#
#   steps/train_adapter.sh [options] --model MODEL_DIR --exp TRAINING_DIR DATA_DIR...
#
#   --train-config FILE   the adapter and how to train it (conf/train/adapter.yaml)
#   --dev "DIR LIST ..."  folders measured after each epoch, each followed by its list of names
#   --cache DIR           cache of the base's outputs (TRAINING_DIR/cache)
#   --precision P         the base's: fp32 or bf16 (torch 2 only)
#   --epochs N            instead of the training config's
#
# An interrupted training resumes.
set -euo pipefail

train_config=conf/train/adapter.yaml
model='' exp='' dev='' cache='' precision=fp32 epochs=''
. utils/parse_options.sh

train=(train adapter --base "$model" --train-config "$train_config" --out "$exp" --cache "${cache:-$exp/cache}" --precision "$precision")
for folder in "$@"; do train+=(--data "$folder"); done
read -ra pairs <<< "$dev"
for ((i = 0; i + 1 < ${#pairs[@]}; i += 2)); do train+=(--dev "${pairs[i]}" "${pairs[i + 1]}"); done
[ -z "$epochs" ] || train+=(--epochs "$epochs")

python -m ctcb "${train[@]}"
ctcb export "$exp" --out "$model"
