"""Long recordings: windows joined on emissions, segments cut at pauses, resumed runs."""
from __future__ import annotations

import math

import numpy as np
import pytest

from ctcb.acoustic.long_form import LONGEST, Grid, join, stretches, stretches_of_windows
from ctcb.ctc.emissions import Emissions

RATE, FRAME = 16_000, 640.0
SECOND = int(RATE / FRAME)


def world(seconds, seed=0):
    """Emissions [T, 4] of a recording with three tokens, and its samples, whose values are the frame numbers."""
    rng = np.random.default_rng(seed)
    table = np.full((int(seconds * SECOND), 4), math.log(0.02), np.float32)
    spoken = rng.random(len(table)) < 0.4
    spoken[:: 9 * SECOND] = False
    table[np.arange(len(table)), np.where(spoken, rng.integers(1, 4, len(table)), 0)] = math.log(0.94)
    return table, np.repeat(np.arange(len(table), dtype=np.float32), int(FRAME))


def perfect(table):
    """A model that emits the recording's own emissions for a window, and the frame numbers in the place of phones."""

    def hear(windows):
        frames = [samples[:: int(FRAME)].astype(int) for samples in windows]
        return [Emissions(table[one], one[:, None].astype(np.float32)) for one in frames]

    return hear


@pytest.mark.parametrize("seconds", [41, 60.04, 64, 123.4])
@pytest.mark.parametrize("batch", [1, 3])
def test_every_frame_is_emitted_once(seconds, batch):
    table, samples = world(seconds)
    parts = list(stretches_of_windows(lambda a, b: samples[a:b], perfect(table), Grid(len(samples), FRAME), 0, batch=batch))
    assert np.array_equal(np.concatenate([part.emissions.tokens for part in parts]), table)
    assert np.array_equal(np.concatenate([part.emissions.phones for part in parts])[:, 0], np.arange(len(table)))
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert [part.first for part in parts] == [0, *np.cumsum([len(part.emissions) for part in parts])[:-1]]
    assert all(len(part.emissions) <= LONGEST * SECOND for part in parts)


def test_resuming_in_the_middle_gives_the_same_emissions():
    table, samples = world(150)
    # A model that errs differently in every window, most at its edges.
    def hear(windows):
        out = []
        for one in windows:
            frames = one[:: int(FRAME)].astype(int)
            noise = np.random.default_rng(frames[0]).normal(0, 1, (len(frames), 4)) * np.linspace(1, -1, len(frames))[:, None] ** 4
            logits = table[frames] + noise
            out.append(Emissions((logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)))
        return out

    run = lambda known=0: list(stretches_of_windows(lambda a, b: samples[a:b], hear, Grid(len(samples), FRAME), 0, known))  # noqa: E731
    whole = run()
    for place in range(1, len(whole)):
        rest = run(whole[place].first)
        assert [part.first for part in rest] == [part.first for part in whole[place:]]
        assert all(np.array_equal(a.emissions.tokens, b.emissions.tokens) for a, b in zip(rest, whole[place:]))


def test_windows_are_joined_in_silence():
    grid = Grid(int(44 * RATE), FRAME)
    overlap = grid.overlap
    loud, calm = np.full((600, 2), math.log(0.5), np.float32), (math.log(0.99), math.log(0.01))
    first, second = loud.copy(), loud.copy()
    first[grid.hop + 60 : grid.hop + 70] = calm  # a pause for both,
    second[60:70] = calm
    first[grid.hop + 30 : grid.hop + 45] = calm  # and one for the first alone
    pieces = list(join([(0, Emissions(first)), (1, Emissions(second))], grid, 0))
    assert len(pieces) == 2 and grid.hop + 60 <= len(pieces[0]) <= grid.hop + 70 and overlap == 100
    assert len(pieces[0]) + len(pieces[1]) == grid.hop + 600


def test_segments_end_in_the_longest_pause():
    blank = np.full((40 * SECOND, 2), math.log(0.3), np.float32)
    for start, length in ((3, 30), (10, 5), (15, 12), (20, 8)):  # the first one is too early
        blank[start * SECOND : start * SECOND + length, 0] = math.log(0.9)
    made = list(stretches([Emissions(blank[:700]), Emissions(blank[700:])], SECOND, 0))
    assert [part.first for part in made][1] == 15 * SECOND + 6 and made[-1].last


