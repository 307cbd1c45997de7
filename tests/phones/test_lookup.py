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


def spoilt(phones, rng):
    """A pronunciation with a third of its phones edited."""
    found = phones.tolist()
    for _ in range(len(phones) // 3):
        at, kind = int(rng.integers(len(found))), rng.integers(3)
        found[at : at + (kind != 0)] = [] if kind == 1 else [int(rng.integers(1, 40))]
    return found


def near_by_comparison(spoken, runs, listed, cost):
    """The pairs of a run and a name that are near and share enough pairs, nearest first, by comparing everything with everything."""
    found = []
    for run, (begin, stop) in enumerate(runs):
        apart = edit_costs([spoken[begin:stop]] * len(listed), listed, cost) if stop > begin else np.full(len(listed), np.inf)
        for place, other in enumerate(listed):
            allowed = len(other) // 3
            enough = shared_pairs(spoken[begin:stop].tolist(), other.tolist()) >= max(1, len(other) - 1 - 2 * allowed)
            if apart[place] / len(other) <= 1 / 3 and enough and abs(stop - begin - len(other)) <= allowed:
                found.append((apart[place] / len(other), run, place))
    return [(run, place) for _, run, place in sorted(found)]


def any_phones(rng, count):
    return rng.integers(1, 40, count)


def of_few_syllables(rng, count):
    """Names that begin alike."""
    return np.concatenate([np.random.default_rng(rng.integers(6)).integers(1, 40, 3) for _ in range(1 + count // 3)])


@pytest.mark.parametrize("make, around", [(any_phones, 5), (of_few_syllables, 5), (of_few_syllables, 70)])
def test_index_finds_what_a_comparison_with_everything_finds(make, around):
    """Pronunciations edited at random, inside other phones."""
    rng, cost = np.random.default_rng(1), costs(SYMBOLS)
    listed = [make(rng, rng.integers(3, 12)) for _ in range(200)]
    names = [f"name {place:03}" for place in range(200)]
    half = indexed(listed[:190], names[:190])
    more = np.concatenate(listed[190:]).astype(np.uint16), np.cumsum([0, *map(len, listed[190:])]), np.arange(190, 200)
    found = 0
    for made in (indexed(listed, names), half.changed(names, [], more)):
        for one in listed[:20] + listed[190:]:
            inside = spoilt(one, rng)
            spoken = np.array([*rng.integers(1, 40, around), *inside, *rng.integers(1, 40, 5)])
            begin, end = around, around + len(inside)
            runs = np.array([(begin, end), (begin, len(spoken)), (begin - 5, begin), (begin - 2, end + 1), (begin - 3, begin - 3)])
            expected = near_by_comparison(spoken, runs, listed, cost)
            for most in (1000, 3):
                assert [(run, made.owner(number)) for run, number in made.near(spoken, runs, cost, most)] == expected[:most]
            found += len(expected)
    assert half.changed(names, [], more).later is not None and found >= 40


def test_candidates_are_those_with_the_largest_shares_of_their_pairs():
    rng = np.random.default_rng(2)
    listed = [of_few_syllables(rng, rng.integers(3, 12)) for _ in range(300)]
    made = indexed(listed, [str(place) for place in range(300)])
    spoken = np.concatenate(listed[:4])
    shares = {}
    for number in range(300):
        own, length = made.sound(number).tolist(), len(made.sound(number))
        shared = shared_pairs(spoken.tolist(), own)
        if shared >= max(1, length - 1 - 2 * (length // 3)):
            shares[number] = shared / (length - 1)
    every = made.candidates(spoken, 300)
    assert every.tolist() == sorted(shares) and len(every) > 50
    for most in (1, 20):
        few = made.candidates(spoken, most).tolist()
        assert few == sorted(sorted(shares, key=lambda number: (-shares[number], number))[:most])
    assert made.sounds(every).tolist() == [phone for number in every for phone in made.sound(number)]
    assert made.lengths(every).tolist() == [len(made.sound(number)) for number in every]


def test_of_a_long_list_those_are_compared_that_share_most(monkeypatch):
    monkeypatch.setattr("ctcb.phones.index.MOST_COMPARED", 1)
    made = indexed([sound(name) for name in ("mandel", "zelenskyy", "cut")], ["mandel", "zelenskyy", "cut"])
    spoken = greedy_phones(phones("M AE N T AH T Z AH L EH N S K IY"))[0]
    found = made.near(spoken, np.array([[0, 6], [6, len(spoken)]]), costs(SYMBOLS), 9)
    assert [(run, made.owner(number)) for run, number in found] == [(1, 1)]  # all pairs, not three of five


def test_index_of_short_and_empty_input():
    nothing = indexed([np.array([1, 2])], ["b"])  # too short
    runs = np.array([[0, 3]])
    assert len(nothing) == 0 and list(nothing.near(np.array([1, 2, 3]), runs, costs(SYMBOLS), 9)) == []
    assert list(index("cat").near(np.zeros(0, np.int64), runs, costs(SYMBOLS), 9)) == []


def test_greedy_phones_and_their_frames():
    heard, frames = greedy_phones(phones("K AE T"))
    assert [SYMBOLS[phone] for phone in heard] == ["K", "AE", "T"] and frames.tolist() == [0, 3, 6]
    assert greedy_phones(np.zeros((0, 40), np.float32))[0].shape == (0,)
