"""Augmentation: the noise has the level that was asked for, masks stay within bounds, seeds fix all."""
import dataclasses

import pytest
import torch

from ctcb.data.augment import AugmentConfig, add_noise, augment, mask_spectrum, shaped_noise

LENGTHS = torch.tensor([300, 200, 120])


@pytest.fixture
def features():
    return torch.randn(3, 300, 80, generator=torch.Generator().manual_seed(1)) * 2 - 5


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


def test_the_same_seed_gives_the_same_batch(features):
    config = AugmentConfig(noise_prob=0.5, babble_prob=0.5)
    assert torch.equal(augment(features, LENGTHS, config, seeded()), augment(features, LENGTHS, config, seeded()))
    assert not torch.equal(augment(features, LENGTHS, config, seeded()), augment(features, LENGTHS, config, seeded(4)))


@pytest.mark.parametrize("kind", ["noise_prob", "babble_prob"])
def test_noise_has_the_level_asked_for(features, kind):
    chances = {"noise_prob": 0.0, "babble_prob": 0.0, kind: 1.0}
    config = AugmentConfig(snr_low=7.0, snr_high=7.0, **chances)
    mixed = add_noise(features, LENGTHS, config, seeded())
    for row, length in enumerate(LENGTHS.tolist()):
        clean, noisy = features[row, :length].exp(), mixed[row, :length].exp()
        snr = 10 * torch.log10(clean.mean() / (noisy - clean).mean())
        assert abs(float(snr) - 7.0) < 0.05


def test_no_noise_leaves_features_alone(features):
    assert torch.equal(add_noise(features, LENGTHS, AugmentConfig(noise_prob=0.0, babble_prob=0.0), seeded()), features)


def test_noise_probability(features):
    config = dataclasses.replace(AugmentConfig(), noise_prob=0.3, babble_prob=0.0)
    generator, changed = seeded(), 0
    for _ in range(200):
        mixed = add_noise(features, LENGTHS, config, generator)
        changed += int((mixed != features).flatten(1).any(dim=1).sum())
    assert 0.24 < changed / 600 < 0.36


def test_shaped_noise_is_finite_and_varied():
    noise = shaped_noise(4, 50, 80, seeded())
    assert noise.shape == (4, 50, 80) and torch.isfinite(noise).all()
    assert noise.mean(dim=(1, 2)).std() > 0.05


def test_masks_stay_within_bounds(features):
    config = AugmentConfig(freq_masks=2, freq_width=10, time_mask_share=0.1, time_width=30)
    generator, widest = seeded(), 0
    for _ in range(100):
        masked = mask_spectrum(features, LENGTHS, config, generator) != features
        for row, length in enumerate(LENGTHS.tolist()):
            whole_frames = masked[row, :length].all(dim=1)
            assert int(whole_frames.sum()) <= 0.1 * length * 2
            assert not masked[row, length:].all(dim=1).any()
            bands = masked[row, ~masked[row].all(dim=1)].all(dim=0)
            widest = max(widest, int(bands.sum()))
    assert 10 < widest <= 20
