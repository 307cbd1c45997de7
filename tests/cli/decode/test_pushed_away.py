"""Lists with negative weights: words that are pushed away, by the command and in Python, in several kinds of tokens and scripts."""
from __future__ import annotations

import json
import math
from itertools import product

import numpy as np
import pytest
from constructed import LETTERS, MET, PIECES, SPOKEN, log_probs, write
from hypothesis import given
from hypothesis import strategies as st

import ctcb as package
from ctcb.biasing.segmentations import Segmentations
from ctcb.entities import Entity, EntityList
from ctcb.scoring.score import score
from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.beam.decoder import BeamDecoder
from ctcb.search.options import BeamOptions
from ctcb.search.vocabulary import Vocabulary

# "bov" is said with .6, "bob" with .25: 0.875 nats less.
LEAD = math.log(0.6 / 0.25)


@pytest.fixture
def decode(ctcb, tmp_path):
    def call(content, *options, symbols=PIECES, frames=MET):
        (tmp_path / "names.txt").write_text(content, "utf-8")
        given = write(tmp_path, {"u": log_probs(symbols, frames)}, symbols)
        ran = ctcb("decode", *given, "--entities", tmp_path / "names.txt", "--format", "jsonl", *options)
        return ran, json.loads(ran.out) if ran.code == 0 else None

    return call


@pytest.mark.parametrize("symbols, frames", [(PIECES, MET), (LETTERS, SPOKEN)])
def test_word_is_pushed_away_by_so_many_nats(decode, symbols, frames):
    for weight, last in ((-LEAD - 0.01, "bob"), (-LEAD + 0.01, "bov"), (-100, "bob")):
        _, row = decode(f"Bov\tweight={weight}\n", symbols=symbols, frames=frames)
        assert (row["text"], row["entities"]) == (f"ann met {last}", [])
    # Only whole words, and whatever the technique.
    assert decode("ov\tweight=-9\nbo\tweight=-9\nmet bo\tweight=-9\n", symbols=symbols, frames=frames)[1]["text"] == "ann met bov"
    for options in (["--bias", "none", "--with", "subword"], ["--format", "jsonl"]):
        assert decode("met bov\tweight=-9\n", *options, symbols=symbols, frames=frames)[1]["text"] == "ann met bob"


def test_words_that_are_pushed_away_stand_beside_names(decode):
    _, row = decode("Bov\tweight=-5\nAnn\tweight=2\n", "--explain")
    assert row["text"] == "ann met bob" and row["before"] == "ann met bov"
    assert [entity["entity"] for entity in row["entities"]] == ["Ann"]
    # An alias of a name may be pushed away as a word of its own.
    _, row = decode("Boz\tweight=1\nbov\tweight=-50\nbob\tweight=-50\n")
    assert row["text"] == "ann met boz"


def test_boost_file_of_nemo(decode):
    content = "ann\t2\nbov\t-20\n"
    assert decode(content, "--entities-format", "nemo-score")[1]["text"] == "ann met bob"


def test_lm_and_penalty_together(decode, tmp_path):
    (tmp_path / "lm.arpa").write_text("\\data\\\nngram 1=5\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\n-2\t<unk>\n-1\tbov\n-1\tbob\n\n\\end\\\n")
    options = ["--lm", tmp_path / "lm.arpa"]
    assert decode("zzz\n", *options)[0].code == 0
    assert decode("zz\tweight=-1\n", *options)[1]["text"] == "ann met bov"
    assert decode("bov\tweight=-1\n", *options)[1]["text"] == "ann met bob"
    assert decode("bov\tweight=-0.5\n", *options)[1]["text"] == "ann met bov"


@pytest.mark.parametrize("symbols, unspaced, frames, phrase, expected", [
    (["<blk>", "|", *"абвор"], False, ["в", "о", {"р": 0.6, "а": 0.3}], "вор", "воа"),
    (["<blk>", "▁", "▁m", "ü", "ll", "l", "er", "e", "r", "n"], False, ["▁m", "ü", "ll", "e", {"r": 0.6, "n": 0.3}], "▁müller", "▁müllen"),
    (["<blk>", *"我叫李明民"], True, ["我", "叫", "李", {"明": 0.6, "民": 0.3}], "李明", "我叫李民"),
    (["<blk>", *"我叫李明民"], True, ["我", "叫", "李", {"明": 0.6, "民": 0.3}, "叫"], "李", "我叫明叫"),
])  # fmt: skip
def test_other_scripts_and_tokens(symbols, unspaced, frames, phrase, expected):
    vocabulary = Vocabulary.from_tokens(symbols, separators=[symbol for symbol in symbols if symbol == "|"], unspaced=unspaced)
    sequences = Segmentations(symbols, vocabulary).of([tuple(map(symbols.index, _segmented(phrase, symbols)))])
    graph = ContextGraph.build([], vocabulary, pushed=[(sequences, 20.0)])
    decoder = BeamDecoder(vocabulary, BeamOptions(token_gap=20.0))
    assert "".join(symbols[i] for i in decoder.decode(log_probs(symbols, frames), graph)[0].tokens) == expected


