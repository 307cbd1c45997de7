"""MP3s are read to their end: without a header, with a wrong one, cut off, with tags, one behind the other."""
from __future__ import annotations

import numpy as np
import pytest
from containers import encoded, id3v1, id3v2, mp3, pitches, tone, without_info

from ctcb.data.audio import read_audio, seconds_of
from ctcb.data.audio_file import opened
from ctcb.data.mpeg import behind_tags, frame_at
from ctcb.data.recording import recorded
from ctcb.data.source import AudioBytes
from ctcb.errors import InputError

LOW, HIGH = tone(440, 2.0), tone(1000, 1.0)
MODES = ("CONSTANT", "VARIABLE", "AVERAGE")


def frame_samples(rate):
    return 1152 if rate >= 32000 else 576  # ISO/IEC 11172-3 and 13818-3


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels", [1, 2])
def test_without_header_it_is_as_long_as_its_frames(rate, mode, channels):
    # The second half needs a multiple of the bits of the first, so that a guess by the first frames is far off.
    noise = 0.3 * np.random.default_rng(0).standard_normal(2 * rate)
    samples = np.stack([np.concatenate([tone(440, 2.0, rate), noise])] * channels, axis=1).astype(np.float32)
    whole = mp3(samples, rate, mode)
    bare = without_info(whole)
    audio = read_audio(bare)
    count = round(audio.duration * rate / frame_samples(rate))
    assert abs(audio.duration - count * frame_samples(rate) / rate) < 1e-3
    # LAME puts at most three frames more in than the samples need.
    assert len(samples) <= count * frame_samples(rate) <= len(samples) + 4 * frame_samples(rate)
    assert abs(seconds_of(AudioBytes(bare)) - audio.duration) < 1e-3
    # The same as with the header, but for the encoder's and the decoder's delay, which that one tells.
    told, found = samples_of(whole), samples_of(bare)
    place = slice(round(2.2 * rate), round(2.5 * rate))  # of noise, which is like itself at one place only
    at = int(np.correlate(found[place.start : place.stop + 3000], told[place], "valid").argmax())
    size = min(len(told), len(found) - at)
    assert 500 < at < 2500 and np.abs(found[at : at + size] - told[:size]).max() < 1e-4


def samples_of(data):
    """The first channel at the file's own rate."""
    with opened(AudioBytes(data)) as file:
        return np.concatenate(list(file.blocks()))[:, 0]


def test_variable_bit_rate_alone_would_mislead():
    """The case is one: libsndfile by itself reads another length."""
    import io

    import soundfile

    bare = without_info(mp3(np.concatenate([np.zeros(16000, np.float32), tone(440, 3.0)])))
    with soundfile.SoundFile(io.BytesIO(bare)) as file:
        assert abs(file.frames / 16000 - 4.0) > 0.3
    assert abs(read_audio(bare).duration - 4.0) < 0.15


@pytest.mark.parametrize("before, behind", [(id3v2(), b""), (b"", id3v1()), (id3v2(3000) + id3v2(10), id3v1()), (b"", b"APETAGEX" + bytes(24))])
def test_tags_are_no_audio(before, behind):
    for data in (mp3(LOW), without_info(mp3(LOW))):
        with_tags = read_audio(before + data + behind)
        assert np.array_equal(with_tags.samples, read_audio(data).samples) and with_tags.conversions == ()


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_cut_off_is_refused_by_the_header(share):
    for mode in MODES:
        data = mp3(tone(440, 4.0), mode=mode)
        with pytest.raises(InputError, match="cut off: .* of the 4.00 s"):
            read_audio(data[: int(len(data) * share)])


def test_cut_off_without_header_is_taken_with_a_note():
    data = without_info(mp3(LOW, mode="CONSTANT"))
    place, ends = 0, []
    while place < len(data):
        place += frame_at(data, place).size
        ends.append(place)
    audio = read_audio(data[: ends[20] + 7])
    assert len(audio.samples) == 21 * 576 and "no header says how much is missing" in " ".join(audio.conversions)
    assert read_audio(data[: ends[20]]).conversions == ()


