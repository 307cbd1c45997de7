#!/usr/bin/env bash
# Stored features and a lang folder in; a trained model directory out.
#
#   steps/train_base.sh [options] --lang DIR --out MODEL_DIR --exp TRAINING_DIR DATA_DIR...
#
#   --config FILE         the model's size (conf/model/small.yaml)
#   --train-config FILE   how to train (conf/train/small.yaml)
#   --dev DIR             folder measured after each epoch; can be repeated
#   --nproc N             processes (1); each on one thread where there are several
#   --torchrun "..."      options of torchrun, for several machines (utils/launch.sh)
#   --precision P         instead of the training config's: fp32, bf16 (torch 2 only), fp16 (GPUs only) or auto
#   --epochs N            instead of the training config's
#   --init DIR            begin with this training or model directory's weights
#   --pretrained DIR      Whisper's weights, for a model that stands on its encoder
#   --cache DIR           train only what stands on the pretrained encoder; folder for the encoder's outputs
#   --int8                the trained model's weights in 8 bits
#   --device D            cpu, cuda, cuda:N or auto (cpu)
#   --in-memory           keep all features on the device
#   --tensorboard         write TensorBoard's events as well
#   --accept-changes      go on although tokens, data or options are others than the run was made for
#
# The curves of the run are drawn in TRAINING_DIR/curves.svg.
# Without --out no model directory is written; a later run can begin with the training directory (--init).
# A DATA_DIR that is named twice is read twice an epoch. An interrupted training resumes.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

config=$root/conf/model/small.yaml train_config=$root/conf/train/small.yaml
# shellcheck disable=SC2034 # some are read by their names
lang='' out='' exp='' dev=() nproc=1 torchrun='' precision='' epochs='' init='' pretrained='' cache='' int8=false
device=cpu in_memory=false tensorboard=false accept_changes=false
. "$root/utils/step.sh"
. "$root/utils/launch.sh"

required lang exp
[ $# -ge 1 ] || misuse "at least one folder of features is needed"
train=(train base --config "$config" --train-config "$train_config" --lang "$lang" --out "$exp" --device "$device")
! "$in_memory" || train+=(--in-memory)
! "$tensorboard" || train+=(--tensorboard)
! "$accept_changes" || train+=(--accept-changes)
for folder in "$@"; do train+=(--data "$folder"); done
for folder in "${dev[@]}"; do train+=(--dev "$folder"); done
for option in precision epochs init pretrained cache; do
  [ -z "${!option}" ] || train+=("--$option" "${!option}")
done

launch "$nproc" "$torchrun" "${train[@]}"
first_node "$torchrun" || exit 0
ctcb train curves "$exp"
if [ -n "$out" ]; then
  export=(export "$exp" --out "$out")
  ! "$int8" || export+=(--int8)
  ctcb "${export[@]}"
fi