def _segmented(phrase, symbols):
    """One segmentation: from the left, the longest token each time."""
    while phrase:
        symbol = max(filter(phrase.startswith, symbols), key=len)
        yield symbol
        phrase = phrase[len(symbol) :]


def test_python_takes_negative_weights():
    decoder = package.CtcDecoder(PIECES)
    for entities in ({"Bov": -5.0}, [Entity("Bov", -5.0)]):
        assert decoder.decode(log_probs(PIECES, MET), entities).text == "ann met bob"


def test_graph_refuses_a_negative_weight(ctcb, tmp_path):
    pytest.importorskip("k2")
    (tmp_path / "lm.arpa").write_text("\\data\\\nngram 1=5\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\n-2\t<unk>\n-1\tbov\n-1\tbob\n\n\\end\\\n")
    given = write(tmp_path, {"u": log_probs(PIECES, MET)})
    assert ctcb("graph", "--lm", tmp_path / "lm.arpa", "--tokens", tmp_path / "tokens.txt", "--out", tmp_path / "graph").code == 0
    (tmp_path / "names.txt").write_text("ann\nbov\tweight=-5\n")
    ran = ctcb("decode", *given, "--method", "graph", "--graph", tmp_path / "graph", "--entities", tmp_path / "names.txt")
    assert ran.code == 2 and "names.txt:2: 'bov' has a negative weight, which a graph cannot have; use --method beam" in ran.err


def test_scores_leave_out_what_is_pushed_away():
    listed = EntityList.of([Entity("Bov", -5.0), Entity("Ann")])
    report = score({"u": "ann met bob"}, {"u": "ann met bov"}, listed)
    assert (report.entities.found, report.entities.missed, report.entities.false) == (1, 0, 0)


SYMBOLS = ["<b>", "▁", "▁a", "▁b", "a", "b", "ab", "ba", "aba", "▁ab"]


@given(st.text("ab", min_size=1, max_size=7))
def test_every_segmentation_is_found(word):
    """Against all sequences of tokens that are no longer than the text."""
    vocabulary = Vocabulary.from_tokens(SYMBOLS)
    text = "▁" + word
    given_one = tuple(SYMBOLS.index(letter) for letter in text)
    expected, ways = set(), [()]
    while ways:
        ways = [(*way, token) for way, token in product(ways, range(1, len(SYMBOLS))) if text.startswith("".join(SYMBOLS[i] for i in (*way, token)))]
        expected.update(way for way in ways if "".join(SYMBOLS[i] for i in way) == text)
    assert set(Segmentations(SYMBOLS, vocabulary).of([given_one])) == expected


def test_segmentations_are_limited():
    symbols = ["-", "▁", *("a" * length for length in range(1, 30))]
    found = Segmentations(symbols, Vocabulary.from_tokens(symbols)).of([(1, *[2] * 40)])
    assert len(found) == 4096 and found[0] == (1, *[2] * 40) and all("".join(symbols[i] for i in way) == "▁" + "a" * 40 for way in found)


def test_another_segmentation_does_not_slip_through(decode):
    """The model writes `bov` in other pieces than the tokenizer would choose."""
    frames = [*MET[:5], "▁", "b", {"o": 0.9, "n": 0.05}, {"v": 0.6, "b": 0.25, "z": 0.1}, "<blk>"]
    symbols = [*PIECES, "o", "ov", "▁b", "▁bov"]
    assert decode("Ann\n", symbols=symbols, frames=frames)[1]["text"] == "ann met bov"
    assert decode("Bov\tweight=-9\n", symbols=symbols, frames=frames)[1]["text"] == "ann met bob"
    assert np.isclose(math.log(0.6) - math.log(0.25), LEAD)
