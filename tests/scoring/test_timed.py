"""CTM and STM: what is read, how words fall to segments, and what is refused; worked out by hand from SCTK's description."""
from __future__ import annotations

import json

import pytest

from ctcb.errors import InputError
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.score import score
from ctcb.scoring.tables import read_speakers
from ctcb.scoring.wer import ErrorCounts

STM = """;; LABEL "F" "Female" "Female talkers"
talk A anna 0.00 2.00 <O,F> Guten Tag { äh / @ } Herr Müller
talk A ben 2.10 4.00 <O,M> die (so) Straße

talk A anna 4.00 5.00 IGNORE_TIME_SEGMENT_IN_SCORING
talk B cem 0.50 3.00 ja
"""
# By channel: "guten tag herr" + "müller" (middle 1.9); "die straße"; 4.5 is not scored; B: "ja", and "nein" behind all.
CTM = """;; words
talk A 0.10 0.30 guten 0.9
talk A 1.70 0.40 Müller 0.8
talk A 0.50 0.30 Tag 0.9
talk A 0.90 0.30 Herr NA
talk A 2.20 0.30 die 0.9
talk A 2.60 0.50 strasse 0.9
talk A 4.20 0.40 lärm 0.1
talk B 1.00 0.20 ja 1.0
talk B 3.50 0.20 nein 1.0
"""
IDS = ["talk-A-0.00-2.00", "talk-A-2.10-4.00", "talk-B-0.50-3.00"]


def scored(ref, hyp, **options):
    return score(read_transcripts(ref), read_transcripts(hyp), draws=0, **options)


def test_stm_is_read(file):
    found = read_transcripts(file(STM, "ref.stm"))
    assert list(found) == IDS
    assert found[IDS[0]] == "Guten Tag { äh / @ } Herr Müller" and found[IDS[2]] == "ja"
    assert found.speakers == dict(zip(IDS, ["anna", "ben", "cem"]))
    assert found.seconds == pytest.approx(dict(zip(IDS, [2.0, 1.9, 2.5])))


def test_ctm_is_read_in_the_order_of_times_each_channel_by_itself(file):
    found = read_transcripts(file(CTM, "hyp.ctm"))
    assert dict(found) == {"talk-A": "guten Tag Herr Müller die strasse lärm", "talk-B": "ja nein"}
    assert dict(read_transcripts(file("u1 1 0.50 0.2 b\nu1 1 0.10 0.2 a 0.9\nu2 1 0.0 0.1 c\n", "x.CTM"))) == {"u1": "a b", "u2": "c"}


@pytest.mark.parametrize("content, kind", [
    (CTM, "words"), (STM, "segments"), ("u1 A 0.10 0.30 word\n", "words"), ("u1 1 s 0.0 1.5\n", "segments"), ("u1 1 0.10 0.30 word 0.9 lex spk\n", "words"),
    ("u1 a 1 2 three\n", None), ("u1 call 0.10 0.30 now\n", None), ("u1 A 0.10 0.30 word\nu2 hello\n", None), ("u1 A 0.1 0.3 two words here\n", None),
])  # fmt: skip
def test_formats_are_told_by_their_lines(file, content, kind):
    found = read_transcripts(file(content, "any"))
    assert (found.words is not None, found.segments is not None) == (kind == "words", kind == "segments")


def test_words_fall_to_the_segment_of_their_middle(file):
    report = scored(file(STM, "r.stm"), file(CTM, "h.ctm"), entities=["Müller"])
    assert [" ".join(one.alignment.hyp) for one in report.utterances] == ["guten tag herr müller", "die strasse", "ja nein"]
    assert report.wer == ErrorCounts(words=4 + 2 + 1, insertions=1)  # äh and so may be left out; nein lies behind all segments
    assert report.false_alarms.hours == pytest.approx(6.4 / 3600)
    assert {name: one.wer.errors for name, one in report.per_speaker.items()} == {"anna": 0, "ben": 0, "cem": 1}


