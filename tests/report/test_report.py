"""The HTML report: whole, self-contained, escaped, and of the same numbers as the score."""
from __future__ import annotations

import base64
import io
import json
import re
from hashlib import sha256
from html.parser import HTMLParser

import pytest
import soundfile
from tones import write_manifest

from ctcb import __version__
from ctcb.report.changed import changed
from ctcb.report.measured import MEANINGS, measure_rows, verdict
from ctcb.scoring.measures import ABSENT_FALSE_ALARMS, MEASURES
from ctcb.scoring.score import score
from ctcb.transcript.explained import BoostFit, ExplainedName, Hint, TokenFit

TEXTS = ["ann met bob", "dan met ann", "met met met", "ann met dan"]
VOID = {"meta", "br", "img", "input", "link", "hr"}


class Reader(HTMLParser):
    """The words of a page, the addresses that it names, its elements' attributes, and whether its tags nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.words, self.elements = [], [], [], []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.addresses += [value for name, value in attributes if name in ("src", "href", "action", "data") and not value.startswith("#")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def told(self):
        """The words, one space apart."""
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def files(tmp_path):
    """A manifest with audio, a list, transcripts with and without it, and an ablation."""
    manifest = write_manifest(tmp_path / "data", TEXTS)
    (tmp_path / "names.txt").write_text("Bob\tweight=2.0\nDan\nÉve <b>\n")
    rows = [
        ("u000", "ann met bob", "ann met bop", ["subword"]), ("u001", "dan met bob", "dan met ann", ["lookup"]), ("u002", "met met met", "met met met", []),
        ("u003", "ann met den", "ann met den", []),
    ]  # fmt: skip
    with open(tmp_path / "hyps.jsonl", "w") as file:
        for utt_id, text, before, why in rows:
            entities = [{"entity": "Bob", "why": why}] if why else []
            words = [{"word": word, "start": 0.1 + 0.32 * place, "end": 0.34 + 0.32 * place} for place, word in enumerate(text.split())]
            file.write(json.dumps({"id": utt_id, "text": text, "before": before, "words": words, "entities": entities}) + "\n")
    (tmp_path / "settings.json").write_text(json.dumps({
        "ctcb": "0.0.9", "date": "2026-01-02", "model": {"name": "exp/<model>", "fingerprint": "0123456789abcdef"}, "lm": None,
        "entities": {"file": "names.txt", "sha256": sha256((tmp_path / "names.txt").read_bytes()).hexdigest()}, "techniques": ["subword"],
        "options": {"beam": 16},
    }))  # fmt: skip
    systems = [
        {"system": name, "measures": {"entity_f1": {"value": f1, "low": low, "high": high}}, ABSENT_FALSE_ALARMS.name: alarms}
        for name, f1, low, high, alarms in (("none", 0.1, 0.05, 0.2, None), ("<joint>", 0.8, None, None, {"value": 1.25, "low": None, "high": None}))
    ]
    (tmp_path / "ladder.json").write_text(json.dumps(
        [{"set": "dev & co", "utterances": 3, "entities": 3, "distractors_added": 0, "systems": systems}]
    ))  # fmt: skip
    return manifest, tmp_path


@pytest.fixture
def report(ctcb, files):
    """Write a report of the files; returns the run and the page's text."""
    manifest, folder = files

    def call(*words):
        out = folder / "r.html"
        ran = ctcb("report", "--ref", manifest, "--hyp", folder / "hyps.jsonl", "--entities", folder / "names.txt", "--out", out, *words)
        return ran, out.read_text() if out.exists() else ""

    return call


