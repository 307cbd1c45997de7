# The stages that recipes share, from prepared sets to the ablation. Source it in a recipe after its own stages.
#
# SETS/{train,dev,test} hold manifest.tsv; dev and test also entities.txt and distractors.txt. There may be several test
# sets. Variables:
# sets tests exp jobs nj nproc torchrun device precision tensorboard speeds vocab_size config train_config epochs adapter_config adapter_epochs trials systems results recipe.
# shellcheck disable=SC2154
. "$root/utils/launch.sh"

if due 4; then # sets -> checked cuts and features
  for name in train dev; do
    once "$exp/data/$name" "$root/steps/prepare.sh" --jobs "$jobs" --nj "$nj" \
      --speeds "$([ "$name" = train ] && echo "$speeds" || echo 1.0)" "$sets/$name/manifest.tsv" "$exp/data/$name"
  done
fi

if due 5; then # training texts -> pieces, phones, lexicon
  once "$exp/lang" "$root/steps/make_lang.sh" --vocab-size "$vocab_size" "$exp/lang" "$sets/train/manifest.tsv"
fi

training=(--nproc "$nproc" --torchrun "$torchrun" --device "$device" --precision "$precision" --tensorboard "$tensorboard")

if due 6; then # features and lang -> the base model
  train=("$root/steps/train_base.sh" --lang "$exp/lang" --exp "$exp/base" --out "$exp/model" --config "$config"
    --train-config "$train_config" "${training[@]}" --epochs "$epochs" --dev "$exp/data/dev" "$exp/data/train")
  if first_node "$torchrun"; then once "$exp/model" "${train[@]}"; else "${train[@]}"; fi # it writes the model
fi

if due 7; then # base, features and dev list -> the contextual adapter, into the model directory
  train=("$root/steps/train_adapter.sh" --model "$exp/model" --exp "$exp/adapter" --train-config "$adapter_config" "${training[@]}"
    --epochs "$adapter_epochs" --dev "$exp/data/dev" --dev-list "$sets/dev/entities.txt" "$exp/data/train")
  if first_node "$torchrun"; then once "$exp/adapter" "${train[@]}"; else "${train[@]}"; fi
fi

if due 8; then # training texts -> n-gram LM
  "$root/steps/make_lm.sh" --held-out "$sets/dev/manifest.tsv" "$exp/lm" "$sets/train/manifest.tsv"
fi

if due 9; then # LM and lang -> graphs over pieces and over phones, each tried on the test sets
  for units in subword phone; do
    "$root/steps/make_graph.sh" --model "$exp/model" --units "$units" "$exp/lm/lm.arpa.gz" "$exp/graph/$units"
    for name in "${tests[@]}"; do
      out=$exp/decode/graph_$units/$name
      once "$out" "$root/steps/decode.sh" --model "$exp/model" --device "$device" --jobs "$jobs" "$out" "$sets/$name/manifest.tsv" -- \
        --graph "$exp/graph/$units" --entities "$sets/$name/entities.txt"
      "$root/steps/score.sh" "$sets/$name" "$out"
    done
  done
fi

measured=(--model "$exp/model" --device "$device" --lm "$exp/lm/lm.arpa.gz" --jobs "$jobs" --cache "$exp/emissions")

if due 10; then # model, LM and half of dev -> the model with the techniques' settings and the LM
  for preset in decoder joint; do
    once "$exp/tune/$preset" ctcb tune "${measured[@]}" --data "$sets/dev" --half 1 --added 0 --absent 1000 --preset "$preset" \
      --trials "$trials" --study "$exp/tune/$preset/study.log" --into-model
  done
fi

if due 11; then # model with LM and settings, test sets and the other half of dev -> the ablation, printed and in results/RECIPE.md
  measured+=(--results "$results/$recipe.md" "${systems[@]/#/--system=}")
  ctcb ablate "${measured[@]}" --data "$sets/dev" --half 2
  for name in "${tests[@]}"; do ctcb ablate "${measured[@]}" --data "$sets/$name" --json "$exp/ablation_$name.json"; done
fi

if due 12; then # model, test sets and ablations -> what the list changed, in results/RECIPE-SET.html
  for name in "${tests[@]}"; do
    out=$exp/decode/joint/$name
    once "$out" "$root/steps/decode.sh" --model "$exp/model" --device "$device" --jobs "$jobs" "$out" "$sets/$name/manifest.tsv" -- \
      --lm "$exp/lm/lm.arpa.gz" --bias joint --entities "$sets/$name/entities.txt" --explain
    ctcb report --ref "$sets/$name/manifest.tsv" --hyp "$out/hyps.jsonl" --entities "$sets/$name/entities.txt" \
      --ablation "$exp/ablation_$name.json" --training "$exp/base" --training "$exp/adapter" --title "$recipe, $name" --out "$results/$recipe-$name.html"
  done
fi
