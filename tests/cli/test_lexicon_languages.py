"""``ctcb lexicon --language``, and the files that it writes."""
from __future__ import annotations

import re

import pytest
from needs_espeak import needs_espeak, without_espeak

from ctcb.text.lang import read_pronunciations
from ctcb.text.lexicon import read_phones

__all__ = ["without_espeak"]

TEXTS = {
    "de": ("Herr Müller aß\nin Köln.\n", ["aß\tɑː s", "herr\th ɛ ɾ", "in\tɪ n", "köln\tk œ l n", "müller\tm ʏ l ɜ"]),
    "es": ("Jorge Muñoz\n", ["jorge\tx o ɾ x e", "muñoz\tm u ɲ o θ"]),
    "ru": ("Жук\n", ["жук\tʒ u k"]),
}


@needs_espeak
@pytest.mark.parametrize("language", TEXTS)
def test_lexicon_and_table_of_a_language(ctcb, tmp_path, language):
    text, lines = TEXTS[language]
    (tmp_path / "text.txt").write_text(text, "utf-8")
    out, phones = tmp_path / "lang" / "lexicon.txt", tmp_path / "lang" / "phones.txt"
    ran = ctcb("lexicon", tmp_path / "text.txt", "--language", language, "--out", out, "--phones", phones, "--common", tmp_path / "lang" / "common.txt")
    assert (ran.code, ran.err) == (0, "") and f"{len(lines)} words ({len(lines)} espeak)" in ran.out
    assert out.read_text("utf-8").splitlines() == lines
    used = sorted({phone for line in lines for phone in line.split("\t")[1].split()})
    assert phones.read_text("utf-8").splitlines() == ["<blk>", *used] == list(read_phones(phones))
    assert (tmp_path / "lang" / "language.txt").read_text() == f"{language}\n"
    # The three files are what a model directory holds.
    table, lexicon = read_pronunciations(tmp_path / "lang")
    assert table[0] == "<blk>" and lexicon.entries == {word: (tuple(spelled.split()),) for word, spelled in (line.split("\t") for line in lines)}
    ran = ctcb("lexicon", tmp_path / "text.txt", "--language", language, "--stress", "--out", tmp_path / "stressed.txt")
    assert ran.code == 0 and "ˈ" in (tmp_path / "stressed.txt").read_text("utf-8")


@needs_espeak
def test_own_entries_come_first_and_words_without_phones_are_counted(ctcb, tmp_path):
    (tmp_path / "text.txt").write_text("Müller 李明 Košice\n", "utf-8")
    (tmp_path / "own.txt").write_text("Müller\tm y l\n", "utf-8")
    ran = ctcb("lexicon", tmp_path / "text.txt", "--language", "de", "--lexicon", tmp_path / "own.txt", "--out", tmp_path / "lexicon.txt")
    assert (ran.code, ran.err) == (0, "") and "3 words (1 espeak, 1 none, 1 own)" in ran.out
    assert [line.split("\t")[0] for line in (tmp_path / "lexicon.txt").read_text("utf-8").splitlines()] == ["košice", "müller"]


@needs_espeak
def test_unknown_language_is_refused(ctcb, tmp_path):
    (tmp_path / "text.txt").write_text("Müller\n", "utf-8")
    ran = ctcb("lexicon", tmp_path / "text.txt", "--language", "deu", "--out", tmp_path / "lexicon.txt")
    assert ran.code == 2 and "'deu' is no language that espeak-ng pronounces; write de" in ran.err
    assert not (tmp_path / "lexicon.txt").exists()


def test_missing_extra_is_named(ctcb, tmp_path, without_espeak):
    (tmp_path / "text.txt").write_text("Müller\n", "utf-8")
    ran = ctcb("lexicon", tmp_path / "text.txt", "--language", "de", "--out", tmp_path / "lexicon.txt")
    assert ran.code == 1 and len(ran.err.splitlines()) == 1 and "pip install 'ctcb[espeak]'" in ran.err


@pytest.mark.parametrize("content, told", [
    ("a\nb\n", "phones.txt:1: begins with 'a', not with the blank; write <blk> in its first line"),
    ("<blk>\na\n\nb\n", "phones.txt:3: is empty; write one phone on each line"), ("<blk>\na b\n", "phones.txt:2: 'a b' is no phone: it has a space"),
    ("<blk>\na\nʃ\na\n", "phones.txt:4: repeats 'a' of line 2; give each id its own phone"), ("<blk>\naɪ\n<blk>\n", "phones.txt:3: repeats '<blk>' of line 1"),
    ("", "39 CMU phones"), ("<blk>\nAA\nB\n", "39 CMU phones"),
])  # fmt: skip
def test_malformed_table_is_refused(tmp_path, content, told):
    (tmp_path / "phones.txt").write_text(content, "utf-8")
    from ctcb.errors import InputError

    with pytest.raises(InputError, match=re.escape(told)):
        read_phones(tmp_path / "phones.txt")


@pytest.mark.parametrize("line, told", [
    ("müller m", "lexicon.txt:2: is not: word, tab, phones; separate them with one tab"), ("müller\tm ʏ", "lexicon.txt:2: 'ʏ' is not one of the model's 2 phones"),
    ("herr müller\tm", "lexicon.txt:2: 'herr müller' is not one word; write a line for each of herr, müller"), ("!\tm", "lexicon.txt:2: '!' is not one word"),
    ("müller\t<blk>", "'<blk>' is not one of the model's 2 phones"),
])  # fmt: skip
def test_malformed_lexicon_is_refused(tmp_path, line, told):
    (tmp_path / "phones.txt").write_text("<blk>\nm\na\n", "utf-8")
    (tmp_path / "lexicon.txt").write_text(f"Ma\tm a\n{line}\n", "utf-8")
    from ctcb.errors import InputError

    with pytest.raises(InputError, match=re.escape(told)):
        read_pronunciations(tmp_path)


def test_doctor_lists_espeak(ctcb):
    ran = ctcb("doctor", "--no-speed")
    assert ran.code == 0 and re.search(r"espeak +names in other languages +espeakng-loader ", ran.out)
