"""Formats without a telling name: recognised where the content leaves no doubt, otherwise asked for, in Python and by the commands."""
from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcb.cli import main
from ctcb.errors import InputError
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.recognition import FORMATS, have_ids, shaped_as_id
from ctcb.scoring.score import score
from ctcb.scoring.tables import read_durations, read_speakers
from ctcb.scoring.wer import ErrorCounts
from ctcb.transcript.formats import as_ctm, as_jsonl, as_stm, as_text
from ctcb.transcript.hypothesis import Word
from ctcb.transcript.transcript import Transcript


@pytest.fixture
def run(capsys):
    """Run ``ctcb score``: exit code, WER's errors and words from the JSON, and stderr."""

    def call(ref, hyp, *options):
        report = ref.parent / "report.json"
        report.unlink(missing_ok=True)
        try:
            main(["score", "--ref", str(ref), "--hyp", str(hyp), "--bootstrap", "0", "--json", str(report), *map(str, options)])
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        counts = json.loads(report.read_text("utf-8"))["counts"]["wer"] if report.exists() else None
        return code, counts and (sum(counts.values()) - counts["words"], counts["words"]), capsys.readouterr().err.replace(f"{ref.parent}/", "")

    return call


def wer(ref, hyp, **options):
    return score(read_transcripts(ref), read_transcripts(hyp), draws=0, **options).wer


# SCTK's trn


@pytest.mark.parametrize("ref, hyp, errors, words", [
    ("one two three (spk1-01)\nfour five (spk1-02)\n", "one too three (spk1-01)\nfour five (spk1-02)\n", 1, 5),  # 20 %, and not 1 of 9
    ("(a_1) das ist gut (a_1)\n(b_2)\n", "das ist (a_1)\nja (b_2)\n", 2, 3),  # (a_1) at the start is a word that may be left out
    ("你好 (s01_u1)\n再见 (s01_u2)\n", "你好 (s01_u1)\n再见了 (s01_u2)\n", 1, 4),
    (";; made by hand\nbonjour à tous  (fr-7)\r\n", "bonjour tous\t(fr-7)\n", 1, 3),
])  # fmt: skip
def test_trn_is_recognised(file, run, ref, hyp, errors, words):
    for suffix in ("", ".txt", ".trn"):
        paths = file(ref, f"ref{suffix}"), file(hyp, f"hyp{suffix}")
        assert read_transcripts(paths[0]).format == "trn"
        assert (wer(*paths).errors, wer(*paths).words) == (errors, words)
        assert run(*paths) == (0, (errors, words), "")


def test_trn_with_words_as_ids_needs_its_name(file):
    assert dict(read_transcripts(file("so they say (anna)\nyes (ben)\n", "r.trn"))) == {"anna": "so they say", "ben": "yes"}
    assert dict(read_transcripts(file("so they say (anna)\nyes (ben)\n"), "trn")) == {"anna": "so they say", "ben": "yes"}
    with pytest.raises(InputError, match=r"its format is not certain.*kaldi \(.*trn \(.*plain \("):
        dict(read_transcripts(file("so they say (anna)\nyes (ben)\n")))


def test_trn_has_alternatives_and_optional_words(file):
    ref = file("{ um / uh / @ } guten tag (ja) (u-1)\n", "r.trn")
    assert wer(ref, file("uh guten tag (u-1)\n", "h.trn")).errors == 0
    assert wer(ref, file("guten tag ja (u-1)\n", "h.trn")).errors == 0


def test_kaldi_text_may_end_in_parentheses(file):
    assert dict(read_transcripts(file("u1 yes (laughter)\nu2 no (well)\n"))) == {"u1": "yes (laughter)", "u2": "no (well)"}


@pytest.mark.parametrize("content, said", [
    ("a b (u1)\nc d\n", "h.trn:2: no id in parentheses at the end; write 'words (utt_id)' on each line"),
    ("a b (u1)\nc (u1)\n", "h.trn:2: utterance 'u1' is already in line 1"),
])  # fmt: skip
def test_malformed_trn_is_refused(file, content, said):
    path = file(content, "h.trn")
    with pytest.raises(InputError) as error:
        read_transcripts(path)
    assert str(error.value).replace(f"{path.parent}/", "").startswith(said)


# Plain text


