# From prepared sets to the ladder: what the recipes share. Source it in a recipe after its own stages.
#
# SETS/{train,dev,test} hold manifest.tsv; dev and test also entities.txt and distractors.txt. Variables:
# sets exp jobs nproc torchrun speeds vocab_size config train_config adapter_config results.

if due 4; then # sets -> checked cuts and features
  for name in train dev; do
    once "$exp/data/$name" python local/prepare_manifest.py "$sets/$name/manifest.tsv" --out "$exp/data/$name" \
      --features --jobs "$jobs" --speeds "$([ "$name" = train ] && echo "$speeds" || echo 1.0)"
  done
fi

if due 5; then # training texts -> pieces, phones, lexicon
  once "$exp/lang" steps/make_lang.sh --vocab-size "$vocab_size" "$exp/lang" "$sets/train/manifest.tsv"
fi

if due 6; then # features and lang -> the base model
  once "$exp/model" steps/train_base.sh --lang "$exp/lang" --exp "$exp/base" --out "$exp/model" --config "$config" \
    --train-config "$train_config" --nproc "$nproc" --torchrun "$torchrun" --dev "$exp/data/dev" "$exp/data/train"
fi