def test_header_of_fraunhofer_names_the_frames():
    data = without_info(mp3(LOW))
    count = len(read_audio(data).samples) // 576

    def vbri(frames):
        body = data[:4] + bytes(32) + b"VBRI" + bytes((0, 1, 0, 0, 0, 75)) + bytes(4) + frames.to_bytes(4, "big")
        return body.ljust(frame_at(data, 0).size, b"\0") + data

    assert np.array_equal(read_audio(vbri(count)).samples, read_audio(data).samples)
    with pytest.raises(InputError, match="cut off"):
        read_audio(vbri(2 * count))


@pytest.mark.parametrize("between", [b"", id3v1(), id3v2(), id3v1() + id3v2(500), bytes(700)])
@pytest.mark.parametrize("second_has_header", [True, False])
@pytest.mark.parametrize("first_has_header", [True, False])
def test_joined_files_are_read_to_their_end(between, first_has_header, second_has_header):
    first, second = (data if has else without_info(data) for data, has in ((mp3(LOW), first_has_header), (mp3(HIGH), second_has_header)))
    audio = read_audio(first + between + second)
    alone = [read_audio(data).duration for data in (first, second)]
    assert abs(audio.duration - sum(alone)) < 0.05
    low, _, high = pitches(audio.samples, (1.8, 2.2, sum(alone) - 0.2))
    assert abs(low - 440) < 5 and abs(high - 1000) < 5
    if second_has_header:
        assert "2 recordings, joined in one file" in " ".join(audio.conversions)


def test_joined_files_of_other_rates_and_channels():
    second = np.stack([tone(1000, 1.0, 44100)] * 2, axis=1)
    audio = read_audio(mp3(LOW) + mp3(second, 44100) + without_info(mp3(tone(600, 1.0, 8000), 8000)))
    assert abs(audio.duration - 4.0) < 0.2
    assert np.allclose(pitches(audio.samples, (1.9, 2.1, 2.9, 3.2, 3.9))[::2], (440, 1000, 600), atol=5)


def test_a_cut_off_first_part_is_told():
    first, second = mp3(tone(440, 4.0)), mp3(HIGH)
    with pytest.raises(InputError, match="cut off"):
        read_audio(first[: len(first) // 2] + second)


def test_damage_in_the_middle_is_noted():
    data = without_info(mp3(LOW))
    at = len(data) // 2
    audio = read_audio(data[:at] + bytes(5000) + data[at:])
    assert 1.9 < audio.duration < 2.2 and "no audio, skipped" in " ".join(audio.conversions)


@pytest.mark.parametrize("start, duration", [(0.0, 0.7), (0.5, 1.0), (1.5, 1.0), (2.5, 0.4)])
def test_stretches_of_joined_files(start, duration):
    data = mp3(LOW) + mp3(HIGH)
    whole, part = read_audio(data).samples, read_audio(data, start, duration).samples
    assert np.abs(part - whole[round(start * 16000) : round((start + duration) * 16000)]).max() < 1e-4
    with recorded(data, start, duration) as recording:
        assert np.abs(recording.read(0, recording.samples) - part).max() < 1e-4


def test_other_bytes_are_no_frames():
    assert frame_at(b"\xff\xff\xff\xff", 0) is None and frame_at(b"\xff\xfb\x00\xc0", 0) is None and frame_at(b"\xff\xfb", 0) is None
    # 128 kbit/s at 44.1 kHz: 417 bytes, 418 with padding (the standard's own example).
    assert [frame_at(bytes((0xFF, 0xFB, third, 0xC0)), 0).size for third in (0x90, 0x92)] == [417, 418]
    assert behind_tags(id3v2(40) + b"x", 0) == 50
    assert read_audio(encoded(LOW)).duration == 2.0


@pytest.mark.parametrize("size", [700, 4000, 1 << 18])
@pytest.mark.parametrize("header", [True, False])
def test_blocks_are_the_whole_where_frames_are_small(size, header):
    """A steady tone takes so few bits that what a frame codes lies in many frames before it."""
    data = mp3(tone(440, 3.0)) if header else without_info(mp3(tone(440, 3.0)))
    with opened(AudioBytes(data)) as file:
        whole = np.concatenate(list(file.blocks()))
        assert np.abs(np.concatenate(list(file.blocks(size=size))) - whole).max() < 1e-6
        for first in (100, 5000, 20000, 30001):
            assert np.abs(np.concatenate(list(file.blocks(first, 8000, size))) - whole[first : first + 8000]).max() < 1e-4
