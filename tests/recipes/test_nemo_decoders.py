"""recipes/benchmarks/decoders: NeMo's word spotter and phrase-boosting tree, on pieces and on characters."""
from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "exp/peers/site"  # where the recipe's stage 1 puts the peers
sys.path.insert(0, str(ROOT / "recipes/benchmarks/decoders"))
if SITE.is_dir():
    sys.path.append(str(SITE))

from bias_list import BiasList  # noqa: E402
from peer import Task  # noqa: E402

from ctcb.search.vocabulary import Vocabulary  # noqa: E402

pytestmark = pytest.mark.skipif(
    find_spec("nemo") is None,
    reason="not installed: recipes/benchmarks/decoders/run.sh --data-dir DIR --stop-stage 1 installs it",
)
CHARACTERS = ("<blk>", "▁", *"abcdefghijklmnopqrstuvwxyz")
PIECES = ("<blk>", "▁", "▁say", "▁now", "▁ma", "▁to", "▁an", "x", "m", "n", "a", "l", "el", "g")
NAMES = ("ma x", "to m", "an n el")  # their pieces, which follow a mark of a word's start
CLASSES = {
    "nemo-spotter": ("peer_nemo_spotter", "NemoSpotter"),
    "nemo-tree": ("peer_nemo_tree", "NemoTree"),
    "nemo-tree-greedy": ("peer_nemo_tree", "NemoTreeGreedy"),
}
SETTINGS = {
    "nemo-spotter": {"cb_weight": 3.0, "ctc_ali_token_weight": 0.5, "beam_threshold": 5.0},
    "nemo-tree": {"alpha": 1.0, "depth_scaling": 2.0},
    "nemo-tree-greedy": {"alpha": 1.0, "depth_scaling": 2.0},
}


@pytest.fixture(scope="module", params=["pieces", "characters"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def task(kind):
    pieces = PIECES if kind == "pieces" else CHARACTERS
    return Task(pieces, Vocabulary.from_tokens(pieces), beam=8, top_k=12)


@pytest.fixture(scope="module")
def peers(task):
    return {name: getattr(import_module(module), cls)(task) for name, (module, cls) in CLASSES.items()}


def ids(task, text):
    """A text's tokens; spaces separate pieces, and one that begins with the mark begins a word."""
    pieces = text.split() if len(task.pieces) == len(PIECES) else list(text.replace(" ", ""))
    return [task.pieces.index(piece) for piece in pieces]


def spell(task, answer):
    text = answer if isinstance(answer, str) else "".join(task.pieces[token] for token in answer).replace("▁", " ")
    return " ".join(text.split())


def bias_of(task):
    sequences = tuple(((*ids(task, f"▁{name}"),),) for name in NAMES)
    return BiasList(tuple(name.replace(" ", "") for name in NAMES), sequences, task.vocabulary)


def emissions(task, tokens, other=None):
    """``[T, V]``: a token in every second frame, blanks between; ``other``: place -> a token that is likelier by 1 there."""
    scores = np.full((2 * len(tokens), len(task.pieces)), -9.0, np.float32)
    scores[1::2, 0] = 4.0
    for place, token in enumerate(tokens):
        scores[2 * place, token] = 3.0
    for place, token in (other or {}).items():
        scores[2 * place, token] = 4.0
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("name", SETTINGS)
def test_nemo_finds_a_name_with_its_list_only(task, peers, name):
    tokens = ids(task, "▁say ▁an n el ▁now")
    wrong = ids(task, "▁say ▁an n a ▁now") if len(task.pieces) == len(PIECES) else ids(task, "▁say ▁an n ol ▁now")
    (place,) = [place for place, pair in enumerate(zip(tokens, wrong)) if pair[0] != pair[1]]
    log_probs = emissions(task, tokens, {place: wrong[place]})
    heard, said = spell(task, wrong), spell(task, tokens)
    assert spell(task, peers[name].search(None, peers[name].plain)(log_probs)) == heard
    assert spell(task, peers[name].search(bias_of(task), SETTINGS[name])(log_probs)) == said


@pytest.mark.parametrize("name", SETTINGS)
def test_nemo_leaves_other_speech_as_it_is(task, peers, name):
    for text in ("▁say ▁now", "▁now ▁ma n ▁say"):
        log_probs = emissions(task, ids(task, text))
        assert spell(task, peers[name].search(bias_of(task), SETTINGS[name])(log_probs)) == spell(task, ids(task, text))


@pytest.mark.parametrize("name", ["nemo-spotter", "nemo-tree-greedy"])
def test_nemo_without_a_list_is_greedy(task, peers, name):
    """Any frames: words that begin with the mark alone, none at all, or in the middle."""
    rng = np.random.default_rng(3)
    search = peers[name].search(None, peers[name].plain)
    for length in (1, 2, 5, 40, 40, 40, 40):
        log_probs = rng.normal(0, 3, (length, len(task.pieces))).astype(np.float32)
        log_probs -= np.log(np.exp(log_probs).sum(axis=1, keepdims=True))
        assert spell(task, search(log_probs)) == spell(task, [token for token, _ in groupby(log_probs.argmax(axis=1)) if token])


def test_nemo_tree_adds_its_scores_along_a_name(task, peers):
    """Score 1 at first and ``depth_scaling + log(i + 1)`` at token i from 0, as NeMo's documentation gives it."""
    tree = peers["nemo-tree"]._tree(bias_of(task), {"depth_scaling": 2.0})
    state, gained = tree.get_init_states(1), []
    for token in ids(task, "▁an n el") if len(task.pieces) == len(PIECES) else ids(task, "▁an"):
        scores, states = tree.advance(state)
        gained.append(float(scores[0, token - 1]))
        state = states[:, token - 1]
    assert gained == pytest.approx([1.0, 2 + np.log(2), 2 + np.log(3)][: len(gained)])
