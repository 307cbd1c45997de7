"""Lexicon: known pronunciations, the order of its sources, and its files."""
from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ctcb.cli.lexicon import command as lexicon_command
from ctcb.cli.tokenize import command as tokenize_command
from ctcb.errors import InputError
from ctcb.text.lexicon import PHONES, Lexicon, phone_symbols, read_phones, write_phones
from ctcb.text.normalize import normalize


def test_phone_symbols() -> None:
    assert len(PHONES) == 39
    assert phone_symbols()[:3] == ("<blk>", "AA", "AE") and len(phone_symbols()) == 40
    assert len(phone_symbols(stress=True)) == 1 + 15 * 3 + 24


# From the CMU dictionary's file, and by hand for the rules.
@pytest.mark.parametrize(
    "word, origin, spelled",
    [
        ("read", "cmudict", {"R EH1 D", "R IY1 D"}),
        ("tomato", "cmudict", {"T AH0 M EY1 T OW2", "T AH0 M AA1 T OW2"}),
        ("tis", "cmudict", {"T IH1 Z"}),
        ("o'clock", "cmudict", {"AH0 K L AA1 K"}),
        ("aardvark's", "possessive", {"AA1 R D V AA2 R K S"}),
        ("abacus's", "possessive", {"AE1 B AH0 K AH0 S IH0 Z"}),
        ("nhs", "letters", {"EH1 N EY1 CH EH1 S"}),
        ("zelensky's", "g2p", {"Z IH0 L EH1 N S K IY0 Z"}),
    ],
)
def test_pronunciations(word: str, origin: str, spelled: set) -> None:
    lexicon = Lexicon(stress=True)
    assert lexicon.origin(word) == origin
    assert {" ".join(phones) for phones in lexicon.pronunciations(word)} == spelled
    plain = {"".join(c for c in phones if not c.isdigit()) for phones in spelled}
    assert {" ".join(phones) for phones in Lexicon().pronunciations(word)} == plain


def test_pronunciations_differing_in_stress_are_merged() -> None:
    stressed, plain = Lexicon(stress=True), Lexicon()
    assert len(stressed.pronunciations("import")) == 2
    assert plain.pronunciations("import") == (("IH", "M", "P", "AO", "R", "T"),)


def test_own_entries_come_first_and_apply_to_possessives() -> None:
    lexicon = Lexicon({"read": [("R", "AA1", "D")], "ctcb": [("S", "IY1")]})
    assert lexicon.pronunciations("read") == (("R", "AA", "D"),)
    assert lexicon.pronunciations("ctcb's") == (("S", "IY", "Z"),)


@given(st.text())
def test_every_normal_text_has_phones(text: str) -> None:
    phones = Lexicon().phones_of_text(text)
    assert set(phones) <= set(PHONES)
    assert bool(phones) == bool(normalize(text))


def test_phones_of_text_by_hand() -> None:
    assert Lexicon().phones_of_text("Dr. Read's 2 dogs") == (
        "D AA K T ER R IY D Z T UW D AA G Z".split()
    )


@pytest.mark.parametrize("word", ["", "Łódź", "two words", "'tis", "x1"])
def test_unnormalised_word_is_refused(word: str) -> None:
    with pytest.raises(InputError, match="cannot pronounce"):
        Lexicon().pronunciations(word)


def test_lexicon_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.txt"
    assert Lexicon().write(file, ["zelensky", "tomato", "tomato"]) == {"cmudict": 1, "g2p": 1}
    assert file.read_text() == (
        "tomato\tT AH M EY T OW\ntomato\tT AH M AA T OW\nzelensky\tZ IH L EH N S K IY\n"
    )
    lexicon = pickle.loads(pickle.dumps(Lexicon.read(file)))
    assert lexicon.entries == {word: Lexicon().pronunciations(word) for word in ("tomato", "zelensky")}


@pytest.mark.parametrize(
    "line, problem",
    [
        ("word W ER D", "is not: word, tab, phones"),
        ("word\t", "is not: word, tab, phones"),
        ("word\tW ER D D9", "'D9' is no CMU phone"),
        ("word\t<blk>", "'<blk>' is no CMU phone"),
        ("Wörd\tW ER D", "write it 'word'"),
    ],
)
def test_bad_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    file = tmp_path / "lexicon.txt"
    file.write_text(f"good\tG UH D\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Lexicon.read(file)
    assert str(caught.value).startswith(f"{file}:2: ") and problem in str(caught.value)


def test_stress_is_not_invented(tmp_path: Path) -> None:
    file = tmp_path / "lexicon.txt"
    file.write_text("good\tG UH D\n")
    with pytest.raises(InputError, match="without stress"):
        Lexicon.read(file, stress=True)


def test_phones_file(tmp_path: Path) -> None:
    file = tmp_path / "phones.txt"
    for stress in (False, True):
        write_phones(file, stress)
        assert read_phones(file) == phone_symbols(stress)
    file.write_text("<blk>\nAA\n")
    with pytest.raises(InputError, match="39 CMU phones"):
        read_phones(file)


def test_lexicon_and_tokenize_commands(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Dr. Łódź reads\nthe report\n", encoding="utf-8")
    table = tmp_path / "manifest.tsv"
    table.write_text("utt_id\ttext\nu1\tzelensky reads\n")
    out = tmp_path / "lexicon.txt"
    run = CliRunner().invoke(lexicon_command, ["--text", str(text), str(table), "--out", str(out)])
    assert run.exit_code == 0 and "6 words" in run.output
    assert list(Lexicon.read(out).entries) == ["doctor", "lodz", "reads", "report", "the", "zelensky"]
    common = tmp_path / "common.txt"
    options = ["--out", str(out), "--common", str(common), "--most", "3"]
    assert CliRunner().invoke(lexicon_command, [str(text), str(table), *options]).exit_code == 0
    assert common.read_text().split() == ["reads", "doctor", "lodz"]  # twice, and the alphabet's first

    run = CliRunner().invoke(
        tokenize_command, ["train", "--text", str(text), str(table), "--vocab-size", "32", "--out", str(tmp_path)]
    )
    assert run.exit_code == 0 and "32 pieces" in run.output
    run = CliRunner().invoke(tokenize_command, ["show", "--tokens", str(tmp_path), "Zoë", "reads"])
    assert run.output.splitlines()[0].replace(" ", "").replace("▁", " ").strip() == "zoe reads"


def test_unreadable_sentences_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "manifest.tsv"
    out = str(tmp_path / "lexicon.txt")

    def problem() -> str:
        run = CliRunner().invoke(lexicon_command, ["--text", str(table), "--out", out])
        assert isinstance(run.exception, InputError)
        return str(run.exception)

    assert "no such file" in problem()
    table.write_text("utt_id\twords\nu1\thello\n")
    assert f"{table}:1: has no column named text" in problem()
    table.write_text("utt_id\ttext\nu1\thello\nu2\n")
    assert f"{table}:3: 1 columns, not 2" in problem()
    table.write_bytes(b"utt_id\ttext\nu1\t\xff\n")
    assert "not UTF-8" in problem()