def test_a_word_between_segments_is_inserted_in_the_next(file):
    stm = file("r 1 s 0.0 1.0 a\nr 1 s 2.0 3.0 b\n", "r.stm")
    report = scored(stm, file("r 1 0.2 0.2 a\nr 1 1.4 0.2 x\nr 1 2.2 0.2 b\n", "h.ctm"))
    assert [one.errors.insertions for one in report.utterances] == [0, 1]
    # The middle decides: 0.9 + 0.3 / 2 is behind 1.0.
    late = scored(stm, file("r 1 0.2 0.2 a\nr 1 0.9 0.3 x\nr 1 2.2 0.2 b\n", "h.ctm"))
    early = scored(stm, file("r 1 0.2 0.2 a\nr 1 0.8 0.3 x\nr 1 2.2 0.2 b\n", "h.ctm"))
    assert [one.errors.insertions for one in late.utterances] == [0, 1] and [one.errors.insertions for one in early.utterances] == [1, 0]


def test_one_channel_may_have_any_name_and_several_must_agree(file):
    assert scored(file("r A s 0.0 1.0 a\n", "r.stm"), file("r 1 0.2 0.2 a\n", "h.ctm")).wer.errors == 0
    with pytest.raises(InputError, match=r"h.ctm: 1 of 2 words are of recordings without a reference, the first of r, channel 2"):
        scored(file("r 1 s 0.0 1.0 a\n", "r.stm"), file("r 1 0.2 0.2 a\nr 2 0.2 0.2 b\n", "h.ctm"))
    with pytest.raises(InputError, match=r"1 of 1 words are of recordings without a reference, the first of q"):
        scored(file("r 1 s 0.0 1.0 a\n", "r.stm"), file("q 1 0.2 0.2 a\n", "h.ctm"))


def test_a_channel_without_words_is_empty_and_a_recording_without_words_is_missing(file):
    stm = file("r A s 0.0 1.0 a\nr B t 0.0 1.0 b\nq A s 0.0 1.0 c\n", "r.stm")
    hyp = file("r A 0.2 0.2 a\n", "h.ctm")
    with pytest.raises(InputError, match="no hypothesis for 1 of 3 utterances, the first is 'q-A-0.00-1.00'"):
        scored(stm, hyp)
    assert scored(stm, hyp, allow_missing=True).wer == ErrorCounts(3, deletions=2)
    both = scored(file("r A 0.1 0.1 a\nr B 0.1 0.1 b\n", "r.ctm"), hyp)
    assert both.wer == ErrorCounts(2, deletions=1)


def test_ctm_against_ctm_and_other_formats(file):
    ref = file("r 1 0.0 0.2 en\nr 1 * * <ALT_BEGIN>\nr 1 0.3 0.2 um\nr 1 * * <ALT>\nr 1 0.3 0.2 euh\nr 1 * * <ALT_END>\nr 1 0.9 0.2 été\n", "r.ctm")
    assert read_transcripts(ref)["r"] == "en { um / euh } été"
    assert scored(ref, file("r A 0.1 0.2 EN\nr A 0.3 0.2 EUH\nr A 1.0 0.2 ete\n", "h.ctm")).wer == ErrorCounts(3, substitutions=1)
    assert scored(ref, file("r en um été\n", "text")).wer.errors == 0
    assert scored(file("r en été\n", "text"), file("r 1 0.2 0.2 été\nr 1 0.1 0.1 en\n", "h.ctm")).wer.errors == 0
    assert scored(ref, file(json.dumps({"id": "r", "text": "en euh été"}), "h.jsonl")).wer.errors == 0


def test_untimed_hypotheses_are_compared_with_whole_recordings(file):
    stm = file("r 1 s 2.0 3.0 деле\nr 1 t 0.0 1.5 на самом\nq 1 s 0.0 1.0 да\n", "r.stm")
    report = scored(stm, file("q да\nr на самом дели\n", "text"))
    assert {one.id: one.errors for one in report.utterances} == {"r": ErrorCounts(3, substitutions=1), "q": ErrorCounts(1)}
    assert [one.speaker for one in report.utterances] == [None, "s"]  # r has two speakers
    with pytest.raises(InputError, match="has segments that are not scored, and a transcript without times"):
        scored(file(STM, "r.stm"), file("talk guten tag\n", "text"))


def test_stm_against_stm(file):
    ref = file("r 1 s 0.0 1.0 a b\nr 1 s 1.0 2.0 c\n", "r.stm")
    same = scored(ref, file("r 1 x 0.0 1.0 a b\nr 1 x 1.0 2.0 d\n", "h.stm"))
    assert [one.errors.errors for one in same.utterances] == [0, 1]
    assert scored(ref, file("r 1 x 0.0 2.0 a b d\n", "h.stm")).wer == ErrorCounts(3, substitutions=1)