PLAIN = [
    ("the cat sat\non the mat\n", "the cat sad\non the mat\n", 1, 6),
    ("der hund läuft\nder hund schläft\n", "der hund läuft\nein hund schläft\n", 1, 6),  # first words repeat
    ("мама мыла раму\n\nда\n", "мама мыла рану\n\nда\n", 1, 4),  # an empty line is an utterance
    ("今天天气好\n我们走吧\n", "今天天汽好\n我们走吧\n", 1, 9),
    ("2nd of may\n1980s music\n", "2nd of may\n1980s musik\n", 1, 5),  # digits do not make an id
    ("24 hours\n7 days\n", "24 hours\n6 days\n", 1, 4),
]


@pytest.mark.parametrize("ref, hyp, errors, words", PLAIN)
def test_plain_text_is_asked_for_and_never_guessed(file, run, ref, hyp, errors, words):
    paths = file(ref, "ref.txt"), file(hyp, "hyp.txt")
    code, counts, said = run(*paths)
    assert (code, counts, said.count("\n")) == (2, None, 1)
    assert said.startswith("ctcb: ref.txt: its format is not certain") and "--ref-format plain (lines without ids)" in said
    code, counts, said = run(*paths, "--ref-format", "plain")
    assert (code, counts) == (2, None) and said.startswith("ctcb: hyp.txt: its format is not certain") and "--hyp-format plain" in said
    assert run(*paths, "--ref-format", "plain", "--hyp-format", "plain") == (0, (errors, words), "")
    for use in (dict, len, lambda found: found.get("1"), lambda found: score(found, found, draws=0)):
        with pytest.raises(InputError, match="its format is not certain"):
            use(read_transcripts(paths[0]))
    python = score(*(read_transcripts(path, "plain") for path in paths), draws=0).wer
    assert (python.errors, python.words) == (errors, words)


def test_a_compared_plain_text_is_asked_for_too(file, run):
    ref, hyp = file("a b\nc\n", "ref.txt"), file("a b\nd\n", "hyp.txt")
    named = ("--ref-format", "plain", "--hyp-format", "plain", "--compare", hyp)
    assert "--compare-format plain" in run(ref, hyp, *named)[2]
    assert run(ref, hyp, *named, "--compare-format", "plain")[:2] == (0, (1, 3))


def test_plain_lines_against_ids_are_matched_in_order_where_that_is_asked_for(file, run):
    ref, hyp = file("u1 the cat\nu2 on a mat\n", "ref.txt"), file("the cat\non the mat\n", "hyp.txt")
    code, _, said = run(ref, hyp)
    assert code == 2 and said.startswith("ctcb: hyp.txt: 2 of 2 utterances have no reference, the first is 'the'") and "--hyp-format plain" in said
    assert run(ref, hyp, "--hyp-format", "plain") == (0, (1, 5), "")
    code, _, said = run(hyp, ref)
    assert code == 2 and said.startswith("ctcb: hyp.txt: its format is not certain") and "--ref-format plain" in said
    assert run(hyp, ref, "--ref-format", "plain") == (0, (1, 5), "")
    assert run(file('{"id": "u1", "text": "the cat"}\n{"id": "u2", "text": "on mat"}\n', "ref.jsonl"), hyp, "--hyp-format", "plain")[1] == (1, 4)


@pytest.mark.parametrize("ref, hyp, said", [
    ("a\nb\nc\n", "a\nb\n", "hyp.txt: 2 lines, and what it is compared with has 3; give a line for each, an empty one for no words"),
    ("a\nb\n", "a\nb\nc\n", "ref.txt: 2 lines, and what it is compared with has 3"),
])  # fmt: skip
def test_plain_texts_have_as_many_lines(file, run, ref, hyp, said):
    options = ("--ref-format", "plain", "--hyp-format", "plain")
    code, _, err = run(file(ref, "ref.txt"), file(hyp, "hyp.txt"), *options)
    assert code == 2 and err.startswith(f"ctcb: {said}")
    assert run(file("a\nb\n\n", "ref.txt"), file("a\nc\n\n\n", "hyp.txt"), *options)[1] == (1, 2)
    assert run(file("a\nb\n", "ref.txt"), file("a\n\n", "hyp.txt"), *options)[1] == (1, 2)


