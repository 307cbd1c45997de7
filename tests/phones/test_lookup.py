"""The index and the lookup on constructed emissions: replacements that must and must not be made."""
from __future__ import annotations

import numpy as np
import pytest
from constructed import log_probs

from ctcb.phones.index import SoundIndex, errors
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
    return SoundIndex.build([[sound(name)] for name in names], names, len(SYMBOLS))


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
    twins = [SoundIndex.build([[sound("berg")]] * 2, order, len(SYMBOLS)) for order in (["Berg", "Burg"], ["Burg", "Berg"])]
    heard = phones("B ER G")
    found = [find(PHONETICS.words(["cat"], 1), [True], (), heard, one, PHONETICS, LookupOptions(short_name_penalty=0)) for one in twins]
    assert [one.names[match.entity] for one, (match,) in zip(twins, found)] == ["Berg", "Berg"]


def test_index_finds_every_pronunciation_within_a_third_of_errors():
    """Pronunciations of four phones or more, edited at random, inside other phones."""
    rng = np.random.default_rng(1)
    listed = [rng.integers(1, 40, rng.integers(4, 15)) for _ in range(300)]
    made = SoundIndex.build([[one] for one in listed], list(map(str, range(300))), 40)
    missed = 0
    for place, one in enumerate(listed):
        spoilt = one.tolist()
        for _ in range(int(errors(np.array([len(one)]))[0])):
            at = int(rng.integers(len(spoilt)))
            kind = rng.integers(3)
            spoilt[at : at + (kind != 0)] = [] if kind == 1 else [int(rng.integers(1, 40))]
        around = rng.integers(1, 40, (2, 10))
        found, at = made.candidates(np.array([*around[0], *spoilt, *around[1]]))
        # Four and five phones keep a pair only where the one edit is not in the middle.
        missed += place not in found and len(one) > 5
        assert (at.sum(axis=1) > 0).all() and len(at) == len(found)
    assert missed == 0


def test_index_of_short_and_empty_input():
    nothing = SoundIndex.build([[], [np.array([1, 2])]], ["a", "b"], 40)  # too short
    assert len(nothing.sounds) == 0 and nothing.candidates(np.array([1, 2, 3]))[0].tolist() == []
    assert index("cat").candidates(np.zeros(0, np.int64))[0].tolist() == []


def test_greedy_phones_and_their_frames():
    heard, frames = greedy_phones(phones("K AE T"))
    assert [SYMBOLS[phone] for phone in heard] == ["K", "AE", "T"] and frames.tolist() == [0, 3, 6]
    assert greedy_phones(np.zeros((0, 40), np.float32))[0].shape == (0,)
