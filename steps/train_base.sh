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
#   --init DIR            begin with this training or model directory's weights
#   --pretrained DIR      Whisper's weights, for a model that stands on its encoder
#   --cache DIR           train only what stands on the pretrained encoder; folder for the encoder's outputs
#   --int8                the trained model's weights in 8 bits
#   --device D            cpu, cuda, cuda:N or auto (cpu)
#   --in-memory           keep all features on the device
#
# Without --out no model directory is written; a later run can begin with the training directory (--init).
# A DATA_DIR that is named twice is read twice an epoch. An interrupted training resumes.
set -euo pipefail

config=conf/model/small.yaml train_config=conf/train/small.yaml
lang='' out='' exp='' dev='' nproc=1 torchrun='' precision=fp32 epochs='' init='' pretrained='' cache='' int8=false
device=cpu in_memory=false
. utils/parse_options.sh
. utils/launch.sh

train=(train base --config "$config" --train-config "$train_config" --lang "$lang" --out "$exp" --precision "$precision" --device "$device")
! "$in_memory" || train+=(--in-memory)
for folder in "$@"; do train+=(--data "$folder"); done
for folder in $dev; do train+=(--dev "$folder"); done
for option in epochs init pretrained cache; do
  [ -z "${!option}" ] || train+=("--$option" "${!option}")
done

launch "$nproc" "$torchrun" "${train[@]}"
[ -z "$out" ] || ! first_node "$torchrun" || ctcb export "$exp" --out "$out" $(! "$int8" || echo --int8)
