"""WAVs from a pipe, beside what libsndfile reads from the whole file."""
from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from ctcb.data.piped_wav import PipedWav
from ctcb.errors import InputError, InputWarning

SAMPLES = np.random.default_rng(1).uniform(-0.9, 0.9, (2345, 2)).astype(np.float32)


def wav(subtype="PCM_16", samples=SAMPLES, container="WAV"):
    file = io.BytesIO()
    soundfile.write(file, samples, 22_050, subtype, format=container)
    return file.getvalue()


def claiming(size):
    """A WAV whose header says that it has so many bytes of samples."""
    data = wav()
    begin = data.index(b"data") + 4
    return data[:begin] + struct.pack("<I", size) + data[begin + 4 :]


def read(data, seconds=0.01):
    found = PipedWav(io.BytesIO(data), "standard input")
    pieces = list(found.pieces(seconds))
    assert found.channels == 2 and all(len(piece) <= max(1, round(seconds * found.rate)) for piece in pieces)
    return found.rate, np.concatenate(pieces or [np.zeros((0, 2), np.float32)])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "PCM_U8", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
def test_every_kind_is_read_as_a_file_is(subtype, container):
    data = wav(subtype, container=container)
    whole, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    for seconds in (1e-9, 0.01, 10):
        assert read(data, seconds)[0] == rate
        np.testing.assert_array_equal(read(data, seconds)[1], whole)


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_recorder_need_not_know_the_length(size):
    np.testing.assert_array_equal(read(claiming(size))[1], read(wav())[1])


def test_other_chunks_are_left_out():
    data, chunk = wav(), b"LIST" + struct.pack("<I", 5) + b"INFOx\0"
    begin = data.index(b"data")
    np.testing.assert_array_equal(read(data[:begin] + chunk + data[begin:] + chunk)[1], read(data)[1])


def test_audio_that_is_cut_off_is_read_as_far_as_it_goes():
    with pytest.warns(InputWarning, match="cut off: its header says 9,380 bytes, and 8,377 came"):
        cut = read(wav()[:-1003])[1]
    np.testing.assert_array_equal(cut, read(wav())[1][: len(cut)])
    assert len(cut) == 8377 // 4
    with pytest.warns(InputWarning, match="its last 3 bytes"):
        np.testing.assert_array_equal(read(claiming(0)[:-5])[1], read(wav())[1][:-2])


@pytest.mark.parametrize("data, said", [
    (b"", "is empty"),
    (b"RIFF", "holds no WAV"),
    (b"RIFF\0\0\0\0AVI LIST" + bytes(99), "holds no WAV"),
    (wav()[:30], "ends within its header"),
    (wav()[:36].replace(b"fmt ", b"junk") + wav()[36:], "no chunk that says its format"),
    (wav()[:20] + b"\x99\x99" + wav()[22:], "cannot be read"),
    (wav()[:36] + b"LIST\xff\xff\xff\x3f" + bytes(99), "1,073,741,823 bytes"),
])  # fmt: skip
def test_what_is_no_wav_is_an_error(data, said):
    with pytest.raises(InputError, match=said):
        PipedWav(io.BytesIO(data), "standard input")
