"""The HTML report: whole, self-contained, escaped, and of the same numbers as the score."""
from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from tones import write_manifest

from ctcb.report.changed import changed
from ctcb.report.html import intervals, page
from ctcb.report.sections import ladder
from ctcb.scoring.score import score

TEXTS = ["ann met bob", "dan met ann", "met met met"]
VOID = {"meta", "br", "img", "input", "link", "hr"}


class Reader(HTMLParser):
    """The words of a page, the addresses that it names, and whether its tags nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.words = [], [], []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in ("src", "href", "action", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in ("td", "th", "tr", "p"):
            self.open.pop()
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def files(tmp_path):
    """A manifest with audio, a list, transcripts with and without it, and an ablation."""
    manifest = write_manifest(tmp_path / "data", TEXTS)
    (tmp_path / "names.txt").write_text("Bob\tweight=2.0\nDan\nÉve <b>\n")
    rows = [("u000", "ann met bob", "ann met bop", ["subword"]), ("u001", "dan met bob", "dan met ann", ["lookup"]), ("u002", "met met met", "met met met", [])]
    with open(tmp_path / "hyps.jsonl", "w") as file:
        for utt_id, text, before, why in rows:
            entities = [{"entity": "Bob", "why": why}] if why else []
            file.write(json.dumps({"id": utt_id, "text": text, "before": before, "entities": entities}) + "\n")
    (tmp_path / "settings.json").write_text(json.dumps({"ctcb": "0", "options": {"beam": 16}}))
    systems = [
        {"system": name, "measures": {"entity_f1": {"value": f1, "low": low, "high": high}}, "anti_context_false_alarms_per_thousand_words": None}
        for name, f1, low, high in (("none", 0.1, 0.05, 0.2), ("<joint>", 0.8, None, None))
    ]
    (tmp_path / "ladder.json").write_text(json.dumps(
        [{"set": "dev & co", "utterances": 3, "entities": 3, "distractors_added": 0, "systems": systems}]
    ))  # fmt: skip
    return manifest, tmp_path


def test_command_writes_a_page(ctcb, files):
    manifest, folder = files
    ran = ctcb(
        "report", "--ref", manifest, "--hyp", folder / "hyps.jsonl", "--entities", folder / "names.txt", "--ladder", folder / "ladder.json",
        "--out", folder / "r.html", "--title", "A <title>",
    )
    assert ran.code == 0, ran.err
    text = (folder / "r.html").read_text()
    read = Reader(text)
    told = " ".join(" ".join(read.words).split())
    assert read.addresses and all(address.startswith("data:audio/wav;base64,") for address in read.addresses)
    assert not re.search(r"https?://|<script|@import|url\(", text)
    assert "A <title>" in told and "dev & co" in told and "<joint>" in told and "beam 16" in told
    assert "Bob: subword" in told and "u000" in told and "+1 names" in told and "-1 names" in told
    assert told.index("-1 names") < told.index("+1 names")  # harm first
    refs, after = dict(zip(("u000", "u001", "u002"), TEXTS)), {"u000": "ann met bob", "u001": "dan met bob", "u002": "met met met"}
    wer = score(refs, after, ["Bob", "Dan"], draws=0).estimates["wer"].value
    assert f"{100 * wer:.1f} %" in told
    assert "Weights on the list Bob" in told.replace("name weight ", "")


def test_no_comparison_without_a_baseline(ctcb, files):
    manifest, folder = files
    (folder / "text").write_text("u000 ann met bob\nu001 dan met ann\nu002 met met met\n")
    ran = ctcb("report", "--ref", manifest, "--hyp", folder / "text", "--entities", folder / "names.txt", "--out", folder / "r.html")
    assert ran.code == 0 and "nothing is compared" in ran.out
    assert "What the list changed" not in "".join(Reader((folder / "r.html").read_text()).words).replace("What the list changed", "", 2)
    ran = ctcb("report", "--ref", manifest, "--hyp", folder / "text", "--base", folder / "hyps.jsonl", "--entities", folder / "names.txt", "--out", folder / "r.html")
    assert ran.code == 0 and "compared" not in ran.out
    (folder / "no.json").write_text("[1]")
    ran = ctcb("report", "--ref", manifest, "--hyp", folder / "text", "--entities", folder / "names.txt", "--ladder", folder / "no.json", "--out", folder / "x.html")
    assert ran.code == 2 and "is no ladder" in ran.err and not (folder / "x.html").exists()


def test_clips_stop_at_the_size_limit(ctcb, files):
    manifest, folder = files
    ran = ctcb("report", "--ref", manifest, "--hyp", folder / "hyps.jsonl", "--entities", folder / "names.txt", "--audio-mb", "0", "--out", folder / "r.html")
    text = (folder / "r.html").read_text()
    assert ran.code == 0 and "<audio" not in text and "2 clips are left out" in text


def test_changed_utterances_by_hand():
    refs = {"a": "ann met bob", "b": "dan", "c": "ann"}
    before = score(refs, {"a": "ann met bop", "b": "dan", "c": "an"}, ["bob", "dan"], draws=0)
    after = score(refs, {"a": "ann met bob", "b": "bob", "c": "ann"}, ["bob", "dan"], draws=0)
    assert [(one.after.id, one.names, one.errors) for one in changed(before, after)] == [("b", -2, 1), ("a", 1, -1), ("c", 0, -1)]


def test_plots_stay_within_their_axes():
    made = intervals([("a", 0.0, 0.0, 50.0), ("b", 50.0, 40.0, 60.0), ("none", None, None, None)], "%")
    shares = [float(share) for share in re.findall(r"left:([\d.]+)%", made)]
    assert all(0 <= share <= 98.01 for share in shares) and "none" not in made
    Reader(page("t", [made]))
    assert "systems" not in ladder({"set": "s", "utterances": 0, "entities": 0, "distractors_added": 0, "systems": []})
