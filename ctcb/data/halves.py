"""The one split of a data set: settings are chosen on half 1 and reported on half 2.

Everything that fits, tunes or scores on part of a set asks :func:`half_of`. Two splits by different hashes would
let settings see the utterances on which they are reported.
"""
from __future__ import annotations

import hashlib

HALVES = ("1", "2")


def half_of(utt_id: str) -> str:
    """The half, one of ``HALVES``, that an utterance is in: the parity of the first byte of its id's SHA-256.

    It is the same on every machine and does not depend on the set's other utterances or their order.
    """
    return HALVES[hashlib.sha256(utt_id.encode()).digest()[0] % 2]