def test_plain_lines_have_no_times(file, run):
    code, _, said = run(file("r1 1 0.0 0.5 one\nr1 1 0.6 0.4 two\n", "ref.ctm"), file("one two\n", "hyp.txt"), "--hyp-format", "plain")
    assert code == 2 and said.startswith("ctcb: hyp.txt: has no ids, and ") and "ref.ctm has times" in said
    assert run(file("r1 1 0.0 0.5 one\nr1 1 0.6 0.4 two\n", "ref.ctm"), file("r1 one two\n", "hyp.txt"))[1] == (0, 2)  # the mend


# Kaldi text


@pytest.mark.parametrize("ids", [
    ["u1", "u2"], ["1089-134686-0000", "1089-134686-0001"], ["spk_a", "spk_b"], ["1", "2", "3"], ["0", "1"], ["0001", "0003"], ["8238432", "8238567"],
    ["common_voice_fr_17299384.mp3", "common_voice_fr_17299385.mp3"], ["7f3a-22", "9b-0c7d"], ["Müller01", "Özil02"], ["a/b1", "a/b2"], ["u1", "u2", "u3", "u4", "intro"],
])  # fmt: skip
def test_ids_are_recognised(file, ids):
    assert list(read_transcripts(file("".join(f"{one} hello there\n" for one in ids)))) == ids


@pytest.mark.parametrize("firsts", [
    ["the", "on"], ["well-known", "e-mail"], ["I'm", "don't"], ["U.S.", "N.A.T.O."], ["21st", "1980s"], ["10-year-old", "3-d"], ["5pm", "10:30"], ["1/2", "3,5"],
    ["24/7", "2020-03-14"], ["3", "5"], ["1.", "2."], ["SPEAKER_01:", "SPEAKER_02:"], ["今天3点", "明天4点"], ["LJ01|he", "LJ02|she"], ["u1,hello", "u2,you"],
])  # fmt: skip
def test_words_are_not_taken_for_ids(file, firsts):
    found = read_transcripts(file("".join(f"{one} hello there\n" for one in firsts)))
    with pytest.raises(InputError, match="its format is not certain"):
        list(found)


@given(st.lists(st.text(st.characters(whitelist_categories=["Lu", "Ll", "Lo", "Mn"]), min_size=1, max_size=12), min_size=1))
def test_no_word_of_letters_is_an_id(words):
    assert not any(map(shaped_as_id, words)) and not have_ids(words)


def test_open_ids_are_settled_by_the_other_file(file, run):
    manifest = file("utt_id\taudio\ttext\nanna\ta.wav\thallo welt\nben\tb.wav\tja\n", "ref.tsv")
    hyp = file("ben ja\nanna hallo feld\n", "hyp.txt")
    assert run(manifest, hyp) == (0, (1, 3), "") and wer(manifest, hyp) == ErrorCounts(3, substitutions=1)
    trn = file("hallo feld (anna)\nja (ben)\n", "hyp2.txt")
    assert run(manifest, trn) == (0, (1, 3), "")
    assert run(trn, manifest)[1] == (1, 3)
    # Nothing tells two files with words as ids from plain text, unless one is named.
    other = file("anna hallo welt\nben ja\n", "ref.txt")
    assert run(other, hyp)[0] == 2 and run(other, hyp, "--ref-format", "kaldi")[:2] == (0, (1, 3))


def test_tables_with_words_as_ids_are_read(file):
    assert read_durations(file("anna 1.5\nben 2\n")) == {"anna": 1.5, "ben": 2.0}
    assert read_speakers(file("eins anna\nzwei ben\n")) == {"eins": "anna", "zwei": "ben"}


@pytest.mark.parametrize("content", ["1\n00:00:00,000 --> 00:00:02,000\nhello\n", "WEBVTT\n\n00:00.000 --> 00:02.000\nhello\n", "id\tpath\tsentence\na1\tb.mp3\thi\n", "text,id\nhello,u1\n"])
def test_other_tools_files_are_not_guessed(file, run, content):
    code, _, said = run(file(content, "ref"), file(content, "hyp"))
    assert code == 2 and "its format is not certain" in said


# NIST's files with times