def test_command_decodes_a_long_recording(ctcb, model_dir, tmp_path):
    """The text is that of the segments; an interrupted run resumes and writes the same bytes."""
    import json

    import soundfile
    from tones import say, sentences

    samples = np.concatenate([say(text, seed=number) for number, text in enumerate(sentences(60, seed=5))])
    samples = samples[: 100 * RATE]
    assert len(samples) > 60 * RATE
    soundfile.write(str(tmp_path / "long.flac"), samples, RATE)
    soundfile.write(str(tmp_path / "short.flac"), samples[: 5 * RATE], RATE)
    inputs = [tmp_path / "long.flac", tmp_path / "short.flac"]
    assert ctcb("decode", "--model", model_dir, *inputs, "--out", tmp_path / "out").code == 0
    rows = [json.loads(line) for line in (tmp_path / "out/hyps.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["long", "short"] and not (tmp_path / "out/.decode.jsonl").exists()
    starts = [word["start"] for word in rows[0]["words"]]
    assert starts == sorted(starts) and abs(rows[0]["seconds"] - len(samples) / RATE) < 0.1
    assert ctcb("emit", "--model", model_dir, *inputs, "--out", tmp_path / "e.npz").code == 0
    assert len(np.load(tmp_path / "e.npz")["long"]) == round(rows[0]["seconds"] / 0.04)

    from ctcb.decoding import journal

    written, stop = [], journal.to_plain
    def stopping(transcript):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(transcript)
        return stop(transcript)

    journal.to_plain = stopping
    try:
        stopped = ctcb("decode", "--model", model_dir, *inputs, "--out", tmp_path / "again")
    finally:
        journal.to_plain = stop
    assert stopped.code == 130 and "--resume goes on" in stopped.err
    assert [file.name for file in (tmp_path / "again").iterdir()] == [".decode.jsonl"]
    other = ctcb("decode", "--model", model_dir, *inputs, "--out", tmp_path / "again", "--resume", "--method", "beam")
    assert other.code == 2 and "other inputs, lists or options" in other.err
    assert ctcb("decode", "--model", model_dir, *inputs, "--out", tmp_path / "again", "--resume").code == 0
    for name in ("text", "hyps.jsonl", "hyps.ctm"):
        assert (tmp_path / "again" / name).read_text() == (tmp_path / "out" / name).read_text()


def test_a_whisper_model_gets_windows_where_others_take_the_whole(lang_dir, tmp_path):
    """35 s are more than Whisper's encoder takes at once, and less than the other kinds of models do."""
    import soundfile
    import torch

    from ctcb.acoustic.directory import LoadedModel
    from ctcb.acoustic.directory_model import DirectoryModel
    from ctcb.acoustic.emit import emit, in_one, stretches_of
    from ctcb.data.features import FeatureConfig
    from ctcb.data.inputs import Utterance
    from ctcb.models.config import EncoderConfig, InterCtc, ModelConfig, WhisperConfig
    from ctcb.models.ctc import CtcModel
    from ctcb.text.lang import Lang

    torch.manual_seed(1)
    lang = Lang.load(lang_dir)
    sizes = {"num_subwords": len(lang.tokenizer), "num_phones": len(lang.phones), "inter_ctc": (InterCtc(1, "phone"),)}
    encoder = EncoderConfig(dim=16, layers=2, heads=1, ff_dim=16, conv_kernel=5)
    whisper = ModelConfig(whisper=WhisperConfig(dim=16, layers=1, heads=1, tap=1), encoder=encoder, **sizes)
    samples = np.random.default_rng(0).normal(0, 0.1, 35 * RATE).astype(np.float32)
    soundfile.write(str(tmp_path / "a.wav"), samples, RATE)
    found = {}
    for name, config, features in (("whisper", whisper, FeatureConfig("whisper")), ("conformer", ModelConfig(encoder=encoder, **sizes), FeatureConfig())):
        model = DirectoryModel(LoadedModel(CtcModel(config).eval(), features, lang))
        parts = list(emit(model, [Utterance("a", tmp_path / "a.wav")]))
        assert all(part.error is None for part in parts)
        (whole,) = in_one(iter(parts))
        alike = np.concatenate([part.emissions.tokens for part in stretches_of(model, samples)])
        assert len(whole.emissions) == len(whole.emissions.phones) == len(alike)
        found[name] = model.max_seconds, len(parts) > 1, round(len(whole.emissions) * model.frame_shift)
    assert found == {"whisper": (29.0, True, 35), "conformer": (40.0, False, 35)}
