"""By how much a common word fits the frames of a name better."""
from itertools import product

import numpy as np
import pytest

from ctcb.adapter.alignment import relative
from ctcb.adapter.common_words import ABOUT, CommonWords
from ctcb.errors import InputError
from ctcb.text.lang import COMMON_FILE, Lang, copy_lang, read_common, write_common


def paths_score(rows, sound):
    """The best score of ``sound`` in ``rows``, over every labelling of every span of frames."""
    best = -np.inf
    for first, end in product(range(min(ABOUT + 1, len(rows))), range(max(1, len(rows) - ABOUT), len(rows) + 1)):
        for labels in product(range(rows.shape[1]), repeat=max(0, end - first)):
            collapsed = [b for a, b in zip((0, *labels), labels) if a != b and b]
            # Before and behind lies what is free, so that blanks at the edges are never the best.
            if tuple(collapsed) == sound and labels[0] and labels[-1]:
                best = max(best, sum(rows[first + t, label] for t, label in enumerate(labels)))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_lead_equals_brute_force(seed):
    rng = np.random.default_rng(seed)
    frames, phones = int(rng.integers(3, 7)), 4
    rows = relative(np.log(rng.dirichlet(np.ones(phones), frames)).astype(np.float32))
    sounds = [tuple(rng.integers(1, phones, rng.integers(1, 4)).tolist()) for _ in range(5)]
    words = ["a", "a", "b", "c", "d"]
    scores = [paths_score(rows, sound) for sound in sounds]
    common = CommonWords(words[1:], sounds[1:])
    for own in ((), ("b",), ("a", "c")):
        others = [score for word, score in zip(words[1:], scores[1:]) if word not in own]
        if np.isfinite(scores[0]):
            lead = common.lead(rows, 0, frames - 1, sounds[0], own)
            wanted = max(others) - scores[0]
            assert lead == pytest.approx(wanted, abs=1e-4) if np.isfinite(wanted) else lead == -np.inf
    assert common.lead(rows, 0, frames - 1, sounds[0], ("a", "b", "c", "d")) == -np.inf


def test_only_frames_of_the_name_are_compared():
    """The word fits only far behind the name."""
    rows = np.full((30, 4), -8.0, np.float32)
    rows[:, 0] = 0.0
    rows[[5, 6], [1, 2]] = rows[[20, 21], [3, 3]] = 0.0
    rows[5:7, 0] = rows[20:22, 0] = -8.0
    common = CommonWords(["word"], [(3,)])
    assert common.lead(rows, 5, 6, (1, 2)) == pytest.approx(-16.0)  # it lasts from the one to the other
    assert common.lead(rows, 20, 21, (1, 2)) == pytest.approx(16.0)


def test_words_longer_than_the_frames_never_lead():
    rows = np.zeros((2, 4), np.float32)
    assert CommonWords(["long"], [(1, 2, 3)]).lead(rows, 0, 1, (1,)) == -np.inf
    assert CommonWords([], []).lead(rows, 0, 1, (1,)) == -np.inf


def test_common_words_file_is_exported_with_the_model(lang_dir, tmp_path):
    write_common(tmp_path / COMMON_FILE, {"b": 2, "a": 2, "c": 5, "d": 1}, 3)
    assert read_common(tmp_path / COMMON_FILE) == ("c", "a", "b")
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        folder.mkdir()
    copy_lang(lang_dir, source)
    (source / COMMON_FILE).write_text("the\nof\n")
    copy_lang(source, target)
    assert Lang.load(target).common == ("the", "of")
    (source / COMMON_FILE).unlink()
    copy_lang(source, target)
    assert Lang.load(target).common == ()


def test_all_pronunciations_of_common_words_are_compared(lang_dir, tmp_path):
    copy_lang(lang_dir, tmp_path)
    (tmp_path / COMMON_FILE).write_text("the\nof\n")
    lang = Lang.load(tmp_path)
    ways = sum(len(lang.lexicon.pronunciations(word)) for word in ("the", "of"))
    assert len(CommonWords.of(lang)) == ways > 2


@pytest.mark.parametrize("line", ["two words", "The", "", "12"])
def test_line_with_an_unnormalised_word_is_named(tmp_path, line):
    (tmp_path / COMMON_FILE).write_text(f"the\n{line}\n")
    with pytest.raises(InputError, match="is not a normal word") as caught:
        read_common(tmp_path / COMMON_FILE)
    assert caught.value.line == 2
