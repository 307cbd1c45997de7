"""The likeliest segmentations of many words into pieces, and draws from them, compiled."""
from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled


@compiled(inner=True)
def _ways(word, child, token_at, scores, most):
    """Up to ``most`` segmentations of a word, the likeliest first: their log-probabilities, and each one's last token, the place
    before that, and the rank of what leads up to there; for each place in the word, [L + 1, most] each, and how many there are."""
    size = len(word)
    total, count = np.empty((size + 1, most)), np.zeros(size + 1, np.int64)
    token, before, rank = np.empty((size + 1, most), np.int64), np.empty((size + 1, most), np.int64), np.empty((size + 1, most), np.int64)
    begins, pieces, edges = np.empty((size + 1, size), np.int64), np.empty((size + 1, size), np.int64), np.zeros(size + 1, np.int64)
    for start in range(size):
        node = 0
        for end in range(start + 1, size + 1):
            node = child[node, word[end - 1]] if word[end - 1] >= 0 else -1
            if node < 0:
                break
            if token_at[node] >= 0:
                begins[end, edges[end]], pieces[end, edges[end]] = start, token_at[node]
                edges[end] += 1
    total[0, 0], count[0] = 0, 1
    taken = np.empty(size, np.int64)  # of what leads up to each edge
    for end in range(1, size + 1):
        taken[: edges[end]] = 0
        while count[end] < most:
            best, top = -1, -np.inf
            for edge in range(edges[end]):
                start = begins[end, edge]
                if taken[edge] < count[start]:
                    score = total[start, taken[edge]] + scores[pieces[end, edge]]
                    if score > top:
                        best, top = edge, score
            if best < 0:
                break
            at = count[end]
            total[end, at], token[end, at], before[end, at], rank[end, at] = top, pieces[end, best], begins[end, best], taken[best]
            taken[best] += 1
            count[end] += 1
    return total, token, before, rank, count


@compiled
def draw_all(words, starts, child, token_at, scores, most, alpha, forms, forms_at, draws, draws_at):
    """Segmentations of F forms, each of several of the words.

    Parameters
    ----------
    words : int64, the letters of all words, as ``child [N, A]`` numbers them, -1 for others; ``starts [W + 1]`` says where each begins.
    child, token_at : the trie of the pieces: a node's child by each letter, and its piece; -1 for none.
    scores : float64, the log-probability of each piece.
    most, alpha : each word draws from its ``most`` likeliest segmentations with probability proportional to ``p ** alpha``.
    forms : int64, the words of the forms, one form behind the other; ``forms_at [F + 1]`` says where each begins.
    draws : float64, 0 to 1; those of a form of w words begin at ``draws_at[w]``, w for each segmentation, as many as are there.

    Returns the different segmentations in the order drawn: their tokens, one behind the other, how many each has, and how many each
    form has; none of a form with a word that cannot be segmented.
    """
    way_at, piece_at = np.zeros(len(starts), np.int64), np.zeros(most * (len(starts) - 1) + 1, np.int64)
    pieces, weights = np.empty(most * len(words), np.int64), np.empty(most * (len(starts) - 1))
    for n in range(len(starts) - 1):
        word = words[starts[n] : starts[n + 1]]
        total, token, before, rank, count = _ways(word, child, token_at, scores, most)
        way_at[n + 1] = way_at[n] + count[len(word)]
        summed = 0.0
        for way in range(count[len(word)]):
            summed += np.exp(alpha * (total[len(word), way] - total[len(word), 0]))
            weights[way_at[n] + way] = summed
            size, place, at = 0, len(word), way
            while place > 0:
                size += 1
                place, at = before[place, at], rank[place, at]
            begin = piece_at[way_at[n] + way]
            piece_at[way_at[n] + way + 1] = begin + size
            place, at = len(word), way
            while place > 0:
                size -= 1
                pieces[begin + size] = token[place, at]
                place, at = before[place, at], rank[place, at]
    drawn, longest = 0, 0
    for form in range(len(forms_at) - 1):
        own = forms[forms_at[form] : forms_at[form + 1]]
        rows = 0 if len(own) == 0 else (draws_at[len(own) + 1] - draws_at[len(own)]) // len(own)
        letters = 0
        for word in own:
            letters += starts[word + 1] - starts[word]
        drawn += rows
        longest += rows * letters
    tokens, sizes, found = np.empty(longest, np.int64), np.empty(drawn, np.int64), np.zeros(len(forms_at) - 1, np.int64)
    drawn = written = 0
    for form in range(len(forms_at) - 1):
        own = forms[forms_at[form] : forms_at[form + 1]]
        spelled = len(own) > 0
        for word in own:
            spelled = spelled and way_at[word + 1] > way_at[word]
        if not spelled:
            continue
        rows = (draws_at[len(own) + 1] - draws_at[len(own)]) // len(own)
        chosen = np.empty((rows, len(own)), np.int64)
        for row in range(rows):
            for place in range(len(own)):
                ways = weights[way_at[own[place]] : way_at[own[place] + 1]]
                draw = draws[draws_at[len(own)] + row * len(own) + place]
                chosen[found[form], place] = way_at[own[place]] + np.searchsorted(ways, draw * ways[-1], side="right")
            known = False
            for other in range(found[form]):
                same = True
                for place in range(len(own)):
                    same = same and chosen[other, place] == chosen[found[form], place]
                known = known or same
            if known:
                continue
            sizes[drawn] = 0
            for place in range(len(own)):
                way = chosen[found[form], place]
                for at in range(piece_at[way], piece_at[way + 1]):
                    tokens[written] = pieces[at]
                    written += 1
                sizes[drawn] += piece_at[way + 1] - piece_at[way]
            drawn += 1
            found[form] += 1
    return tokens[:written], sizes[:drawn], found


class PieceTrie:
    """The pieces of a tokenizer, for :func:`draw_all`."""

    def __init__(self, pieces: Sequence[str], scores: Sequence[float]) -> None:
        """``pieces``: by their tokens; ``""`` for what is none. ``scores``: their log-probabilities."""
        numbers: Dict[str, int] = {letter: number for number, letter in enumerate(sorted(set("".join(pieces))))}
        children: List[Dict[int, int]] = [{}]
        tokens = [-1]
        for token, piece in enumerate(pieces):
            node = 0
            for letter in piece:
                number = numbers[letter]
                if number not in children[node]:
                    children[node][number] = len(children)
                    children.append({})
                    tokens.append(-1)
                node = children[node][number]
            if piece:
                tokens[node] = token
        self.number_of = np.full(2 + max(map(ord, numbers), default=0), -1, np.int64)  # by code point; the last one is that of others
        self.number_of[list(map(ord, numbers))] = list(numbers.values())
        self.child = np.full((len(children), max(1, len(numbers))), -1, np.int64)
        for node, own in enumerate(children):
            for number, following in own.items():
                self.child[node, number] = following
        self.token_at, self.scores = np.array(tokens), np.array(scores, np.float64)

    def letters(self, words: Sequence[str]) -> Tuple[np.ndarray, np.ndarray]:
        """The letters of words by their numbers, one word behind the other, and where each begins."""
        codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), np.uint32)
        return self.number_of[np.minimum(codes, len(self.number_of) - 1)], np.cumsum([0, *map(len, words)])