def test_files_of_ctcb_are_recognised_under_any_name(file, run):
    results = [
        Transcript("talk", "guten tag", 0.0, words=(Word("guten", 0.1, 0.3, 1.0), Word("tag", 0.4, 0.6, 0.9))),
        Transcript("ende", "schöne grüße", 0.0, words=(Word("schöne", 0.0, 0.5, 1.0), Word("grüße", 0.5, 1.0, 1.0))),
    ]
    ref = file("utt_id\taudio\ttext\nende\ta.wav\tschöne grüße\ntalk\tb.wav\tguten abend\n", "ref.tsv")
    for write in (as_ctm, as_stm, as_jsonl, as_text):
        hyp = file("".join(map(write, results)), "hyp.txt")
        assert run(ref, hyp) == (0, (1, 4), ""), write
        assert run(hyp, ref)[1] == (1, 4)


@pytest.mark.parametrize("content", [
    "u1 1 0 1 the\nu1 1 2 1 sat\nu1 1 1 1 cat\nu2 1 0 1 on\nu2 1 1 2 it\n",  # whole seconds, not in order
    "u1 ch0 0.0 0.5 the\nu1 ch0 2.1 0.5 sat\nu1 ch0 1.0 .5 cat\nu2 ch0 0.0 0.5 on\nu2 ch0 0.6 0.5 it\n",
    "u2 1 0 0.5 on 0.9 lex\nu2 1 .5 0.5 it NA lex anna\nu1 1 0.00 1e-1 the -3.5\nu1 1 1 1 cat\nu1 1 2 1 sat\n",
    "u1 1 s 0 3 the cat sat\nu2 1 s 0 2 on it\nu1 1 t 3 4\n",
])  # fmt: skip
def test_whole_seconds_and_long_channels_are_recognised(file, run, content):
    ref = file("u1 the cat sat\nu2 on it\n", "ref.txt")
    assert run(ref, file(content, "hyp.txt")) == (0, (0, 5), "")


def test_a_mistake_in_a_file_with_times_is_named(file, run):
    ref = file("u1 new york\nu2 on it\n", "ref.txt")
    for line in ("u2 1 0.1 on", "u1 1 0.9 0.3 new york", "u1 1 x 0.3 york"):
        hyp = file(f"u1 1 0.1 0.3 new\nu1 1 0.5 0.3 york\n{line}\n", "hyp.txt")
        code, _, said = run(ref, hyp)
        assert code == 2 and said.startswith("ctcb: hyp.txt:3: "), said


def test_text_that_begins_with_a_brace_is_no_json(file):
    assert dict(read_transcripts(file("{breath} yes (u-1)\n{ um / uh } no (u-2)\n"))) == {"u-1": "{breath} yes", "u-2": "{ um / uh } no"}


def test_named_formats(file):
    with pytest.raises(InputError, match="'srt' is no format of transcripts; choose from " + ", ".join(FORMATS)):
        read_transcripts(file("a b\n"), "srt")
    assert dict(read_transcripts(file("the cat\n"), "kaldi")) == {"the": "cat"}
    assert dict(read_transcripts(file("u1 the cat\n"), "plain")) == {"1": "u1 the cat"}
    with pytest.raises(InputError, match="file:1: not JSON"):
        read_transcripts(file("u1 a\n"), "jsonl")
    with pytest.raises(InputError, match="file:1: 2 fields, and a line of a CTM file"):
        read_transcripts(file("u1 a\n"), "ctm")


def test_the_report_takes_the_same_formats(file, tmp_path, capsys):
    (tmp_path / "names.txt").write_text("Brixby\n")
    ref, hyp, base = file("call brixby now\nyes\n", "ref.txt"), file("call brixby new\nyes [noise]\n", "hyp.txt"), file("call bricks now\nyes\n", "base.txt")
    words = ["report", "--ref", ref, "--hyp", hyp, "--base", base, "--entities", tmp_path / "names.txt", "--bootstrap", 0, "--out", tmp_path / "o.html"]
    for flag in ("--ref-format", "--hyp-format", "--base-format"):
        with pytest.raises(SystemExit):
            main(list(map(str, words)))
        assert f"{flag} plain" in capsys.readouterr().err
        words += [flag, "plain"]
    main(list(map(str, words)))
    said = capsys.readouterr()
    assert "2 utterances" in said.out and said.err == "markup dropped: 1 in the transcripts (1 [noise])\n"
