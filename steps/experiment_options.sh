# The options that recipes share, and their defaults unless a recipe sets others:
#
#   --stage N, --stop-stage N   the first stage to run and the last one (1 to 12)
#   --exp DIR            everything made goes here, --results DIR the ablation, in RECIPE.md, and the HTML
#                        reports (EXP/results)
#   --max-count N        highest count of a rare word in training
#   --jobs N             processes that prepare and decode; --nj N jobs at a time for features: cmd.sh
#   --device D           where networks run: cpu, cuda, cuda:N or auto (cpu); --precision P of the trainings, instead of
#                        their configs': fp32, bf16 or auto
#   --nproc N            training processes, with --device cuda one a GPU; --torchrun "..." for more machines:
#                        docs/large_scale.md
#   --config FILE        the model's size, --vocab-size N its pieces
#   --train-config FILE  how to train the base, --adapter-config FILE the adapter
#   --epochs N           of the base, --adapter-epochs N of the adapter, instead of their configs'
#   --trials N           settings that are tried on half of dev
#   --systems NAME       a row of the ablations, beside none (ctcb ablate --system); repeatable (all)
#   --speeds LIST        of the copies of the training speech
#   --tensorboard        the trainings' logs as TensorBoard's events as well
#   --dry-run            print each stage's commands, run none

# shellcheck disable=SC2034,SC2154
stage=1 stop_stage=12 tests=(test) max_count=5 jobs=4 nj=0 nproc=4 torchrun='' speeds=0.9,1.0,1.1 vocab_size=500
config=$root/conf/model/large.yaml train_config=$root/conf/train/large.yaml adapter_config=$root/conf/train/adapter.yaml
epochs='' adapter_epochs='' trials=40 device=cpu precision='' tensorboard=false dry_run=false systems=()
more_help=${BASH_SOURCE[0]}
