"""Token tables: the blank, the word separator, and the spelling of tokens."""
from __future__ import annotations

import pytest
from constructed import LETTERS, PIECES

from ctcb.errors import InputError
from ctcb.text.tokens import TokenTable


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "tokens.txt"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def ids(table, *symbols):
    return [table.symbols.index(symbol) for symbol in symbols]


def test_subwords_spell_words():
    table = TokenTable.of(PIECES)
    assert (table.blank, table.separator) == (0, None)
    tokens = ids(table, "n", "▁an", "n", "▁", "▁bo", "<unk>", "b")
    assert table.words(tokens) == [("n", 0, 1), ("ann", 1, 3), ("bob", 4, 7)]
    assert table.words([]) == []


def test_characters_spell_lower_case_words():
    table = TokenTable.of(LETTERS)
    assert (table.blank, table.separator) == (0, "|")
    tokens = ids(table, "|", "A", "N", "N", "|", "|", "<s>", "B", "'", "B", "|")
    assert table.words(tokens) == [("ann", 1, 4), ("b'b", 6, 10)]


def test_piece_with_two_words():
    table = TokenTable.of(["<blk>", "▁new▁york", "s"])
    assert table.words([1, 2, 1]) == [("new yorks", 0, 2), ("new york", 2, 3)]


def test_reads_tokens_with_and_without_ids(file):
    plain = TokenTable.read(file("<blk>\n▁a\nb\n"))
    assert plain == TokenTable.read(file("b 2\n<blk> 0\n▁a 1\n#0 3\n#1 4\n")) == TokenTable.read(file("<blk>\t0\r\n▁a\t1\r\nb\t2\r\n"))
    spaced = TokenTable.read(file("-\n \na\n"))
    assert spaced.separator == " " and spaced == TokenTable.read(file("- 0\n  1\na 2\n"))
    assert TokenTable.read(file("<blk>\n▁a\n7\n")).symbols[2] == "7"  # an id would not stand alone


@pytest.mark.parametrize(
    "content, options, said",
    [
        ("", {}, "tokens.txt: holds no token"),
        ("<blk>\n\n▁a\n", {}, "tokens.txt:2: an empty line; write a space as <space>"),
        ("<blk>\n▁a\n▁a\n", {}, "tokens 1 and 2 are both '▁a'"),
        ("▁a\nb\n<blank>\n", {}, "token 0, '▁a', is not clearly one ('<blank>' has the id 2)"),
        ("-\n▁a\n<blk>\n", {}, "('-' has the id 0, '<blk>' has the id 2); name the blank"),
        ("x\n▁a\n", {"blank": 3}, "the blank's id is 3, but there are 2 tokens; name an id from 0 to 1, or 2 for one behind them"),
        ("x\n▁a\n", {"blank": "y"}, "the blank 'y' is not one of the 2 tokens"),
        ("<blk>\na\nb\n", {}, "no token begins with ▁ or is | or a space; name the separator"),
        ("<blk>\n|\n \na\n", {}, "'|' and ' ' are tokens; name the separator"),
        ("<blk>\na\n", {"separator": "_"}, "the separator '_' is not one of the 2 tokens"),
    ],
)
def test_ambiguous_and_wrong_tables_are_refused(file, content, options, said):
    with pytest.raises(InputError) as error:
        TokenTable.read(file(content), **options)
    assert said in str(error.value)


def test_blank_at_any_id():
    assert TokenTable.of(["▁a", "b", "x"], blank=2).blank == TokenTable.of(["▁a", "b", "x"], blank="x").blank == 2
    assert TokenTable.of(["-", "|", "a"]).blank == 0  # as torchaudio writes them


def test_case_of_a_vocabulary():
    def written(table, name):
        return [casing(name) for casing in table.writing.casings]

    assert written(TokenTable.of(LETTERS), "ann lee") == ["ANN LEE"]
    assert written(TokenTable.of(PIECES), "ann lee") == ["ann lee"]
    mixed = TokenTable.of(["<blk>", "▁A", "▁a", "n"])
    assert written(mixed, "ann o'Lee") == ["ann o'Lee", "ann o'lee", "Ann O'lee", "ANN O'LEE"]
    assert mixed.words([1, 3, 3, 2, 3]) == [("Ann", 0, 3), ("an", 3, 5)]


def test_missing_letters_are_reported():
    assert TokenTable.of(LETTERS).unspellable_reason("anna quiz") == "needs letters that no token has: I Q U"
    assert TokenTable.of(["<blk>", "▁an", "n"]).unspellable_reason("na") == "cannot be put together from the tokens"
