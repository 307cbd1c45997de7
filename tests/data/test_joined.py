"""Chained Ogg and joined FLAC and WAV are read to their end; streams, standard input and bytes are read as files are."""
from __future__ import annotations

import io
from itertools import product

import numpy as np
import pytest
import soundfile
from containers import encoded, id3v1, mp3, ogg_flac, pitches, tone, unfinished, without_info
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.data.audio import read_audio
from ctcb.data.audio_file import opened
from ctcb.data.parts import Part, Spliced
from ctcb.data.source import AudioBytes
from ctcb.errors import InputError

TONES = (440, 700, 1000)
KINDS = {
    "Vorbis": {"form": "OGG", "subtype": "VORBIS"}, "Opus": {"form": "OGG", "subtype": "OPUS"}, "FLAC": {"form": "FLAC"},
    "WAV": {"form": "WAV"}, "WAV of floats": {"form": "WAV", "subtype": "FLOAT"}, "24 bits": {"form": "WAV", "subtype": "PCM_24"},
    "extensible": {"form": "WAVEX", "subtype": "PCM_16"}, "RF64": {"form": "RF64", "subtype": "PCM_16"},
    "Wave64": {"form": "W64", "subtype": "PCM_16"}, "AIFF": {"form": "AIFF", "subtype": "PCM_24"}, "AIFF-C": {"form": "AIFF", "subtype": "FLOAT"},
    "CAF": {"form": "CAF", "subtype": "PCM_16"}, "ALAC": {"form": "CAF", "subtype": "ALAC_16"}, "AU": {"form": "AU", "subtype": "PCM_16"},
    "little-endian AU": {"form": "AU", "subtype": "PCM_16", "endian": "LITTLE"},
}  # fmt: skip


@pytest.mark.parametrize("between", [b"", id3v1()])
@pytest.mark.parametrize("kind", KINDS)
def test_joined_recordings_are_read_to_their_end(kind, between, tmp_path):
    if KINDS[kind]["form"].startswith("WAV"):
        between = b""  # tags are chunks of its own there
    data = between.join(encoded(tone(hertz, 1.0), **KINDS[kind]) for hertz in TONES)
    (tmp_path / "a").write_bytes(data)
    for given_ in (data, tmp_path / "a"):
        audio = read_audio(given_)
        assert abs(audio.duration - 3.0) < 0.05
        assert np.allclose(pitches(audio.samples, (0.9, 1.1, 1.9, 2.1, 2.9))[::2], TONES, atol=5)
        assert audio.conversions == ("3 recordings, joined in one file, read one behind the other",)


def test_flac_in_ogg_alone_and_chained():
    one, other = ogg_flac(tone(440, 0.25), 16000, 1), ogg_flac(tone(1000, 0.25), 16000, 2)
    alone = read_audio(one)
    assert len(alone.samples) == 4000 and alone.conversions == ()
    assert np.abs(alone.samples - tone(440, 0.25)).max() < 1e-4
    both = read_audio(one + other)
    assert len(both.samples) == 8000 and np.allclose(pitches(both.samples, (0.25, 0.5)), (440, 1000), atol=5)


@pytest.mark.parametrize("kind", ["Vorbis", "Opus", "FLAC", "WAV", "CAF", "AIFF", "AU", "Wave64"])
def test_parts_of_other_rates_and_channels(kind):
    stereo = np.stack([tone(1000, 1.0, 48000), np.zeros(48000, np.float32)], axis=1)
    audio = read_audio(encoded(tone(440, 1.0), **KINDS[kind]) + encoded(stereo, 48000, **KINDS[kind]))
    assert abs(audio.duration - 2.0) < 0.05 and np.allclose(pitches(audio.samples, (0.9, 1.1, 1.9))[::2], (440, 1000), atol=5)


MIXED = ["Vorbis", "FLAC", "WAV", "RF64", "AIFF", "AIFF-C", "CAF", "MP3", "MP3 without header"]


def of_kind(kind, hertz):
    if kind.startswith("MP3"):
        data = mp3(tone(hertz, 1.0))
        return without_info(data) if kind == "MP3 without header" else data
    return encoded(tone(hertz, 1.0), **KINDS[kind])


