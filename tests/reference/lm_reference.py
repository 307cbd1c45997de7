"""A word LM and its entity class beside a prefix, in plain Python, from their definitions."""
from __future__ import annotations

import math
from functools import lru_cache
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

Ngram = Tuple[str, ...]

LN10 = math.log(10.0)


class PlainLm:
    """An n-gram LM as a dictionary: n-gram -> log10 probability and backoff."""

    def __init__(self, ngrams: Dict[Ngram, Tuple[float, float]]) -> None:
        self.ngrams, self.order = ngrams, max(map(len, ngrams))

    def known(self, word: str) -> str:
        return word if (word,) in self.ngrams and word not in ("<s>", "</s>") else "<unk>"

    def score(self, history: Ngram, word: str) -> float:
        """ln P(word | history), the whole of it."""
        history = history[max(0, len(history) - self.order + 1) :]
        if (*history, word) in self.ngrams:
            return self.ngrams[(*history, word)][0] * LN10
        backoff = self.ngrams[history][1] if history in self.ngrams else 0.0
        return backoff * LN10 + self.score(history[1:], word)

    def state(self, history: Ngram) -> Ngram:
        """The part of a history that later words depend on."""
        history = history[max(0, len(history) - self.order + 1) :]
        goes_on = any(ngram[:-1] == history for ngram in self.ngrams)
        if not history or goes_on or self.ngrams.get(history, (0.0, 0.0))[1] != 0:
            return history
        return self.state(history[1:])

    def arpa(self) -> str:
        lines = ["\\data\\"]
        by_order = [[words for words in self.ngrams if len(words) == n] for n in range(1, self.order + 1)]
        lines += [f"ngram {n}={len(words)}" for n, words in enumerate(by_order, 1)]
        for n, all_words in enumerate(by_order, 1):
            lines += ["", f"\\{n}-grams:"]
            for words in all_words:
                log10, backoff = self.ngrams[words]
                lines.append(f"{log10!r}\t{' '.join(words)}" + (f"\t{backoff!r}" if n < self.order else ""))
        return "\n".join([*lines, "", "\\end\\", ""])


def random_lm(rng, spellings: Sequence[str], order: int) -> PlainLm:
    """Scores that are no distribution (a search does not mind), over some of the spellings."""
    words = sorted({word for word in spellings if rng.random() < 0.7} | set(spellings[:1]))
    ngrams = {(word,): (-float(3 * rng.random()), float(rng.normal(0, 0.3))) for word in ["<unk>", "<s>", "</s>", *words]}
    for _ in range(1, order):
        contexts = [context for context in ngrams if context[-1] != "</s>"]
        for context in contexts:
            for word in ["<unk>", "</s>", *words]:
                if rng.random() < 0.3:
                    ngrams.setdefault((*context, word), (-float(2 * rng.random()), float(rng.normal(0, 0.3))))
    return PlainLm({
        words: (log10, backoff if len(words) < order else 0.0)
        for words, (log10, backoff) in ngrams.items() if len(words) <= order})


class Span(NamedTuple):
    first: int  # words
    end: int
    score: float  # what is added to ln P(<unk>)


