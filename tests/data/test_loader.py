"""Batches: bounded, complete, the same for the same seed, shared out among processes."""
import torch
from lhotse import CutSet

from ctcb.data.loader import EpochBatches, OneCopyEach, Targets, can_align, load_batches
from ctcb.text.lang import Lang


def ids(batches):
    return [[cut.id for cut in batch] for batch in batches]


def stored(features_dir):
    return CutSet.from_file(features_dir / "cuts_feats.jsonl.gz").to_eager()


def test_epoch_has_one_copy_of_each_utterance(features_dir):
    cuts = stored(features_dir)
    assert len(cuts) == 24
    picks = [{cut.id for cut in OneCopyEach(cuts, seed)} for seed in range(20)]
    assert all({name.split("_sp")[0] for name in pick} == {f"u{i:03d}" for i in range(12)} for pick in picks)
    assert set.union(*picks) == {cut.id for cut in cuts}
    assert picks[0] == {cut.id for cut in OneCopyEach(cuts, 0)}


def test_batches_are_bounded_complete_and_repeatable(features_dir):
    cuts = stored(features_dir)
    batches = EpochBatches(cuts, 5.0, seed=1)
    assert ids(batches) == ids(EpochBatches(cuts, 5.0, seed=1))
    assert ids(batches) != ids(EpochBatches(cuts, 5.0, seed=2))
    assert sorted(n.split("_sp")[0] for batch in ids(batches) for n in batch) == [f"u{i:03d}" for i in range(12)]
    assert all(len(batch) == 1 or sum(cut.duration for cut in batch) <= 5.0 for batch in batches)


def test_processes_share_the_batches(features_dir):
    cuts = stored(features_dir)
    parts = [EpochBatches(cuts, 5.0, seed=1, rank=rank, world_size=2) for rank in (0, 1)]
    assert len(parts[0]) == len(parts[1])
    first, second = ({n for batch in ids(part) for n in batch} for part in parts)
    assert len({n.split("_sp")[0] for n in first | second}) == 12


def test_batches_hold_features_and_targets(features_dir, lang_dir):
    lang = Lang.load(lang_dir)
    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    batches = EpochBatches(stored(features_dir), 8.0, seed=1)
    for cuts, batch in zip(batches, load_batches(batches, targets, workers=0)):
        assert batch.features.shape == (len(cuts), int(batch.lengths.max()), 80)
        assert batch.texts == [cut.supervisions[0].text for cut in cuts]
        first = batch.targets["subword"][: batch.target_lengths["subword"][0]]
        assert lang.tokenizer.decode(first.tolist()) == batch.texts[0]
        phones = [lang.phones[i] for i in batch.targets["phone"][: batch.target_lengths["phone"][0]].tolist()]
        assert phones == lang.lexicon.phones_of_text(batch.texts[0])
    in_workers = [batch.features for batch in load_batches(batches, targets, workers=1)]
    assert all(torch.equal(a, b.features) for a, b in zip(in_workers, load_batches(batches, targets)))


def test_targets_longer_than_the_frames_are_detected(features_dir, lang_dir):
    lang = Lang.load(lang_dir)
    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    cut = next(iter(stored(features_dir)))
    assert can_align(cut, targets)
    cut.supervisions[0].text = " ".join(["ann met bob"] * 40)
    assert not can_align(cut, targets)
