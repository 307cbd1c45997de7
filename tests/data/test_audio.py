"""Audio files of every kind, whole and broken."""
import numpy as np
import pytest
import soundfile
from tones import RATE, say

from ctcb.data.audio import read_audio
from ctcb.errors import InputError


@pytest.fixture(scope="module")
def samples():
    return say("ann met bob")


def correlation(a, b):
    size = min(len(a), len(b))
    return float(np.corrcoef(a[:size], b[:size])[0, 1])


@pytest.mark.parametrize(
    "name, options",
    [
        ("a.wav", {}), ("a.wav", {"subtype": "PCM_24"}), ("a.wav", {"subtype": "FLOAT"}), ("a.flac", {}),
        ("a.ogg", {"format": "OGG", "subtype": "OPUS"}), ("b.ogg", {"format": "OGG", "subtype": "VORBIS"}),
        ("a.aiff", {}),
    ],
)
def test_reads_libsndfile_formats(tmp_path, samples, name, options):
    soundfile.write(str(tmp_path / name), samples, RATE, **options)
    audio = read_audio(tmp_path / name)
    assert audio.samples.dtype == np.float32 and audio.conversions == ()
    assert abs(audio.duration - len(samples) / RATE) < 0.01
    assert correlation(audio.samples, samples) > 0.95


def test_reads_mp3(tmp_path, samples):
    soundfile.write(str(tmp_path / "a.mp3"), samples, RATE)
    assert abs(read_audio(tmp_path / "a.mp3").duration - len(samples) / RATE) < 0.1


def test_rate_and_channels_are_converted_with_a_note(tmp_path, samples):
    stereo = np.stack([samples[::2], np.zeros_like(samples[::2])], axis=1)
    soundfile.write(str(tmp_path / "a.wav"), stereo, RATE // 2)
    audio = read_audio(tmp_path / "a.wav")
    assert audio.conversions == ("2 channels mixed to mono", "8000 Hz resampled to 16000 Hz")
    assert abs(audio.duration - len(samples) / RATE) < 0.001
    low = np.abs(np.fft.rfft(audio.samples * 2)), np.abs(np.fft.rfft(samples[: len(audio.samples)]))
    hz = np.fft.rfftfreq(len(audio.samples), 1 / RATE)
    below = (hz > 300) & (hz < 1200)  # well below the 8 kHz file's limit, where the rows' tones are
    assert correlation(low[0][below], low[1][below]) > 0.98


def write_text(path):
    path.write_text("this is not audio\n" * 100)


def write_cut_flac(path):
    soundfile.write(str(path), np.random.default_rng(0).uniform(-0.5, 0.5, RATE).astype(np.float32), RATE, format="FLAC")
    path.write_bytes(path.read_bytes()[:8000])


def write_nan(path):
    soundfile.write(str(path), np.full(RATE, np.nan, np.float32), RATE, subtype="FLOAT", format="WAV")


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda path: None, "no such file"),
        (lambda path: path.touch(), "the file is empty"),
        (lambda path: path.mkdir(), "this is a folder"),
        (write_text, "not readable as audio"),
        (lambda path: soundfile.write(str(path), np.zeros(0, np.float32), RATE, format="WAV"), "holds no samples"),
        (write_cut_flac, "cut off|not readable"),
        (write_nan, "NaN"),
    ],
)
def test_wrong_audio_is_named(tmp_path, make, told):
    path = tmp_path / "x.wav"
    make(path)
    with pytest.raises(InputError, match=told) as error:
        read_audio(path)
    assert str(path) in str(error.value)