def test_command_writes_a_page(report, files):
    manifest, folder = files
    ran, text = report("--ablation", folder / "ladder.json", "--title", "A <title>")
    assert ran.code == 0, ran.err
    read = Reader(text)
    assert read.addresses and all(address.startswith("data:audio/") for address in read.addresses)
    assert not re.search(r"https?://|<script|@import|url\(", text)
    told = read.told
    assert "A <title>" in told and "dev & co" in told and "<joint>" in told and "beam 16" in told
    assert "Bob: subword" in told and "u000" in told and "+1 name" in told and "-1 name" in told
    assert told.index("-1 name") < told.index("+1 name")  # harm first
    refs = {f"u{number:03d}": text for number, text in enumerate(TEXTS)}
    after = {"u000": "ann met bob", "u001": "dan met bob", "u002": "met met met", "u003": "ann met den"}
    wer = score(refs, after, ["Bob", "Dan", "Éve <b>"], draws=0).estimates["wer"].value
    assert f"{100 * wer:.1f} %" in told
    anchors = {attributes["id"] for _, attributes in read.elements if "id" in attributes}
    assert {attributes["href"][1:] for tag, attributes in read.elements if tag == "a"} <= anchors


def test_page_names_what_it_rests_on(report, files):
    manifest, folder = files
    told = Reader(report("--data-set", "Calls of May")[1]).told
    for text in (
        "Names in Calls of May", "4 utterances, 12 words", "exp/<model>", "fingerprint 0123456789ab", "names.txt", "3 names", "Language model none",
        "2026-01-02", "ctcb 0.0.9", f"ctcb {__version__}", *(sha256(file.read_bytes()).hexdigest() for file in (manifest, folder / "hyps.jsonl", folder / "names.txt")),
    ):  # fmt: skip
        assert text in told, text
    assert "another list" not in told
    with open(folder / "names.txt", "a") as file:
        file.write("Una\n")
    told = Reader(report("--model-name", "ours")[1]).told
    assert "made with another list than names.txt" in told and "Model ours" in told and "Names in data" in told


def test_false_alarms_of_the_list_and_of_absent_lists_have_their_names(report, files):
    told = Reader(report("--ablation", files[1] / "ladder.json")[1]).told
    assert re.search(r"false alarms of the list / 1000 words listed names .*? 0\.00 83\.33", told)  # one in 12 words
    assert told.count(ABSENT_FALSE_ALARMS.title) == 1 and re.search(r"<joint> - - 80\.0 - - - - 1\.25", told)


def test_names_have_what_was_recognised_instead(report):
    """Weight, spoken, found without and with the list, false alarms, and the words in the places of missed names."""
    told = Reader(report()[1]).told
    start = told.index("recognised instead, with the list")
    rows = re.findall(r"(Bob|Dan) (\d) (\d) (\d) (\d) (\d)((?: [a-z]+)*)", told[start : told.index("What the list changed", start)])
    assert rows == [("Bob", "2", "1", "0", "1", "1", " bop"), ("Dan", "1", "2", "1", "1", "0", " den den")]


