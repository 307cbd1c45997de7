"""The rows of docs/bad_input.md about audio: each bad file beside a good one, which must be decoded as usual."""
from __future__ import annotations

import os
import struct

import numpy as np
import pytest
import soundfile
from containers import encoded, mp3, unfinished, without_info
from tones import RATE, say

from ctcb.data import ffmpeg

SAID = say("ann met bob cat dan")


def written(path, samples=SAID, rate=RATE, **how):
    how.setdefault("format", "MP3" if path.suffix == ".mp3" else path.suffix[1:].upper())
    soundfile.write(os.fsencode(path), samples, rate, **how)


def half(path, **how):
    written(path, np.random.default_rng(0).uniform(-0.5, 0.5, RATE).astype(np.float32), **how)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def header(path, rate=RATE, frames=1000):
    """A WAV file with this header and ``frames`` samples."""
    data = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + 2 * frames, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate & 0xFFFFFFFF, 2, 16, b"data", 2 * frames)
    path.write_bytes(data + bytes(2 * frames))


def odd_samples(value):
    samples = SAID.copy()
    samples[1000] = value
    return lambda path: written(path, samples, subtype="FLOAT")


def without_rights(path):
    written(path)
    path.chmod(0)


def far_link(path):
    path.symlink_to(path.with_name("nowhere.wav"))


def loop(path):
    path.symlink_to(path)


