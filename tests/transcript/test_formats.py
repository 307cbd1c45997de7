"""Transcripts as subtitles, TextGrids and explanations: the formats' rules, and cases worked by hand."""
from __future__ import annotations

import hashlib
import json
import re
from datetime import date

import numpy as np
import pytest
from constructed import MET, PIECES, log_probs, write

from ctcb import __version__
from ctcb.transcript.explain import as_explanation, changes
from ctcb.transcript.formats import FORMATS
from ctcb.transcript.hypothesis import FoundEntity, Word
from ctcb.transcript.subtitles import LONGEST, cues
from ctcb.transcript.textgrid import as_textgrid
from ctcb.transcript.transcript import Transcript


def said(*words, entities=(), before=None, seconds=10.0):
    """A transcript of (word, start, end)."""
    words = tuple(Word(word, start, end, 0.9) for word, start, end in words)
    return Transcript("u1", " ".join(word.word for word in words), -1.0, words, tuple(entities), (), seconds, before)


def found(entity, first, end, start, stop, why=("subword",)):
    return FoundEntity(entity, 0, (first, end), start, stop, why, 2.5)


NAMED = said(
    ("we", 0.0, 0.2), ("met", 0.3, 0.6), ("lodz", 0.7, 1.0), ("town", 1.0, 1.3), ("today", 62.5, 63.0),
    entities=[found("Łódź Town", 2, 4, 0.7, 1.3)], seconds=64.0, before="we met louts down today",
)  # fmt: skip


def test_subtitles_by_hand():
    assert FORMATS["srt"].write(NAMED) == (
        "1\n00:00:00,000 --> 00:00:01,300\nwe met Łódź Town\n\n2\n00:01:02,500 --> 00:01:03,500\ntoday\n\n"
    )
    assert FORMATS["vtt"].write(said(("a<b", 0.0, 2.0))) == "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\na&lt;b\n\n"


@pytest.mark.parametrize("seed", range(5))
def test_subtitles_respect_length_limits(seed):
    rng = np.random.default_rng(seed)
    starts = np.cumsum(rng.exponential(0.5, 300))
    words = [Word("x" * rng.integers(1, 14), start, start + gap * 0.9, 0.5) for start, gap in zip(starts, np.diff(starts))]
    made = cues(words)
    assert " ".join(line for cue in made for line in cue.lines) == " ".join(word.word for word in words)
    assert all(len(cue.lines) <= 2 and all(len(line) <= 42 for line in cue.lines) for cue in made)
    assert all(cue.end - cue.start <= LONGEST for cue in made)
    assert all(one.end <= other.start + 1e-9 for one, other in zip(made, made[1:]))


def tiers(text):
    """The intervals of each tier, read by the format's definition: numbers and quoted strings in order."""
    values = re.findall(r'"((?:[^"]|"")*)"|(?<![\w\[])(-?\d+(?:\.\d+)?)(?![\w\]])|<exists>', text)
    flat = [quoted.replace('""', '"') if quoted or not number else float(number) for quoted, number in values]
    assert flat[:2] == ["ooTextFile", "TextGrid"]
    end, at, read = flat[3], 6, {}
    for _ in range(int(flat[5])):
        _, name, low, high, count = flat[at : at + 5]
        rows = [tuple(flat[at + 5 + 3 * i : at + 8 + 3 * i]) for i in range(int(count))]
        assert low == 0 and high == end
        assert rows[0][0] == 0 and rows[-1][1] == end
        assert all(a[1] == b[0] for a, b in zip(rows, rows[1:])) and all(a < b for a, b, _ in rows)
        read[name], at = rows, at + 5 + 3 * int(count)
    assert at == len(flat)
    return read


