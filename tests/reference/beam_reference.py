"""The beam search and its bonus in plain Python, from their definitions: no automaton, no arrays, no speed."""
from __future__ import annotations

import itertools
import math
from collections import Counter
from functools import lru_cache
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ctcb.search.beam.boosting import ENTROPY_POWER, PRIOR_FRAMES
from ctcb.search.beam.decoder import WIDEST, WITH_LM
from ctcb.search.options import BeamOptions, SubwordOptions, UnigramOptions
from ctcb.search.vocabulary import Vocabulary

Prefix = Tuple[int, ...]


class Sequence_(NamedTuple):
    entity: int
    tokens: Prefix
    weight: float
    cost: float


class Entities:
    """The list's token sequences, and the bonus of a prefix by definition."""

    def __init__(
        self, sequences: Sequence[Sequence_], vocabulary: Vocabulary, options: BeamOptions, subword: SubwordOptions = SubwordOptions(),
        unigram: UnigramOptions = UnigramOptions(),
    ) -> None:
        self.sequences, self.vocabulary, self.options = list(sequences), vocabulary, options
        self.subword, self.unigram = subword, unigram
        self.lm = None  # an lm_reference.LmPart
        self.known_boosts: Dict[bytes, List[float]] = {}

    def begins_word(self, tokens: Prefix, place: int) -> bool:
        return bool(place == 0 or self.vocabulary.starts_word[tokens[place]]
                    or self.vocabulary.is_separator[tokens[place - 1]])

    def ends_word(self, tokens: Prefix, place: int) -> bool:
        return bool(place == len(tokens) or self.vocabulary.starts_word[tokens[place]]
                    or self.vocabulary.is_separator[tokens[place]])

    def earned(self, boosts: Sequence[Tuple[float, float]], first: int, end: int) -> float:
        surplus = sum(boost - min(boost, gap) for boost, gap in boosts[first:end])
        return sum(min(boost, gap) for boost, gap in boosts[first:end]) + min(surplus, self.subword.surplus)

    def letter_boosts(self, log_probs: np.ndarray) -> List[float]:
        """Nats a letter, by frame: less than beta where the tokens near the best of the frames so far have a high mean entropy."""
        key = log_probs.tobytes()
        if key not in self.known_boosts:
            usual, blank, entropies, found = self.subword.entropy, self.vocabulary.blank, [self.subword.entropy] * PRIOR_FRAMES, []
            for row in log_probs.astype(np.float64):
                near = [token for token in np.argsort(-row, kind="stable") if token != blank][: max(self.options.top_k, self.options.boost_top_k)]
                near = [token for token in near if row[token] >= row.max() - max(self.options.token_gap, self.options.boost_gap)]
                if row[blank] < row.max():
                    entropies.append(-sum(math.exp(p) * p for p in row[[*near, blank]] if p > -math.inf))
                mean = float(np.mean(entropies))
                found.append(self.subword.beta * (min(1.0, (usual / mean) ** ENTROPY_POWER) if usual and mean else 1.0))
            self.known_boosts[key] = found
        return self.known_boosts[key]

    def boosts(self, log_probs: np.ndarray, tokens: Prefix, frames: Prefix) -> List[Tuple[float, float]]:
        options, found, letter_boosts = self.subword, [], self.letter_boosts(log_probs)
        cap = options.class_cap if self.lm is not None and self.lm.classes else options.cap
        for token, frame in zip(tokens, frames):
            gap = float(log_probs[frame].max()) - float(log_probs[frame, token])
            boost = max(0.0, min(cap, options.alpha * gap + letter_boosts[frame] * self.vocabulary.letters[token]))
            found.append((boost if gap <= self.options.boost_gap else 0.0, gap))
        return found

    def final(self, tokens: Prefix, boosts: Sequence[Tuple[float, float]]) -> float:
        """The best sum over all sets of entities that do not overlap, `tokens` being the whole utterance."""
        spans = []
        for sequence in self.sequences:
            if sequence.weight < 0:  # pushed away
                continue
            for first in range(len(tokens) - len(sequence.tokens) + 1):
                end = first + len(sequence.tokens)
                if (tokens[first:end] == sequence.tokens and self.begins_word(tokens, first)
                        and self.ends_word(tokens, end)):
                    gain = sequence.weight * self.earned(boosts, first, end) - sequence.cost
                    spans.append((first, end, gain))

        spans.sort()

        @lru_cache(maxsize=None)
        def best(place: int, free_from: int) -> float:
            if place == len(spans):
                return 0.0
            first, end, gain = spans[place]
            without = best(place + 1, free_from)
            return max(without, gain + best(place + 1, end)) if first >= free_from else without

        return best(0, 0)

    def provisional(self, tokens: Prefix, boosts: Sequence[Tuple[float, float]]) -> float:
        """The same, or what a match under way may still become."""
        best = self.final(tokens, boosts)
        for first in range(len(tokens)):
            under_way = [max(0.0, s.weight) for s in self.sequences if s.tokens[: len(tokens) - first] == tokens[first:]]
            if under_way and self.begins_word(tokens, first):
                before = self.final(tokens[:first], boosts[:first])
                best = max(best, before + max(under_way) * self.earned(boosts, first, len(tokens)))
        return best

    def penalty(self, tokens: Prefix, ended: bool = True) -> float:
        """What the phrases to push away cost that end before the word under way, or where the utterance `ended`."""
        occurrences = {
            (first, s.entity, s.tokens): -s.weight for s in self.sequences for first in range(len(tokens))
            if s.weight < 0 and tokens[first : first + len(s.tokens)] == s.tokens and self.begins_word(tokens, first)
            and (first + len(s.tokens) < len(tokens) or ended) and self.ends_word(tokens, first + len(s.tokens))}
        # Of two phrases that are spelled alike, the one of the higher penalty counts.
        highest: Dict[Tuple[int, Prefix], float] = {}
        for (first, _, spelled), cost in occurrences.items():
            highest[first, spelled] = max(cost, highest.get((first, spelled), 0.0))
        return sum(highest.values())

    def context(self, tokens: Prefix) -> Prefix:
        """What a context state stands for: the tokens of the longest match under way."""
        return tokens[len(tokens) - self.longest_match(tokens) :]

    def longest_match(self, tokens: Prefix) -> int:
        for first in range(len(tokens)):
            if self.begins_word(tokens, first) and any(
                    s.tokens[: len(tokens) - first] == tokens[first:] for s in self.sequences):
                return len(tokens) - first
        return 0


