#!/usr/bin/env bash
# Stored features and a lang folder in; a trained model directory out.
#
#   steps/train_base.sh [options] --lang DIR --out MODEL_DIR --exp TRAINING_DIR DATA_DIR...
#
#   --config FILE         the model's size (conf/model/small.yaml)
#   --train-config FILE   how to train (conf/train/small.yaml)
#   --dev "DIR DIR"       folders measured after each epoch
#   --nproc N             processes (1); each on one thread where there are several
#   --torchrun "..."      options of torchrun, for several machines (utils/launch.sh)
#   --precision P         fp32 or bf16 (torch 2 only)
#   --epochs N            instead of the training config's
#
# An interrupted training resumes.
set -euo pipefail

config=conf/model/small.yaml train_config=conf/train/small.yaml
lang='' out='' exp='' dev='' nproc=1 torchrun='' precision=fp32 epochs=''
. utils/parse_options.sh
. utils/launch.sh

train=(train base --config "$config" --train-config "$train_config" --lang "$lang" --out "$exp" --precision "$precision")
for folder in "$@"; do train+=(--data "$folder"); done
for folder in $dev; do train+=(--dev "$folder"); done
[ -z "$epochs" ] || train+=(--epochs "$epochs")

launch "$nproc" "$torchrun" "${train[@]}"
! first_node "$torchrun" || ctcb export "$exp" --out "$out"