# Where FLAC or Ogg end and an MP3 without a header begins, neither says.
PAIRS = [pair for pair in product(MIXED, MIXED) if pair not in (("Vorbis", "MP3 without header"), ("FLAC", "MP3 without header"))]


@pytest.mark.parametrize("first, second", PAIRS)
def test_recordings_in_two_containers(first, second):
    audio = read_audio(of_kind(first, 440) + of_kind(second, 1000))
    assert abs(audio.duration - 2.0) < 0.2 and np.allclose(pitches(audio.samples, (0.9, 1.1, 1.9))[::2], (440, 1000), atol=5)


def streamed(kind):
    """A header that does not say how long the recording is, as programs write it to a pipe."""
    data = bytearray(encoded(tone(440, 1.0), **KINDS[kind]))
    if kind == "WAV":
        data[4:8] = data[40:44] = b"\xff" * 4
    else:
        data[8:12] = b"\xff" * 4
    return bytes(data)


@pytest.mark.parametrize("kind", ["WAV", "AU"])
def test_joined_streams(kind):
    audio = read_audio(streamed(kind) * 3)
    assert len(audio.samples) == 48000 and audio.conversions == ("3 recordings, joined in one file, read one behind the other",)
    assert np.array_equal(audio.samples[:16000], audio.samples[32000:])
    assert len(read_audio(streamed(kind)).samples) == 16000


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "CAF", "AU", "Wave64", "RF64"])
def test_bytes_behind_a_recording_are_noted_where_they_may_be_audio(kind):
    data = encoded(tone(440, 1.0), **KINDS[kind])
    audio = read_audio(data + bytes(range(1, 201)))
    assert len(audio.samples) == 16000
    assert audio.conversions == ("200 bytes behind the end of the recording, which are no audio of a known kind, left out",)
    for harmless in (bytes(3000), b"end", b"LIST" + bytes(range(200)), id3v1()):
        assert read_audio(data + harmless).conversions == ()


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU", "Wave64", "RF64"])
def test_a_recording_that_is_cut_off_is_refused(kind):
    data = encoded(tone(440, 1.0), **KINDS[kind])
    for cut in (data[: len(data) // 2], data + data[: len(data) // 2]):
        with pytest.raises(InputError, match="cut off"):
            read_audio(cut)


def test_a_second_caf_that_is_cut_off_is_left_out():
    data = encoded(tone(440, 1.0), **KINDS["CAF"])
    audio = read_audio(data + data[: len(data) // 2])
    assert len(audio.samples) == 16000 and "left out" in " ".join(audio.conversions)


def test_what_is_not_readable_behind_the_first_is_noted():
    whole = encoded(tone(440, 1.0))
    audio = read_audio(whole + b"RIFF\x08\0\0\0WAVEjunk")
    assert len(audio.samples) == 16000 and "left out" in " ".join(audio.conversions)


def test_whole_files_are_opened_as_they_are():
    for how in KINDS.values():
        assert read_audio(encoded(tone(440, 1.0), **how)).conversions == ()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([8000, 16000, 22050]), min_size=1, max_size=4), st.floats(0, 0.9), st.floats(0.01, 1.0), st.integers(50, 5000))
def test_blocks_are_stretches_of_the_whole(rates, start, share, size):
    """Of parts of other rates, up to what a resampler rings at its edges."""
    rng = np.random.default_rng(len(rates))
    data = b"".join(encoded(rng.uniform(-0.5, 0.5, 2000).astype(np.float32), rate, subtype="FLOAT") for rate in rates)
    with opened(AudioBytes(data)) as file:
        whole = np.concatenate(list(file.blocks()))
        first = round(start * len(whole))
        count = max(1, round(share * (len(whole) - first)))
        some = np.concatenate(list(file.blocks(first, count, size)))
        assert abs(len(whole) - file.frames) <= len(rates) and len(whole) > 0
        assert abs(len(some) - count) <= len(rates)
        if len(set(rates)) == 1:
            assert np.array_equal(some, whole[first : first + count])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=9), min_size=1, max_size=5), st.binary(max_size=3), st.data())
