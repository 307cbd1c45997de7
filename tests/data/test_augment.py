"""Augmentation: the requested noise level, bounds of masks, determinism under a seed."""
import dataclasses

import pytest
import torch

from ctcb.data.augment import AugmentConfig, add_echoes, add_noise, augment, change_speed, mask_spectrum, shaped_noise

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
def test_noise_has_the_requested_level(features, kind):
    chances = {"noise_prob": 0.0, "babble_prob": 0.0, kind: 1.0}
    config = AugmentConfig(snr_low=7.0, snr_high=7.0, **chances)
    mixed = add_noise(features, LENGTHS, config, seeded())
    for row, length in enumerate(LENGTHS.tolist()):
        clean, noisy = features[row, :length].exp(), mixed[row, :length].exp()
        snr = 10 * torch.log10(clean.mean() / (noisy - clean).mean())
        assert abs(float(snr) - 7.0) < 0.05


def test_no_noise_leaves_features_unchanged(features):
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


def test_unit_speed_leaves_features_unchanged(features):
    changed, lengths = change_speed(features, LENGTHS, AugmentConfig(), seeded())
    assert changed is features and lengths is LENGTHS


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_speed_equals_a_faster_recording(speed):
    """A tone at a known moment and frequency, against the same tone played at that speed."""
    mel = torch.log1p(torch.tensor([500.0, 1000.0, 500.0 * speed, 1000.0 * speed]) / 700.0) / torch.log1p(torch.tensor(8000.0 / 700.0)) * 79
    features = torch.full((1, 300, 80), -10.0)
    features[0, 100:140, int(mel[0].round())] = 0.0
    features[0, 200:240, int(mel[1].round())] = 0.0
    config = AugmentConfig(speed_low=speed, speed_high=speed)
    changed, lengths = change_speed(features, torch.tensor([300]), config, seeded())
    assert lengths.tolist() == [round(300 / speed)] and changed.shape == (1, round(300 / speed), 80)
    for start, place in ((100, mel[2]), (200, mel[3])):
        middle = changed[0, int((start + 20) / speed)]
        assert abs(int(middle.argmax()) - float(place)) <= 1.0
        assert (changed[0, int((start - 4) / speed)] < -5.0).all() and (changed[0, int((start + 44) / speed)] < -5.0).all()


def test_speed_never_reads_padding(features):
    poisoned = features.clone()
    for row, length in enumerate(LENGTHS.tolist()):
        poisoned[row, length + 1 :] = float("nan")  # one frame behind is where the last one is interpolated to
    changed, lengths = change_speed(poisoned, LENGTHS, AugmentConfig(speed_low=0.9, speed_high=1.1), seeded())
    for row, length in enumerate(lengths.tolist()):
        assert torch.isfinite(changed[row, : length - 1]).all()


def test_reverberation_is_the_sum_over_earlier_frames(features):
    config = AugmentConfig(reverb_prob=1.0)
    mixed = add_echoes(features, LENGTHS, config, seeded())
    _, time, ratio = torch.rand(3, 3, generator=seeded())
    for row, length in enumerate(LENGTHS.tolist()):
        delays = torch.arange(1, 61)
        weights = 10 ** (-6 * delays * 0.01 / (0.1 + 0.7 * time[row]))
        weights *= 10 ** (0.5 - ratio[row]) / weights.sum()
        energies = features[row, :length].exp()
        wanted = energies.clone()
        for delay, weight in zip(delays.tolist(), weights):
            wanted[delay:] += weight * energies[: length - delay]
        assert torch.allclose(mixed[row, :length].exp(), wanted, rtol=1e-3)
