"""lhotse's cuts: their channel, transforms and speakers, held against what lhotse itself loads."""
from __future__ import annotations

import numpy as np
import pytest
import soundfile
from containers import tone
from lhotse import AudioSource, CutSet, MonoCut, Recording, SupervisionSegment
from lhotse.augmentation import AudioTransform
from lhotse.cut import MultiCut

from ctcb.data.audio import read_audio
from ctcb.data.inputs import find_utterances
from ctcb.data.recording import recorded
from ctcb.errors import InputError

RATE = 16_000
RNG = np.random.default_rng(0)
LEFT, RIGHT = (np.convolve(RNG.standard_normal(3 * RATE), np.hanning(9) / 20, "same").astype(np.float32) for _ in range(2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cuts")
    soundfile.write(str(folder / "call.wav"), np.stack([LEFT, RIGHT], 1), RATE, subtype="FLOAT")
    soundfile.write(str(folder / "call.flac"), np.stack([LEFT, RIGHT], 1), RATE)
    for name, samples in (("left", LEFT), ("right", RIGHT)):
        soundfile.write(str(folder / f"{name}.wav"), samples, RATE, subtype="FLOAT")
    soundfile.write(str(folder / "opus.ogg"), LEFT, RATE, format="OGG", subtype="OPUS")
    return folder


def recording(*sources, transforms=None, rate=RATE, samples=3 * RATE):
    channels = sorted({number for numbers, _ in sources for number in numbers})
    return Recording("r", [AudioSource("file", list(numbers), str(path)) for numbers, path in sources], rate, samples, samples / rate,
                     channels, transforms)  # fmt: skip


def found(folder, cuts, channel="mix"):
    path = folder / "cuts.jsonl"
    CutSet.from_cuts(cuts).to_file(path)
    return find_utterances([path], channel)


def samples_of(utterance):
    """By both ways: at once, and as a long recording."""
    one = read_audio(utterance.audio, utterance.start, utterance.duration, utterance.channels, utterance.transforms)
    with recorded(utterance.audio, utterance.start, utterance.duration, utterance.channels, utterance.transforms) as file:
        other = file.read(0, file.samples)
    assert abs(len(one.samples) - len(other)) <= 1 and np.abs(one.samples[: len(other)] - other[: len(one.samples)]).max() < 1e-3
    return one.samples


@pytest.mark.parametrize("name", ["call.wav", "call.flac"])
@pytest.mark.parametrize("start, duration", [(0.0, 3.0), (0.5, 1.25)])
@pytest.mark.parametrize("number", [0, 1])
def test_channel_of_a_cut(folder, name, start, duration, number):
    cut = MonoCut("c", start, duration, number, recording=recording(((0, 1), folder / name)))
    (one,) = found(folder, [cut])
    assert one.channels.single == number
    assert np.abs(samples_of(one) - cut.load_audio()[0]).max() < 1e-4
    (same,) = found(folder, [cut], number)
    assert same == one
    with pytest.raises(InputError, match=f"cuts.jsonl:1: cut 'c' is of channel {number}, and channel {1 - number} is asked for"):
        found(folder, [cut], 1 - number)


def test_channel_in_a_file_that_lists_only_this_one(folder):
    (one,) = found(folder, [MonoCut("c", 0, 3.0, 1, recording=recording(((1,), folder / "call.wav")))])
    assert np.array_equal(samples_of(one), RIGHT)


def test_channels_in_files_of_their_own(folder):
    apart = recording(((0,), folder / "left.wav"), ((1,), folder / "right.wav"))
    cuts = [MonoCut(f"c{number}", 0, 3.0, number, recording=apart) for number in (0, 1)]
    for one, cut, samples in zip(found(folder, cuts), cuts, (LEFT, RIGHT)):
        assert np.array_equal(samples_of(one), samples) and np.array_equal(cut.load_audio()[0], samples)
    both = MultiCut("m", 0, 3.0, [0, 1], recording=apart)
    with pytest.raises(InputError, match="channels in several files, which are not mixed; give --channel each"):
        found(folder, [both])
    each = found(folder, [both], "each")
    assert [(one.utt_id, one.recording, one.channels.single) for one in each] == [("m-ch0", "m", 0), ("m-ch1", "m", 1)]
    assert [np.array_equal(samples_of(one), samples) for one, samples in zip(each, (LEFT, RIGHT))] == [True, True]


def test_cut_of_several_channels(folder):
    cut = MultiCut("m", 0.5, 2.0, [0, 1], recording=recording(((0, 1), folder / "call.wav")))
    (mix,), (right,) = found(folder, [cut]), found(folder, [cut], 1)
    assert np.abs(samples_of(mix) - cut.load_audio().mean(axis=0)).max() < 1e-6
    assert np.abs(samples_of(right) - cut.load_audio()[1]).max() < 1e-6 and right.utt_id == "m"
    each = found(folder, [cut], "each")
    assert [one.utt_id for one in each] == ["m-ch0", "m-ch1"]


TRANSFORMS = {
    "faster": lambda one: one.perturb_speed(1.25), "slower": lambda one: one.perturb_speed(0.9),
    "tempo": lambda one: one.perturb_tempo(1.1), "volume": lambda one: one.perturb_volume(0.3),
    "rate": lambda one: one.resample(8000), "both": lambda one: one.perturb_speed(1.1).perturb_volume(2.0).resample(22050),
    "tempo and speed": lambda one: one.perturb_tempo(0.8).perturb_speed(1.1),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("share", [(0.0, 1.0), (0.25, 0.5)])
def test_transforms_as_lhotse_applies_them(folder, name, share):
    if "tempo" in name:
        pytest.importorskip("torchaudio")  # lhotse has no tempo without it
    changed = TRANSFORMS[name](recording(((0,), folder / "left.wav")))
    whole = changed.duration
    cut = MonoCut("c", share[0] * whole, share[1] * whole, 0, recording=changed)
    (one,) = found(folder, [cut])
    ours, theirs = samples_of(one), cut.load_audio()[0]
    if changed.sampling_rate != RATE:
        import soxr

        theirs = soxr.resample(theirs, changed.sampling_rate, RATE)
    assert abs(len(ours) / RATE - cut.duration) < 0.01
    size = min(len(ours), len(theirs))
    assert size > 0.4 * RATE and np.corrcoef(ours[:size], theirs[:size])[0, 1] > 0.999


def test_transform_is_noted_and_what_cannot_be_applied_is_refused(folder, ctcb, monkeypatch):
    cut = MonoCut("c", 0, 3.0 / 1.25, 0, recording=recording(((0,), folder / "left.wav")).perturb_speed(1.25))
    (one,) = found(folder, [cut])
    assert "Speed of the cut applied" in read_audio(one.audio, one.start, one.duration, one.channels, one.transforms).conversions

    def failing(self, samples, sampling_rate):
        raise RuntimeError("torchaudio is not there")

    monkeypatch.setattr(AudioTransform.KNOWN_TRANSFORMS["Speed"], "__call__", failing)
    with pytest.raises(InputError, match="left.wav: the transform Speed of its cut cannot be applied .*; install torchaudio"):
        samples_of(one)
    text = (folder / "cuts.jsonl").read_text()
    (folder / "odd.jsonl").write_text(text.replace('"Speed"', '"Warble"'))
    ran = ctcb("decode", folder / "odd.jsonl")
    assert ran.code == 2 and "Warble" in ran.err and "odd.jsonl" in ran.err and len(ran.err.splitlines()) == 1


def test_rate_in_the_manifest_is_not_that_of_the_file(folder):
    """libsndfile reads Opus at 48 kHz, or at the rate of the encoder's input."""
    changed = recording(((0,), folder / "opus.ogg")).perturb_speed(1.25)
    (one,) = found(folder, [MonoCut("c", 0, changed.duration, 0, recording=changed)])
    assert abs(len(samples_of(one)) / RATE - 3.0 / 1.25) < 0.01


def test_speakers_of_supervisions(folder):
    def said(first, duration, speaker, channel=0):
        return SupervisionSegment(f"{speaker}{first}", "r", first, duration, channel, speaker=speaker)

    call = recording(((0, 1), folder / "call.wav"))
    alone = MonoCut("a", 0, 3.0, 0, [said(0, 1, "ann"), said(2, 1, "ann")], recording=call)
    two = MonoCut("b", 0, 3.0, 0, [said(0, 1.2, "ann"), said(1.2, 1.8, "bob")], recording=call)
    both = MultiCut("m", 0, 3.0, [0, 1], [said(0, 3, "ann"), said(0, 3, "bob", 1)], recording=call)
    one, other = found(folder, [alone, two])
    assert (one.speaker, other.speaker) == ("ann", None)
    assert [other.speaker_of(*times) for times in ((0, 1), (1, 3), (0, 3))] == ["ann", "bob", "bob"] and other.speaker_of(5, 6) is None
    assert [utterance.speaker for utterance in found(folder, [both], "each")] == ["ann", "bob"]


@pytest.mark.parametrize("key, value, told", [
    ("channel", 2, "no file of its recording has channel 2"), ("channel", -1, "has the channel -1"), ("channel", "left", "has the channel 'left'|lhotse cuts"),
])  # fmt: skip
def test_channels_that_are_not_there(folder, key, value, told):
    import json

    found(folder, [MonoCut("c", 0, 3.0, 0, recording=recording(((0, 1), folder / "call.wav")))])
    row = json.loads((folder / "cuts.jsonl").read_text())
    (folder / "odd.jsonl").write_text(json.dumps({**row, key: value}) + "\n")
    with pytest.raises(InputError, match=told):
        find_utterances([folder / "odd.jsonl"])


def test_tone_is_of_its_pitch_behind_speed(folder):
    """By what speed means, without lhotse: 440 Hz become 550."""
    soundfile.write(str(folder / "tone.wav"), tone(440, 3.0), RATE)
    changed = recording(((0,), folder / "tone.wav")).perturb_speed(1.25)
    (one,) = found(folder, [MonoCut("c", 1.0, 1.0, 0, recording=changed)])
    samples = samples_of(one)
    assert abs(np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples) - 550) < 2