ROOT = os.geteuid() == 0
# Row -> (the file's name, what makes it, what is said of it or None where it is taken, what is noted)
TAKEN = {
    "8 kHz": ("x.wav", lambda path: written(path, SAID[::2], 8000), "8000 Hz resampled to 16000 Hz in 1 file"),
    "96 kHz": ("x.wav", lambda path: written(path, np.repeat(SAID, 6), 96000), "96000 Hz resampled to 16000 Hz in 1 file"),
    "6 channels": ("x.wav", lambda path: written(path, np.stack([SAID] * 6, 1)), "6 channels mixed to mono in 1 file"),
    "24 bits": ("x.wav", lambda path: written(path, subtype="PCM_24"), ""),
    "an MP3 without its header": ("x.mp3", lambda path: path.write_bytes(without_info(mp3(SAID))), ""),
    "an MP3 that is cut off and has no header": (
        "x.mp3", lambda path: path.write_bytes(without_info(mp3(SAID))[:-20]), "cut off within the last frame, and no header says how much is missing"
    ),
    "joined MP3s": ("x.mp3", lambda path: path.write_bytes(2 * mp3(SAID)), "2 recordings, joined in one file, read one behind the other"),
    "a CAF and a WAV in one file": (
        "x.caf", lambda path: path.write_bytes(encoded(SAID, form="CAF", subtype="PCM_16") + encoded(SAID)),
        "2 recordings, joined in one file, read one behind the other",
    ),
    "bytes behind a WAV's end": (
        "x.wav", lambda path: path.write_bytes(encoded(SAID) + b"junk of " * 37 + b"some"),
        "300 bytes behind the end of the recording, which are no audio of a known kind, left out",
    ),
    "a WAV whose header was not finished": ("x.wav", lambda path: path.write_bytes(unfinished(encoded(SAID))), "its header was not finished; read to the end"),
    "chained Ogg": (
        "x.ogg", lambda path: path.write_bytes(2 * encoded(SAID, form="OGG", subtype="OPUS")),
        "2 recordings, joined in one file, read one behind the other",
    ),
    "silence": ("x.wav", lambda path: written(path, np.zeros(RATE, np.float32)), ""),
    "clipping": ("x.wav", lambda path: written(path, np.clip(50 * SAID, -1, 1)), ""),
    "0.01 s": ("x.wav", lambda path: written(path, SAID[:160]), ""),
    "1 sample": ("x.wav", lambda path: written(path, SAID[:1]), ""),
    "another format than the suffix says": ("x.mp3", lambda path: written(path, format="FLAC"), ""),
    "a name with white space and a newline": ("x y\nz.wav", written, ""),
    "a name that is not UTF-8": (os.fsdecode(b"x\xff\xfe.wav"), written, ""),
    "a name with a terminal's control codes": ("x\x1b[2J.wav", written, ""),
    "a name that begins with a hyphen": ("-x.wav", written, ""),
}
REFUSED = {
    "0 bytes": ("x.wav", lambda path: path.touch(), "the file is empty (0 bytes)"),
    "no samples": ("x.wav", lambda path: written(path, SAID[:0]), "holds no samples"),
    "text": ("x.wav", lambda path: path.write_text("no audio\n" * 99), "not readable as audio"),
    "random bytes": ("x.ogg", lambda path: path.write_bytes(np.random.default_rng(0).bytes(5000)), "not readable as audio"),
    "a cut off WAV": ("x.wav", half, "the audio is cut off: 0.50 s of the 1.00 s"),
    "a cut off FLAC": ("x.flac", half, "x.flac: "),
    "a cut off MP3": ("x.mp3", half, "x.mp3: "),
    "a cut off Ogg": ("x.ogg", half, "x.ogg: "),
    "NaN samples": ("x.wav", odd_samples(np.nan), "NaN or infinite samples"),
    "infinite samples": ("x.wav", odd_samples(np.inf), "NaN or infinite samples"),
    "a header with 1 Hz": ("x.wav", lambda path: header(path, rate=1), "1 samples a second"),
    "a header with 4 GHz": ("x.wav", lambda path: header(path, rate=2**32 - 1), "x.wav: "),
    "a folder of that name": ("x.wav", lambda path: path.mkdir(), "this is a folder"),
    "a link that leads nowhere": ("x.wav", far_link, "no such file"),
    "a link to itself": ("x.wav", loop, "cannot be read"),
    "a named pipe": ("x.wav", os.mkfifo, "is no regular file"),
    "a device": ("x.wav", lambda path: path.symlink_to("/dev/zero"), "is no regular file"),
    "no permission": ("x.wav", without_rights, "cannot be read (Permission denied)"),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    written(tmp_path / "in/good.wav")
    return tmp_path / "in"


@pytest.fixture(scope="module")
def alone(model_dir, tmp_path_factory):
    """The text of the good file alone."""
    from ctcb.decoding.builder import Config, build

    path = tmp_path_factory.mktemp("good") / "good.wav"
    written(path)
    return build(Config(model_dir, bias="none", method="greedy")).transcribe(path).text


@pytest.mark.parametrize("row", TAKEN)
def test_is_accepted(ctcb, model_dir, folder, alone, row):
    name, make, note = TAKEN[row]
    make(folder / name)
    ran = ctcb("decode", "--model", model_dir, folder)
    ids = [line.split()[0] for line in ran.out.splitlines()]
    assert ran.code == 0 and note in ran.err and "good" in ids and len(ids) == 2, ran.err
    assert f"good {alone}".rstrip() in ran.out.splitlines()
    assert ran.out.replace("\n", "").isprintable() and ran.err.replace("\n", "").isprintable()


@pytest.mark.parametrize("row", REFUSED)
def test_is_named_and_the_others_are_decoded(ctcb, model_dir, folder, alone, row, monkeypatch):
    name, make, said = REFUSED[row]
    make(folder / name)
    monkeypatch.setattr(ffmpeg, "installed", lambda: False)
    if row == "no permission" and ROOT:
        # To root no file is closed: what the file system would say to others is said here.
        def closed(path, mode="r", *more, real=soundfile.SoundFile, **named):
            if path.endswith(b"x.wav"):
                raise PermissionError(13, "Permission denied")
            return real(path, mode, *more, **named)

        monkeypatch.setattr(soundfile, "SoundFile", closed)
    (folder.parent / "m.tsv").write_text(f"utt_id\taudio\ttext\ngood\tin/good.wav\t\nbad\tin/{name}\t\n")
    ran = ctcb("decode", "--model", model_dir, folder.parent / "m.tsv")
    assert ran.out == f"good {alone}".rstrip() + "\n" and ran.code == 1
    told, summary = [line for line in ran.err.splitlines() if "note:" not in line]
    assert said in told and str(folder / name) in told
    assert summary == "ctcb: 1 of 2 utterances could not be decoded (named above)"


def test_bad_file_alone_gives_exit_code_2(ctcb, model_dir, folder):
    (folder / "good.wav").write_text("no audio")
    ran = ctcb("decode", "--model", model_dir, folder / "good.wav")
    assert ran.code == 2 and ran.out == "" and len(ran.err.splitlines()) == 1


def test_broken_links_in_a_folder_are_reported(ctcb, model_dir, folder):
    far_link(folder / "x.wav")
    ran = ctcb("decode", "--model", model_dir, folder)
    assert ran.code == 1 and "x.wav: no such file" in ran.err


@pytest.mark.parametrize("place", ["prepare", "forward"])
def test_unexpected_error_affects_one_file(ctcb, model_dir, folder, monkeypatch, place):
    written(folder / "x.wav", np.zeros(3 * RATE, np.float32))
    from ctcb.acoustic.directory_model import DirectoryModel

    plain = getattr(DirectoryModel, place)

    def failing(model, given, *more):
        if len(given) > 2 * RATE if place == "prepare" else max(map(len, given)) > 200:
            raise MemoryError("no room")
        return plain(model, given, *more)

    monkeypatch.setattr(DirectoryModel, place, failing)
    ran = ctcb("decode", "--model", model_dir, "--jobs", 1, folder)
    assert ran.code == 1 and len(ran.out.splitlines()) == 1
    assert "x.wav: failed: MemoryError: no room" in ran.err and "1 of 2 utterances" in ran.err


@pytest.mark.slow
def test_recording_of_three_hours(ctcb, model_dir, tmp_path):
    with soundfile.SoundFile(str(tmp_path / "long.flac"), "w", 8000, 1) as file:
        for _ in range(180):
            file.write(np.concatenate([SAID[::2], np.zeros(60 * 8000 - len(SAID[::2]), np.float32)]))
    ran = ctcb("decode", "--model", model_dir, "--format", "jsonl", tmp_path / "long.flac")
    assert ran.code == 0 and '"seconds": 10800' in ran.out


def test_truncated_long_recording_is_decoded_with_a_note(ctcb, model_dir, tmp_path):
    long = np.tile(np.concatenate([SAID, np.zeros(RATE, np.float32)]), 40)
    written(tmp_path / "long.wav", long)
    data = (tmp_path / "long.wav").read_bytes()
    (tmp_path / "long.wav").write_bytes(data[: len(data) * 2 // 3])
    ran = ctcb("decode", "--model", model_dir, tmp_path / "long.wav")
    assert ran.code == 0 and "note: cut off before the end that the header names, and taken as it is, in 1 file" in ran.err