def log_add(*values: float) -> float:
    top = max(values)
    return top if top == -math.inf else top + math.log(sum(math.exp(value - top) for value in values))


def together_of(options: BeamOptions) -> Callable[..., float]:
    """What makes one log-probability of those of several alignments."""
    return log_add if options.alignments == "sum" else lambda *values: max(values)


class State(NamedTuple):
    """Log-sums and best alignments of a prefix that end in blank and in its last token."""

    blank: float = -math.inf
    label: float = -math.inf
    best_blank: Tuple[float, Prefix] = (-math.inf, ())
    best_label: Tuple[float, Prefix] = (-math.inf, ())
    together: Callable[..., float] = log_add

    @property
    def total(self) -> float:
        return self.together(self.blank, self.label)

    @property
    def best(self) -> Tuple[float, Prefix]:
        return self.best_label if self.best_label[0] > self.best_blank[0] else self.best_blank


class Answer(NamedTuple):
    tokens: Prefix
    frames: Prefix
    acoustic: float
    bonus: float
    lm: float
    penalty: float

    @property
    def score(self) -> float:
        return self.acoustic + self.bonus + self.lm - self.penalty


def ranked(prefixes: Dict[Prefix, State], log_probs: np.ndarray, entities: Entities) -> List[Answer]:
    answers = [
        Answer(tokens, state.best[1], state.total,
               entities.final(tokens, entities.boosts(log_probs, tokens, state.best[1])),
               0.0 if entities.lm is None else entities.lm.final(tokens), entities.penalty(tokens))
        for tokens, state in prefixes.items()]
    return sorted(answers, key=lambda answer: -answer.score)