class LmPart:
    """What the LM adds to a prefix: final, and for pruning."""

    def __init__(self, lm: PlainLm, letters: Sequence[str], classes: Sequence[float], entities) -> None:
        """``letters`` of each token; ``classes``: the log weight of each of ``entities.sequences``."""
        self.lm, self.letters, self.entities, self.options = lm, letters, entities, entities.options
        self.classes = [(sequence, score) for sequence, score in zip(entities.sequences, classes) if score > -math.inf]
        self.lookahead = {}
        for (word, *more) in lm.ngrams:
            if not more and word not in ("<s>", "</s>", "<unk>"):
                for size in range(1, len(word) + 1):
                    best = self.lookahead.get(word[:size], -math.inf)
                    self.lookahead[word[:size]] = max(best, lm.ngrams[(word,)][0] * LN10)

    def words(self, tokens) -> List[Tuple[int, int, str]]:
        """(first token, end, spelling) of each word."""
        inner = range(1, len(tokens))
        cuts = [i for i in inner if self.entities.ends_word(tokens, i) or self.entities.begins_word(tokens, i)]
        cuts = [0, *cuts, len(tokens)]
        spelled = [(first, end, "".join(self.letters[t] for t in tokens[first:end])) for first, end in zip(cuts, cuts[1:])]
        return [word for word in spelled if word[2]]

    def best(self, tokens, then: str = "") -> float:
        """The highest ln P over all sets of entities read as units; with ``then`` behind the last word."""
        return self.best_reading(tokens, then)[0]

    def best_reading(self, tokens, then: str = "") -> Tuple[float, Ngram]:
        """The same, and the words that the LM sees then."""
        words, spans = self.words(tokens), []
        for sequence, score in self.classes:
            for first in range(len(tokens) - len(sequence.tokens) + 1):
                end = first + len(sequence.tokens)
                if (tokens[first:end] == sequence.tokens and self.entities.begins_word(tokens, first)
                        and self.entities.ends_word(tokens, end)):
                    inside = [i for i, word in enumerate(words) if first <= word[0] and word[1] <= end]
                    spans.append(Span(inside[0], inside[-1] + 1, score - sequence.cost + self.entities.unigram.class_bonus))

        @lru_cache(maxsize=None)
        def rest(place: int, history: Ngram) -> Tuple[float, Ngram]:
            if place == len(words):
                return self.lm.score(history, then) if then else 0.0, history
            word = self.lm.known(words[place][2])
            first, end, _ = words[place]
            spent = self.options.piece_bonus * (end - first) if word == "<unk>" else 0.0
            ways = [(self.lm.score(history, word) + spent, place + 1, word)]
            unknown = self.lm.score(history, "<unk>")
            ways += [(unknown + span.score, span.end, "<unk>") for span in spans if span.first == place]
            found = [(gain, rest(after, (*history, read))) for gain, after, read in ways]
            return max(((gain + total, seen) for gain, (total, seen) in found), key=lambda way: way[0])

        return rest(0, ("<s>",))

    def final(self, tokens) -> float:
        return self.options.lm_weight * self.best(tokens, "</s>") + self.options.word_bonus * len(self.words(tokens))

    def last_word(self, tokens) -> Tuple[int, str]:
        """Where the word under way begins, and its letters so far."""
        began = max((i for i in range(len(tokens)) if self.entities.begins_word(tokens, i)), default=0)
        if tokens and self.entities.vocabulary.is_separator[tokens[-1]]:
            began = len(tokens)
        return began, "".join(self.letters[token] for token in tokens[began:])

    def goes_on(self, tokens) -> Tuple[Ngram, Optional[str]]:
        """What later LM scores depend on: the best history, and the letters of the word under way."""
        began, under_way = self.last_word(tokens)
        known = not under_way or under_way in self.lookahead
        return self.lm.state(self.best_reading(tokens[:began])[1]), under_way if known else None

    def provisional(self, tokens) -> float:
        """The score of the words before the one under way, including what an unfinished entity may still earn."""
        options = self.options
        began, under_way = self.last_word(tokens)
        before = self.words(tokens[:began])
        ahead = bonus = 0.0
        if options.look_ahead and under_way:
            bonus = options.word_bonus
            unknown = self.lm.ngrams[("<unk>",)][0] * LN10
            ahead = options.lm_weight * max(self.lookahead.get(under_way, -math.inf), unknown) + bonus
        if under_way and under_way not in self.lookahead:
            ahead += options.lm_weight * options.piece_bonus * (len(tokens) - began)
        found = [options.lm_weight * self.best(tokens[:began]) + ahead]
        for first in range(len(tokens)):
            hopes = [score - sequence.cost for sequence, score in self.classes
                     if sequence.tokens[: len(tokens) - first] == tokens[first:]]
            if hopes and self.entities.begins_word(tokens, first):
                found.append(options.lm_weight * (
                    self.best(tokens[:first], "<unk>") + max(hopes) + self.entities.unigram.class_bonus) + bonus)
        return max(found) + options.word_bonus * len(before)