def test_spliced_file_is_its_bytes(pieces, header, data):
    spans, place = [], 0
    for piece in pieces:
        spans.append((place, place + len(piece)))
        place += len(piece) + 1
    file, plain = Spliced(b"|".join(pieces) + b"|", Part(tuple(spans), header)), io.BytesIO(header + b"".join(pieces))
    for _ in range(6):
        if data.draw(st.booleans()):
            where = data.draw(st.integers(0, 40)), data.draw(st.sampled_from([io.SEEK_SET, io.SEEK_END]))
            where = (-min(where[0], len(plain.getvalue())), where[1]) if where[1] else where
            assert file.seek(*where) == plain.seek(*where)
        count = data.draw(st.integers(0, 12))
        assert file.read(count) == plain.read(count) and file.tell() == plain.tell()


def test_bytes_and_open_files_are_read_as_their_path(tmp_path):
    (tmp_path / "a.flac").write_bytes(encoded(tone(440, 1.0), form="FLAC"))
    data = (tmp_path / "a.flac").read_bytes()
    written = io.BytesIO()
    written.write(data)  # stands at its end
    expected = read_audio(tmp_path / "a.flac").samples
    with open(tmp_path / "a.flac", "rb") as file:
        for given_ in (str(tmp_path / "a.flac"), data, bytearray(data), memoryview(data), io.BytesIO(data), written, file):
            assert np.array_equal(read_audio(given_).samples, expected)
    with open(tmp_path / "a.flac", encoding="latin-1") as file, pytest.raises(InputError, match="opened with mode"):
        read_audio(file)
    with pytest.raises(InputError, match="<bytes>: holds 0 bytes"):
        read_audio(b"")
    with pytest.raises(InputError, match="<bytes>: not readable as audio"):
        read_audio(b"no audio" * 100)


@pytest.mark.parametrize("whole", [0, 36, None])
def test_header_that_was_not_finished(whole):
    """As a recorder leaves it that is stopped: no samples, and the size of the header, none, or the right one."""
    finished = encoded(tone(440, 0.5))
    data = unfinished(finished, whole)
    assert len(soundfile.read(io.BytesIO(data))[0]) == 0  # libsndfile believes the header
    np.testing.assert_array_equal(read_audio(data).samples, read_audio(finished).samples)
    if whole == 36:
        twice = read_audio(finished + data)
        np.testing.assert_array_equal(twice.samples, np.tile(read_audio(finished).samples, 2))
    empty = unfinished(finished, whole)[:44]
    with pytest.raises(InputError, match="holds no samples"):
        read_audio(empty)


def test_length_of_a_stream_is_what_comes():
    data = bytearray(encoded(tone(440, 1.0)))
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"  # as ffmpeg writes a WAV to a pipe
    assert len(read_audio(bytes(data)).samples) == 16000
    with soundfile.SoundFile(io.BytesIO(bytes(data))) as file:
        assert file.frames == 16000


FILES = [
    mp3(tone(440, 0.4)), without_info(mp3(tone(440, 0.4))), encoded(tone(440, 0.4), form="OGG", subtype="VORBIS"),
    ogg_flac(tone(440, 0.2), 16000, 1), encoded(tone(440, 0.2), form="FLAC"), encoded(tone(440, 0.1)),
    *(encoded(tone(440, 0.1), **KINDS[kind]) for kind in ("CAF", "ALAC", "AIFF", "AU", "Wave64", "RF64")),
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(FILES), min_size=1, max_size=3), st.data())
def test_damaged_files_are_read_or_refused(files, data):
    """Whatever is changed or cut, there is audio or a message, and nothing else."""
    damaged = bytearray(b"".join(files))
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(damaged))] * 2)))
    if data.draw(st.booleans()):
        del damaged[first:last]
    try:
        audio = read_audio(bytes(damaged))
    except InputError as error:
        assert "<bytes>: " in str(error)
    else:
        assert np.isfinite(audio.samples).all() and 0 < audio.duration < 10


def test_junk_costs_no_more_than_its_length():
    """Ten megabytes in which every other byte could begin a frame."""
    data = without_info(mp3(tone(440, 1.0)))
    audio = read_audio(data + b"\xff\x00" * 5_000_000)
    assert np.array_equal(audio.samples, read_audio(data).samples)
