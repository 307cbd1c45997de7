#!/usr/bin/env bash
# Stored features and a model directory in; the model directory with an adapter out.
#
#   steps/train_adapter.sh [options] --model MODEL_DIR --exp TRAINING_DIR DATA_DIR...
#
#   --train-config FILE   the adapter and how to train it (conf/train/adapter.yaml)
#   --dev DIR             folder measured after each epoch, with the list of names --dev-list LIST; both can be repeated
#   --cache DIR           cache of the base's outputs (TRAINING_DIR/cache)
#   --nproc N             processes (1); each on one thread where there are several
#   --torchrun "..."      options of torchrun, for several machines (utils/launch.sh)
#   --device D            cpu, cuda, cuda:N or auto (cpu)
#   --precision P         instead of the training config's: fp32, bf16 (torch 2 only), fp16 (GPUs only) or auto
#   --epochs N            instead of the training config's
#   --tensorboard         write TensorBoard's events as well
#   --accept-changes      go on although the base, data or options are others than the run was made for
#
# The curves of the run are drawn in TRAINING_DIR/curves.svg. An interrupted training resumes.
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set +o posix -euo pipefail
self=${BASH_SOURCE[0]} && [ ! -L "$self" ] || self=$(readlink -f "$self")
root=$(CDPATH='' cd -P "$(dirname "$self")/.." && pwd)

train_config=$root/conf/train/adapter.yaml
model='' exp='' dev=() dev_list=() cache='' nproc=1 torchrun='' device=cpu precision='' epochs='' tensorboard=false accept_changes=false
. "$root/utils/step.sh"
. "$root/utils/launch.sh"

required model exp
[ $# -ge 1 ] || misuse "at least one folder of features is needed"
[ ${#dev[@]} -eq ${#dev_list[@]} ] || misuse "each --dev needs a --dev-list, its list of names"
train=(train adapter --base "$model" --train-config "$train_config" --out "$exp" --cache "${cache:-$exp/cache}" --device "$device")
for folder in "$@"; do train+=(--data "$folder"); done
for number in "${!dev[@]}"; do train+=(--dev "${dev[number]}" "${dev_list[number]}"); done
[ -z "$precision" ] || train+=(--precision "$precision")
[ -z "$epochs" ] || train+=(--epochs "$epochs")
! "$tensorboard" || train+=(--tensorboard)
! "$accept_changes" || train+=(--accept-changes)

launch "$nproc" "$torchrun" "${train[@]}"
first_node "$torchrun" || exit 0
ctcb train curves "$exp"
ctcb export "$exp" --out "$model"
