"""Respellings of a word by dynamic programming over dictionaries, as ``ctcb.text.g2g_search`` finds them."""
from __future__ import annotations

import math
import re

from ctcb.text.g2g import Variant, _changes, fits

_THREE_ALIKE = re.compile(r"(.)\1\1").search


def respellings(word, count):
    """The ``count`` cheapest other spellings of one word.

    By dynamic programming from the word's end: ``endings[i]`` are the cheapest spellings of ``word[i:]``,
    with letter i kept or a cluster that begins with it replaced.
    """
    changes, size = _changes(), len(word)
    longest = max(map(len, changes))
    endings = [[] for _ in word] + [[Variant("", 0.0)]]
    for first in range(size - 1, -1, -1):
        cheapest = {word[first] + rest.text: rest.cost for rest in endings[first + 1]}
        for end in range(first + 1, min(size, first + longest) + 1):
            rest_of_word = word[end:]
            for change in changes.get(word[first:end], ()):
                if fits(change.where, first == 0, rest_of_word):
                    for rest in endings[end]:
                        text, cost = change.letters + rest.text, round(change.cost + rest.cost, 6)
                        if cost < cheapest.get(text, math.inf) and fits(change.replacement_where, first == 0, rest.text):
                            cheapest[text] = cost
        candidates = (Variant(text, cost) for text, cost in cheapest.items() if not _THREE_ALIKE(text[:4]))
        endings[first] = sorted(candidates, key=lambda variant: (round(variant.cost, 6), variant.text))[: count + 1]
    return tuple(variant for variant in endings[0] if variant.text != word)[:count]