def beam_search(log_probs: np.ndarray, entities: Entities) -> List[Answer]:
    """The pruned search."""
    options, vocabulary = entities.options, entities.vocabulary
    blank = vocabulary.blank
    together = together_of(options)
    prefixes = {(): State(blank=0.0, best_blank=(0.0, ()), together=together)}
    for t, row in enumerate(log_probs.astype(np.float64)):
        if options.blank_skip <= 1 and math.exp(row[blank]) >= options.blank_skip:
            prefixes = {
                tokens: State(blank=state.total + row[blank], best_blank=(state.best[0] + row[blank], state.best[1]), together=together)
                for tokens, state in prefixes.items()}
            continue
        order = [token for token in np.argsort(-row, kind="stable") if token != blank and row[token] > -math.inf]
        narrow = {int(c) for c in order[: options.top_k] if row[c] >= row.max() - options.token_gap}
        wide = {int(c) for c in order[: options.boost_top_k] if row[c] >= row.max() - options.boost_gap}
        following = {}
        for tokens, state in prefixes.items():
            mine = following.setdefault(tokens, {"blank": [], "label": [], "best_label": []})
            mine["blank"].append(state.total + row[blank])
            mine["best_blank"] = (state.best[0] + row[blank], state.best[1])
            if tokens:
                mine["label"].append(state.label + row[tokens[-1]])
                mine["best_label"].append((state.best_label[0] + row[tokens[-1]], state.best_label[1]))
            for token in set(range(vocabulary.size)) - {blank}:
                child = (*tokens, token)
                if child not in prefixes and token not in narrow and not (
                        token in wide and entities.longest_match(child) >= 2):
                    continue
                doubled = bool(tokens) and tokens[-1] == token
                given = (state.blank if doubled else state.total) + row[token]
                best = state.best_blank if doubled else state.best
                if given > -math.inf:
                    theirs = following.setdefault(child, {"blank": [], "label": [], "best_label": []})
                    theirs["label"].append(given)
                    theirs["best_label"].append((best[0] + row[token], (*best[1], t)))
        nothing = (-math.inf, ())
        states = {
            tokens: State(
                together(-math.inf, *parts["blank"]), together(-math.inf, *parts["label"]),
                parts.get("best_blank", nothing), max(parts["best_label"], default=nothing, key=lambda pair: pair[0]), together)
            for tokens, parts in following.items()}

        def score(tokens: Prefix) -> float:
            state = states[tokens]
            bonus = entities.provisional(tokens, entities.boosts(log_probs, tokens, state.best[1]))
            return state.total + bonus - entities.penalty(tokens, ended=False) + (0.0 if entities.lm is None else entities.lm.provisional(tokens))

        alive = [tokens for tokens in states if states[tokens].total > -math.inf]
        prefixes, alike = {}, Counter()
        for tokens in sorted(alive, key=score, reverse=True):
            goes_on = tokens[-1:], entities.context(tokens), entities.lm and entities.lm.goes_on(tokens)
            alike[goes_on] += 1
            if alike[goes_on] <= options.nbest:
                prefixes[tokens] = states[tokens]
            if len(prefixes) == options.beam * min(max(options.nbest, WITH_LM if entities.lm else 1), WIDEST):
                break
    return ranked(prefixes, log_probs, entities)


def brute_force(log_probs: np.ndarray, entities: Entities) -> List[Answer]:
    """Every alignment, one by one."""
    blank, found = entities.vocabulary.blank, {}
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        value = float(sum(float(log_probs[t, token]) for t, token in enumerate(path)))
        frames = tuple(t for t, token in enumerate(path) if token != blank and (t == 0 or path[t - 1] != token))
        tokens = tuple(path[t] for t in frames)
        total, best = found.get(tokens, (-math.inf, (-math.inf, ())))
        found[tokens] = (together_of(entities.options)(total, value), max(best, (value, frames), key=lambda pair: pair[0]))
    prefixes = {
        tokens: State(blank=total, best_blank=best) for tokens, (total, best) in found.items() if total > -math.inf}
    return ranked(prefixes, log_probs, entities)