def test_words_of_jsonl_fall_to_segments_too(file):
    words = [{"word": "да", "start": 0.1, "end": 0.3, "conf": 1.0}, {"word": "нет", "start": 2.1, "end": 2.3}]
    hyp = file("\n".join(json.dumps(row) for row in (
        {"id": "r", "text": "да нет", "words": words}, {"id": "q", "text": "", "words": []},
    )), "h.jsonl")  # fmt: skip
    report = scored(file("r 1 s 0.0 1.0 да\nr 1 t 2.0 3.0 нет\nq 1 s 0.0 1.0 ой\n", "r.stm"), hyp)
    assert report.wer == ErrorCounts(3, deletions=1) and len(report.utterances) == 3


def test_compared_systems_have_the_same_utterances(file):
    refs, hyps = (read_transcripts(file(content, name)) for content, name in ((STM, "r.stm"), (CTM, "h.ctm")))
    report = score(refs, hyps, ["Müller"], compare=read_transcripts(file(CTM.replace("Müller", "muller"), "o.ctm")), draws=10)
    assert report.comparison.differences["entity_recall"].difference == 1.0
    assert report.estimates["collateral"].value == 0.0


@pytest.mark.parametrize("content, name, said", [
    ("r 1 0.1 0.2\n", "h.ctm", "h.ctm:1: 4 fields, and a line of a CTM file has 5 to 8; write 'recording channel start"),
    ("r 1 0.1 0.2 a\nr 1 x 0.2 b\n", "h.ctm", "h.ctm:2: 'x' is not a number of seconds"),
    ("r 1 0.1 -0.2 a\n", "h.ctm", "h.ctm:1: '-0.2' is not a number of seconds"),
    (";; no word\n", "h.ctm", "h.ctm: the file holds no word"),
    ("r 1 * * <ALT>\n", "h.ctm", "h.ctm:1: <ALT> where none can be"),
    ("r 1 * * <ALT_BEGIN>\nr 1 0.1 0.2 a\n", "h.ctm", "h.ctm:1: <ALT_BEGIN> without an end; add a line with <ALT_END>"),
    ("r 1 s 0.1\n", "r.stm", "r.stm:1: 4 fields, and a line of an STM file has at least 5"),
    ("r 1 s 2.0 1.0 a\n", "r.stm", "r.stm:1: the segment ends at 1 s, before its start at 2 s"),
    ("r 1 s 1.0 nan a\n", "r.stm", "r.stm:1: 'nan' is not a number of seconds"),
    ("r 1 s 0.0 1.0 { a / b\n", "r.stm", "r.stm:1: a brace of an alternative is not closed; write alternatives as { um / uh / @ }"),
    ("r 1 s 0.0 1.0 a\nr 1 s 0.0 1.0 b\nr 1 s 0.0 1.0 c\n", "r.stm", "r.stm: the segment r-1-0.00-1.00-s stands there twice"),
    ("r 1 s 0.0 1.0 IGNORE_TIME_SEGMENT_IN_SCORING\n", "r.stm", "r.stm: the file holds no segment to score"),
])  # fmt: skip
def test_malformed_files_are_refused(file, content, name, said):
    path = file(content, name)
    with pytest.raises(InputError) as error:
        read_transcripts(path)
    assert str(error.value).replace(f"{path.parent}/", "").startswith(said)


def test_speakers_of_files(file):
    assert read_speakers(file("u1 anna\nu2 ben\n", "utt2spk")) == {"u1": "anna", "u2": "ben"}
    assert read_speakers(file(STM, "r.stm"))[IDS[1]] == "ben"
    assert read_speakers(file("r 1 0.1 0.2 a 0.9 lex anna\nr 1 0.3 0.2 b 0.9 lex anna\n", "r.ctm")) == {"r": "anna"}
    header = "utt_id\taudio\tspeaker\ttext\n"
    assert read_speakers(file(header + "u1\ta\tanna\tx\nu2\tb\t\ty\n", "m.tsv")) == {"u1": "anna"}
    for content in ("u1\n", "u1 anna b\n"):
        with pytest.raises(InputError, match="'u1' has no speaker; write 'utt-id speaker'"):
            read_speakers(file(content, "utt2spk"))