def test_missed_names_have_the_reasons_that_were_asked_for(report, files):
    told = Reader(report()[1]).told
    assert "How far a missed name was" in told and "fits best" not in told
    rows = [json.loads(line) for line in (files[1] / "hyps.jsonl").read_text().splitlines()]
    missed = ExplainedName(
        "dan", "lacking", 0.5, 0.9, "den", tokens=TokenFit(("▁d", "an"), 3.0, (1.0, 2.0)), boost=BoostFit(5.0, 2.0),
        hints=(Hint(("alias=den",), "Dan\talias=den"),),
    )  # fmt: skip
    for row in rows:
        row["explained"] = [missed.to_dict()]
    (files[1] / "hyps.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    told = Reader(report()[1]).told
    [miss] = re.findall("missed Dan recognised instead: den .*?Dan TAB alias=den", told)  # not where Dan was found
    assert "recognised instead: den it fits best at 0.50 to 0.90 s, where 'den' was recognised" in miss and "boost: 5.0 nats are needed, its weight gives 2.0" in miss
    assert "How far" not in told
    (files[1] / "r.html").unlink()
    for wrong in ([{"name": "Dan"}], ["Dan"], None):
        rows[0]["explained"] = wrong
        (files[1] / "hyps.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        ran, text = report()
        assert ran.code == 2 and not text and "hyps.jsonl: `explained` is none that ctcb decode wrote" in ran.err


def test_no_comparison_without_a_baseline(ctcb, files):
    manifest, folder = files
    (folder / "text").write_text("u000 ann met bob\nu001 dan met ann\nu002 met met met\nu003 ann met\n")
    words = ("report", "--ref", manifest, "--hyp", folder / "text", "--entities", folder / "names.txt")
    ran = ctcb(*words, "--out", folder / "r.html")
    assert ran.code == 0 and "nothing is compared" in ran.out
    told = Reader((folder / "r.html").read_text()).told
    assert "What the list changed" not in told and "without the list" not in told
    ran = ctcb(*words, "--base", folder / "hyps.jsonl", "--out", folder / "r.html")
    assert ran.code == 0 and "compared" not in ran.out
    (folder / "no.json").write_text("[1]")
    ran = ctcb(*words, "--ladder", folder / "no.json", "--out", folder / "x.html")
    assert ran.code == 2 and "not an ablation" in ran.err and not (folder / "x.html").exists()
    (folder / "settings.json").write_text("[]")
    ran = ctcb(*words, "--out", folder / "x.html")
    assert ran.code == 2 and "settings.json: no settings of" in ran.err and not (folder / "x.html").exists()


def test_clips_are_of_the_moments_that_changed(report):
    read = Reader(report()[1])
    clips = [attributes for tag, attributes in read.elements if tag == "audio"]
    # Of u000 and u001 the third word changed, of u003, which the list did not change, it stands for a missed name: 0.74 to 0.98 s and the margins.
    assert [one["aria-label"] for one in clips] == ["u001, 0.1 to 1.6 s", "u000, 0.1 to 1.6 s", "u003, 0.1 to 1.6 s"]
    for one in clips:
        samples, rate = soundfile.read(io.BytesIO(base64.b64decode(one["src"].split(",")[1])))
        assert rate == 16_000 and 0.8 < len(samples) / rate < 1.3  # the audio ends before the margin does


def test_clips_stop_at_the_size_limit(report, files):
    ran, text = report("--audio-mb", "0")
    assert ran.code == 0 and "<audio" not in text and "3 clips are left out" in text
    _, text = report()
    (first, *_) = re.findall(r'src="(data:audio[^"]*)"', text)
    _, text = report("--audio-mb", str((len(first) + 10) / 1e6))
    assert text.count("<audio") == 1 and "2 clips are left out" in text
    for audio in (files[1] / "data/audio").iterdir():
        audio.unlink()
    ran, text = report()
    assert ran.code == 0 and "<audio" not in text and "The clips of 3 utterances are missing, because their audio cannot be read" in text


def test_changed_utterances_by_hand():
    refs = {"a": "ann met bob", "b": "dan", "c": "ann"}
    before = score(refs, {"a": "ann met bop", "b": "dan", "c": "an"}, ["bob", "dan"], draws=0)
    after = score(refs, {"a": "ann met bob", "b": "bob", "c": "ann"}, ["bob", "dan"], draws=0)
    assert [(one.after.id, one.names, one.errors) for one in changed(before, after)] == [("b", -2, 1), ("a", 1, -1), ("c", 0, -1)]


def test_every_measure_has_a_meaning():
    assert set(MEANINGS) == {measure.name for measure in MEASURES}
    refs, hyps = {"a": "ann met bob"}, {"a": "ann met bob"}
    report = score(refs, hyps, ["bob"], compare={"a": "ann met bop"}, draws=0)
    rows = {row.title: row for row in measure_rows(score(refs, {"a": "ann met bop"}, ["bob"], draws=0), report)}
    assert (rows["WER"].before, rows["WER"].after, rows["WER"].difference, rows["WER"].verdict) == ("33.3 %", "0.0 %", "-33.3 %", "better")
    assert rows["collateral"].before == rows["collateral"].difference == ""


@pytest.mark.parametrize("name, difference, low, high, said", [
    ("wer", -0.1, -0.2, -0.05, "better"), ("wer", 0.1, 0.05, 0.2, "worse"), ("entity_f1", 0.1, 0.05, 0.2, "better"), ("entity_f1", -0.1, None, None, "worse"),
    ("wer", -0.1, -0.2, 0.05, ""), ("wer", 0.0, 0.0, 0.0, ""), ("wer", None, None, None, ""),
])  # fmt: skip
def test_verdict_needs_more_than_chance(name, difference, low, high, said):
    assert verdict(name, difference, low, high) == said
