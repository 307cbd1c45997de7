"""The index and the lookup on constructed emissions: replacements that must and must not be made."""
from __future__ import annotations

import numpy as np
import pytest
from constructed import log_probs

from ctcb.phones.distance import costs, edit_costs
from ctcb.phones.index import SoundIndex
from ctcb.phones.lookup import find
from ctcb.phones.options import LookupOptions
from ctcb.phones.phonetics import Phonetics, greedy_phones
from ctcb.text.lexicon import Lexicon, phone_symbols

SYMBOLS = phone_symbols()
SAID = {
    "the": "DH AH", "lens": "L EH N Z", "key": "K IY", "spoke": "S P OW K", "today": "T AH D EY", "a": "AH", "met": "M EH T",
    "zelenskyy": "Z AH L EH N S K IY", "anna": "AE N AH", "berg": "B ER G", "cat": "K AE T", "cut": "K AH T", "mandel": "M AE N D AH L",
}  # fmt: skip
PHONETICS = Phonetics(SYMBOLS, Lexicon({word: [tuple(said.split())] for word, said in SAID.items()}))


def phones(said, likely=0.9):
    """``[T, P]``: two frames a phone, a blank after each; ``|`` is two blanks more."""
    frames = []
    for phone in said.split():
        frames += ["<blk>"] * 2 if phone == "|" else [{phone: likely, "AH": (1 - likely) / 2}] * 2 + ["<blk>"]
    return log_probs(SYMBOLS, frames)


def index(*names):
    return indexed([sound(name) for name in names], names)


def indexed(sounds, names):
    """The index of a pronunciation a name."""
    at = np.cumsum([0, *map(len, sounds)])
    return SoundIndex.build(names, (np.concatenate(sounds).astype(np.uint16), at, np.arange(len(sounds))), len(SYMBOLS))


def sound(text):
    return np.concatenate([ways[0] for ways in PHONETICS.words(text.split(), 1)])


def looked_up(text, said, names, taken=(), **options):
    ways = PHONETICS.words(text.split(), 3)
    known = [word in SAID for word in text.split()]
    found = find(ways, known, taken, phones(said), index(*names), PHONETICS, LookupOptions(**options))
    return [(names[match.entity], text.split()[match.first : match.end]) for match in found]


THE_LENS_KEY = "M EH T | Z AH L EH N S K IY | T AH D EY"


def test_name_replaces_words_that_fit_worse():
    assert looked_up("met the lens key today", THE_LENS_KEY, ["berg", "zelenskyy"]) == [("zelenskyy", ["the", "lens", "key"])]


def test_some_phone_errors_are_allowed():
    heard = "M EH T | S AH L EH N S K IY | T AH D EY"
    assert looked_up("met the lens key today", heard, ["zelenskyy"], max_loss_per_phone=2)
    assert not looked_up("met the lens key today", heard, ["zelenskyy"], max_loss_per_phone=0.1)


def test_correctly_recognised_word_is_kept():
    # It sounds just like the name, but for nothing that was heard.
    assert not looked_up("met the lens key today", "M EH T | DH AH L EH N Z K IY | T AH D EY", ["zelenskyy"])
    assert not looked_up("a cat today", "AH | K AE T | T AH D EY", ["cut", "cat"])


def test_short_names_need_a_higher_gain():
    heard = "AH | K AH T | T AH D EY"
    assert not looked_up("a cat today", heard, ["cut"], min_gain=0.5, short_name_penalty=4)
    assert looked_up("a cat today", heard, ["cut"], min_gain=0.5, short_name_penalty=0) == [("cut", ["cat"])]
    assert not looked_up("a cat today", heard, ["cut"], min_gain=20, short_name_penalty=0)


def test_words_of_recognised_entities_are_kept():
    assert not looked_up("met the lens key today", THE_LENS_KEY, ["zelenskyy"], taken={3})


