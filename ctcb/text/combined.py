"""The pronunciations of many names by those of their words, compiled."""
from __future__ import annotations

import numpy as np

from ctcb.compiled import compiled


@compiled(allocates=False, inner=True)
def _write(phones, prons_at, words_at, form, number, room):
    """Write a form's pronunciation into ``room``: the words' combination of that number, the last word's changing fastest.

    Returns how many phones it has; -1 where there are not so many combinations.
    """
    size, divisor = 0, 1
    for word in form:
        divisor *= words_at[word + 1] - words_at[word]
    if number >= divisor:
        return -1
    for word in form:
        count = words_at[word + 1] - words_at[word]
        divisor //= count
        pron = words_at[word] + (number // divisor) % count
        for place in range(prons_at[pron], prons_at[pron + 1]):
            room[size] = phones[place]
            size += 1
    return size


@compiled(allocates=False, inner=True)
def _same(a, b):
    if len(a) != len(b):
        return False
    for place in range(len(a)):
        if a[place] != b[place]:
            return False
    return True


@compiled(inner=True)
def room_needed(prons_at, words_at, forms, forms_at, names_at, limit):
    """The phones, at most, that :func:`combine` writes."""
    total = 0
    for name in range(len(names_at) - 1):
        longest = 0
        for form in range(names_at[name], names_at[name + 1]):
            size = 0
            for word in forms[forms_at[form] : forms_at[form + 1]]:
                own = 0
                for pron in range(words_at[word], words_at[word + 1]):
                    own = max(own, prons_at[pron + 1] - prons_at[pron])
                size += own
            longest = max(longest, size)
        total += limit * longest
    return total


@compiled
def combine(phones, prons_at, words_at, forms, forms_at, names_at, limit):
    """Up to ``limit`` different pronunciations of each of N names: the first combination of each of its forms, then the second of each, and so on.

    Parameters
    ----------
    phones : uint16, of the words' pronunciations, one behind the other; ``prons_at [Q + 1]`` says where each begins.
    words_at : ``[W + 1]`` int64, where the pronunciations of each word begin among these.
    forms : int64, the words of the names' forms, one form behind the other; ``forms_at [F + 1]`` says where each begins.
    names_at : ``[N + 1]`` int64, where the forms of each name begin among these.

    Returns the phones, where each pronunciation begins there ``[M + 1]`` int64, and its name ``[M]`` int64.
    """
    found = np.empty(room_needed(prons_at, words_at, forms, forms_at, names_at, limit), np.uint16)
    begins = np.zeros(limit * (len(names_at) - 1) + 1, np.int64)
    owners = np.empty(limit * (len(names_at) - 1), np.int64)
    made = 0
    for name in range(len(names_at) - 1):
        first = made
        for number in range(limit):
            for which in range(names_at[name], names_at[name + 1]):
                form = forms[forms_at[which] : forms_at[which + 1]]
                size = _write(phones, prons_at, words_at, form, number, found[begins[made] :]) if made - first < limit else 0
                if size <= 0:
                    continue
                new = found[begins[made] : begins[made] + size]
                known = False
                for other in range(first, made):
                    known = known or _same(new, found[begins[other] : begins[other + 1]])
                if not known:
                    owners[made] = name
                    made += 1
                    begins[made] = begins[made - 1] + size
    return found[: begins[made]], begins[: made + 1], owners[:made]