def test_textgrid_is_filled_without_gaps():
    read = tiers(as_textgrid(NAMED))
    assert [row[2] for row in read["words"]] == ["we", "", "met", "", "lodz", "town", "", "today", ""]
    assert read["names"] == [(0, 0.7, ""), (0.7, 1.3, "Łódź Town"), (1.3, 64, "")]
    assert tiers(as_textgrid(said())) == {"words": [(0, 10, "")], "names": [(0, 10, "")]}
    touching = tiers(as_textgrid(said(('say "hi"', 0.0, 0.5), ("b", 0.5, 0.5), ("c", 0.4, 10.2))))["words"]
    assert [row[2] for row in touching if row[2]] == ['say "hi"', "b", "c"]


def test_changes_by_the_list():
    assert [(one.before, one.after, len(one.entities)) for one in changes(NAMED)] == [("louts down", "lodz town", 1)]
    told = as_explanation(NAMED)
    assert "without the list: we met louts down today" in told and "with the list:    we met Łódź Town today" in told
    assert "Łódź Town, in place of 'louts down'; subword, +2.5" in told
    beside = said(("a", 0, 1), ("bee", 1, 2), ("ann", 2, 3), entities=[found("Ann", 2, 3, 2, 3)], before="a ann")
    assert "Ann, recognised without the list as well" in as_explanation(beside)
    assert "beside the names: '(nothing)' became 'bee'" in as_explanation(beside)
    assert as_explanation(said(("a", 0, 1), before="a")) == "u1\n  with and without the list: a\n"


def test_printed_names_and_their_confidence():
    assert [unit.word for unit in NAMED.shown] == ["we", "met", "Łódź Town", "today"]
    row = NAMED.to_dict()
    assert row["shown"] == "we met Łódź Town today" and row["entities"][0]["conf"] == 0.9 and row["seconds"] == 64.0


@pytest.fixture
def emissions(tmp_path):
    (tmp_path / "names.txt").write_text("Bob\n")
    return ["--entities", tmp_path / "names.txt", *write(tmp_path, {"u1": log_probs(PIECES, MET), "u2": log_probs(PIECES, MET[:4])})]


def test_explain_command(ctcb, emissions, tmp_path):
    ran = ctcb("decode", *emissions, "--explain")
    assert ran.code == 0, ran.err
    assert "without the list: ann met bov" in ran.out and "Bob, in place of 'bov'; subword" in ran.out
    assert "u2\n  with and without the list: ann met" in ran.out
    assert ctcb("decode", *emissions, "--explain", "--out", tmp_path / "out").code == 0
    assert (tmp_path / "out/explain.txt").read_text() == ran.out
    rows = [json.loads(line) for line in (tmp_path / "out/hyps.jsonl").read_text().splitlines()]
    assert [row["before"] for row in rows] == ["ann met bov", "ann met"]
    assert ctcb("decode", *emissions[2:], "--explain").code == 2


def test_formats_with_one_file_per_recording(ctcb, emissions, tmp_path):
    ran = ctcb("decode", *emissions, "--format", "srt")
    assert ran.code == 2 and "--out DIR" in ran.err
    assert ctcb("decode", *emissions, "--format", "srt", "--out", tmp_path / "out").code == 0
    assert (tmp_path / "out/u1.srt").read_text().splitlines()[2] == "ann met Bob"
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "hyps.ctm", "hyps.jsonl", "hyps.stm", "settings.json", "text", "u1.srt", "u2.srt",
    ]


def test_settings_name_what_was_used(ctcb, emissions, tmp_path):
    assert ctcb("decode", *emissions, "--out", tmp_path / "out").code == 0
    settings = json.loads((tmp_path / "out/settings.json").read_text())
    names = tmp_path / "names.txt"
    assert settings["entities"] == {"file": str(names), "sha256": hashlib.sha256(names.read_bytes()).hexdigest()}
    assert settings["lm"] is None and settings["search"] == "beam" and "subword" in settings["techniques"]
    assert settings["ctcb"] == __version__ and date.fromisoformat(settings["date"]) <= date.today()
    assert settings["model"]["name"].endswith(".npz") and len(settings["model"]["tokens"]) == 16
