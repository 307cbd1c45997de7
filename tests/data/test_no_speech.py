"""Training examples without speech: what takes an utterance's place, and that nothing else changes."""
from __future__ import annotations

import torch

from ctcb.data.augment import AugmentConfig
from ctcb.data.loader import Batch
from ctcb.data.no_speech import add_note, silence_some, sound, steady_noise


def batch_of(count):
    lengths = torch.tensor([50 + 3 * i for i in range(count)])
    features = torch.randn(count, int(lengths.max()), 80, generator=torch.Generator().manual_seed(7))
    sizes = torch.arange(1, count + 1)
    ids = {name: torch.cat([torch.full((int(n),), int(n)) for n in sizes]) for name in ("subword", "phone")}
    words = [[(int(n), int(n))] for n in sizes]
    return Batch(features, lengths, ids, {name: sizes.clone() for name in ids}, [f"text {n}" for n in sizes.tolist()], words, 9.0)


def test_chosen_utterances_lose_their_words_and_the_others_nothing():
    before = batch_of(40)
    after = silence_some(before, AugmentConfig(no_speech_prob=0.4), torch.Generator().manual_seed(3))
    silent = [text == "" for text in after.texts]
    assert 8 < sum(silent) < 24
    for name in ("subword", "phone"):
        spoken = [n + 1 for n in range(40) if not silent[n]]
        assert after.targets[name].tolist() == [n for n in spoken for _ in range(n)]
        assert after.target_lengths[name].tolist() == [0 if silent[n] else n + 1 for n in range(40)]
    for n in range(40):
        frames = int(before.lengths[n])
        assert torch.equal(after.features[n, :frames], before.features[n, :frames]) != silent[n]
        assert not after.features[n, frames:].any() or not silent[n]  # padding stays padding
        assert after.words[n] == ([] if silent[n] else before.words[n])
    assert torch.equal(after.lengths, before.lengths) and after.seconds == before.seconds


def test_a_seed_fixes_the_batch_and_none_are_chosen_by_default():
    batch = batch_of(6)
    twice = [silence_some(batch, AugmentConfig(no_speech_prob=0.5), torch.Generator().manual_seed(5)) for _ in range(2)]
    assert torch.equal(twice[0].features, twice[1].features) and twice[0].texts == twice[1].texts
    generator = torch.Generator().manual_seed(5)
    assert silence_some(batch, AugmentConfig(), generator) is batch
    assert torch.equal(generator.get_state(), torch.Generator().manual_seed(5).get_state())


def test_sounds_are_finite_and_of_several_kinds():
    generator = torch.Generator().manual_seed(1)
    sounds = [sound(300, 80, generator) for _ in range(60)]
    assert all(one.shape == (300, 80) and torch.isfinite(one).all() for one in sounds)
    assert any((one == one[0, 0]).all() for one in sounds)  # digital silence
    assert len({float(one.mean()) for one in sounds}) == 60


def test_noise_has_its_slope_and_a_note_its_place():
    noise = steady_noise(4000, 40, -0.1, torch.Generator().manual_seed(2)).exp().mean(dim=0).log()
    assert abs(float(noise[-1] - noise[0]) + 3.9) < 0.25
    notes = torch.full((100, 80), -30.0)
    add_note(notes, 20, 300, 0.25, 0.02, torch.Generator().manual_seed(2))
    assert int(notes[30, 10:30].argmax()) == 10 and bool((notes[:20] == -30.0).all())
    assert abs(float(notes[30, 20] - notes[80, 20]) - 1.0) < 1e-4
