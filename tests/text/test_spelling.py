"""Names as token sequences: the best first, then others; each spells the name."""
from __future__ import annotations

import random
from itertools import product

import pytest
from constructed import LETTERS

from ctcb.errors import InputError
from ctcb.text import spelling
from ctcb.text.spelling import SEGMENTATIONS, PieceSpelling, SentencepieceSpelling, TokenizerSpelling, spelling_of
from ctcb.text.tokenizer import Tokenizer
from ctcb.text.tokens import TokenTable

NAMES = ["annbo", "rostinik", "zalee", "lee rosti"]
TABLE = TokenTable.of(["<blk>", "▁", "▁a", "▁an", "a", "n", "na", "ann", "b"])


def spelled(table, sequences):
    return [" ".join(table.symbols[token] for token in ids) for ids in sequences]


def every_way(table, text):
    """All segmentations, by trying every way to cut."""
    found = []
    for cuts in product([False, True], repeat=len(text) - 1):
        pieces, start = [], 0
        for end in [i + 1 for i, cut in enumerate(cuts) if cut] + [len(text)]:
            pieces.append(text[start:end])
            start = end
        if all(piece in table.written for piece in pieces):
            found.append(tuple(table.written[piece] for piece in pieces))
    return found


@pytest.mark.parametrize("word", ["anna", "a", "banana", "nn", "annanna"])
def test_fewest_pieces_come_first(word):
    found = PieceSpelling(TABLE).spell([word])[0]
    ways = every_way(TABLE, f"▁{word}")
    assert set(found) <= set(ways) and len(found) == len(set(found)) == min(SEGMENTATIONS, len(ways))
    assert [len(ids) for ids in found] == sorted(map(len, ways))[: len(found)]


def test_ties_prefer_longer_first_pieces():
    assert spelled(TABLE, PieceSpelling(TABLE).spell(["anna"])[0])[:4] == ["▁an na", "▁an n a", "▁a n na", "▁ ann a"]
    assert spelled(TABLE, PieceSpelling(TABLE).spell(["a b"])[0])[:2] == ["▁a ▁ b", "▁ a ▁ b"]


def test_character_vocabularies_use_separators():
    found = PieceSpelling(TokenTable.of(LETTERS)).spell(["ann bob", "o'nan", "quiz"])
    assert spelled(TokenTable.of(LETTERS), found[0] + found[1]) == ["A N N | B O B", "O ' N A N"]
    assert found[2] == []


def test_both_cases_if_the_tokens_have_both():
    table = TokenTable.of(["<blk>", "|", *"abAB"])
    assert spelled(table, PieceSpelling(table).spell(["ab ba"])[0]) == ["a b | b a", "A b | B a", "A B | B A"]


def test_long_lists_get_one_segmentation(monkeypatch):
    short = PieceSpelling(TABLE).spell(["anna", "banana"])
    monkeypatch.setattr(spelling, "MAX_VARIED_FORMS", 1)
    assert PieceSpelling(TABLE).spell(["anna", "banana"]) == [one[:1] for one in short]


@pytest.fixture(scope="module")
def tokenizer():
    """With pieces inside words, so that there is more than one way to cut them."""
    draw = random.Random(0)
    parts = ["ann", "bo", "met", "lee", "za", "ros", "ti", "nik"]
    return Tokenizer.train(("".join(draw.choices(parts, k=draw.randint(1, 3))) for _ in range(2000)), vocab_size=90)


def test_own_tokenizer_samples_segmentations(tokenizer, monkeypatch):
    own = TokenizerSpelling(tokenizer)
    names = NAMES
    found = own.spell(names)
    assert found == own.spell(names) and max(map(len, found)) > 3
    for name, ways in zip(names, found):
        assert ways[0] == tuple(tokenizer.encode(name))
        assert len(set(ways)) == len(ways) and {tokenizer.decode(ids) for ids in ways} == {name}
    monkeypatch.setattr(spelling, "MAX_VARIED_FORMS", 1)
    assert own.spell(names) == [ways[:1] for ways in found]


def test_sentencepiece_by_symbol_not_by_id(tokenizer, tmp_path):
    """The tokens stand in another order than in the sentencepiece model, and the blank is last."""
    tokenizer.save(tmp_path)
    table = TokenTable.of([*reversed(tokenizer.pieces[2:]), "<blank>"], blank=len(tokenizer) - 2)
    model = spelling_of(table, tmp_path / "tokens.model")
    assert isinstance(model, SentencepieceSpelling)
    for name, ways in zip(NAMES[:-1], model.spell(NAMES)):
        assert spelled(table, ways[:1]) == [" ".join(tokenizer.pieces[token] for token in tokenizer.encode(name))]
        assert len(set(ways)) == len(ways) > 1 and all(table.words(ids)[0][0] == name for ids in ways)
    assert model.spell(["4ever"]) == [[]]


def test_wrong_sentencepiece_models_are_refused(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    (tmp_path / "bad.model").write_bytes(b"no model")
    for path, said in [("bad.model", "not a sentencepiece model"), ("none.model", "no such file"), ("tokens.model", "not pieces of it")]:
        with pytest.raises(InputError, match=said):
            spelling_of(TokenTable.of(["<blk>", "▁xyz", "▁uvw", "▁rst"]), tmp_path / path)
