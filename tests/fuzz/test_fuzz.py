"""Readers on generated input: random bytes and nearly correct files."""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from constructed import PIECES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

sys.path.insert(0, str(Path(__file__).parent))
from readers import READERS, SEEDS  # noqa: E402

from ctcb import CtcDecoder  # noqa: E402
from ctcb.ctc.emissions import Emissions  # noqa: E402
from ctcb.ctc.log_probs import as_log_probs, from_logits  # noqa: E402
from ctcb.ctc.padding import without_padding  # noqa: E402
from ctcb.errors import InputError  # noqa: E402

ODD = ["", "\t", "\n", " ", "=", "weight=", "1e9", "nan", "-inf", "\\data\\", "<UNK>", "<s>", "ngram 1=", "|", "\u202e", "\x1b", "é", "{", "["]


def broken(seed: str) -> st.SearchStrategy[bytes]:
    """A correct file with some parts removed, doubled, moved or changed."""
    pieces = [piece for line in seed.splitlines(keepends=True) for piece in line.replace("\t", "\0\t\0").split("\0")]
    edit = st.tuples(st.integers(0, len(pieces) - 1), st.sampled_from(["out", "twice", "swap", "odd"]), st.sampled_from(ODD), st.integers(0, len(pieces) - 1))

    def apply(edits) -> bytes:
        changed = list(pieces)
        for place, what, odd, other in edits:
            if what == "out":
                changed[place] = ""
            elif what == "twice":
                changed[place] *= 2
            elif what == "swap":
                changed[place], changed[other] = changed[other], changed[place]
            else:
                changed[place] = odd + changed[place][1:]
        return "".join(changed).encode("utf-8", "surrogatepass")

    return st.lists(edit, max_size=4).map(apply)


@pytest.mark.parametrize("name", READERS)
def test_readers_read_or_refuse(name):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(broken(SEEDS[name]), broken(SEEDS[name]), st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
    def check(data):
        READERS[name](data)

    check()


FLOATS = st.floats(width=32) | st.sampled_from([0.0, -1.0, float("-inf"), float("inf"), float("nan"), float(np.float32(-3e38))])


@settings(max_examples=150, deadline=None)
@given(arrays(np.float32, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=10), elements=FLOATS))
def test_emissions_are_decoded_or_refused(array):
    decoder = CtcDecoder(PIECES, frame_shift=0.04)
    for log_probs in (array, from_logits(array)):
        try:
            checked = as_log_probs(without_padding(Emissions(log_probs), trim=False).tokens, len(PIECES))
        except InputError:
            with pytest.raises(InputError):
                decoder.decode(log_probs, ["bob"])
            continue
        said = decoder.decode(log_probs, ["bob"])
        assert all(0 <= word.start < word.end <= len(checked) * 0.04 + 1e-9 for word in said.words)
        assert said == decoder.decode(log_probs, ["bob"])