def test_names_of_several_words_and_two_in_a_sentence():
    heard = "AE N AH B ER G | M EH T | Z AH L EH N S K IY"
    found = looked_up("a cat met the lens key", heard, ["zelenskyy", "anna berg"])
    assert found == [("anna berg", ["a", "cat"]), ("zelenskyy", ["the", "lens", "key"])]


@pytest.mark.parametrize("text, said", [("", "K AE T"), ("cat", ""), ("the lens key", "K")])
def test_nothing_to_look_up(text, said):
    assert looked_up(text, said, ["zelenskyy"]) == []


def test_result_does_not_depend_on_list_order():
    names = ["zelenskyy", "anna", "berg", "mandel", "cut"]
    rng = np.random.default_rng(0)
    for _ in range(5):
        shuffled = rng.permutation(names).tolist()
        assert looked_up("met the lens key today", THE_LENS_KEY, shuffled) == [("zelenskyy", ["the", "lens", "key"])]
    twins = [indexed([sound("berg")] * 2, order) for order in (["Berg", "Burg"], ["Burg", "Berg"])]
    heard = phones("B ER G")
    found = [find(PHONETICS.words(["cat"], 1), [True], (), heard, one, PHONETICS, LookupOptions(short_name_penalty=0)) for one in twins]
    assert [one.names[match.entity] for one, (match,) in zip(twins, found)] == ["Berg", "Berg"]


def shared_pairs(stretch, listed):
    own = {(a, b) for a, b in zip(listed, listed[1:])}
    return sum(pair in own for pair in zip(stretch, stretch[1:]))


def test_index_finds_what_a_comparison_with_everything_finds():
    """Pronunciations edited at random, inside other phones: those that are near, and share enough pairs, nearest first."""
    rng, cost = np.random.default_rng(1), costs(SYMBOLS)
    listed = [rng.integers(1, 40, rng.integers(3, 12)) for _ in range(200)]
    names = [f"name {place:03}" for place in range(200)]
    made = indexed(listed, names)
    found = 0
    for one in listed[:40]:
        spoilt = one.tolist()
        for _ in range(len(one) // 3):
            at, kind = int(rng.integers(len(spoilt))), rng.integers(3)
            spoilt[at : at + (kind != 0)] = [] if kind == 1 else [int(rng.integers(1, 40))]
        before, behind = rng.integers(1, 40, (2, 5))
        spoken = np.array([*before, *spoilt, *behind])
        runs = np.array([(5, 5 + len(spoilt)), (5, len(spoken)), (0, 5), (3, 6 + len(spoilt)), (2, 2)])
        expected = []
        for run, (begin, stop) in enumerate(runs):
            apart = edit_costs([spoken[begin:stop]] * 200, listed, cost) if stop > begin else np.full(200, np.inf)
            for place, other in enumerate(listed):
                allowed = len(other) // 3
                enough = shared_pairs(spoken[begin:stop].tolist(), other.tolist()) >= max(1, len(other) - 1 - 2 * allowed)
                if apart[place] / len(other) <= 1 / 3 and enough and abs(stop - begin - len(other)) <= allowed:
                    expected.append((apart[place] / len(other), run, place))
        expected = [(run, place) for _, run, place in sorted(expected)]
        for most in (1000, 3):
            assert [(run, made.owner(number)) for run, number in made.near(spoken, runs, cost, most)] == expected[:most]
        found += len(expected)
    assert found >= 40


def test_index_of_short_and_empty_input():
    nothing = indexed([np.array([1, 2])], ["b"])  # too short
    runs = np.array([[0, 3]])
    assert len(nothing) == 0 and list(nothing.near(np.array([1, 2, 3]), runs, costs(SYMBOLS), 9)) == []
    assert list(index("cat").near(np.zeros(0, np.int64), runs, costs(SYMBOLS), 9)) == []


def test_greedy_phones_and_their_frames():
    heard, frames = greedy_phones(phones("K AE T"))
    assert [SYMBOLS[phone] for phone in heard] == ["K", "AE", "T"] and frames.tolist() == [0, 3, 6]
    assert greedy_phones(np.zeros((0, 40), np.float32))[0].shape == (0,)
