"""``score``: every measure of hypotheses against references."""
from __future__ import annotations

from functools import lru_cache
from typing import AbstractSet, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from ctcb.entities import Entity
from ctcb.entities.lists import entries_of
from ctcb.errors import InputError
from ctcb.scoring import bootstrap
from ctcb.scoring.alignment import align, align_weighted
from ctcb.scoring.biased_wer import BiasedErrorCounts, count_biased_errors
from ctcb.scoring.collateral import Collateral, count_collateral
from ctcb.scoring.entities import EntityMatcher, compare_entities, count_entities
from ctcb.scoring.false_alarms import false_alarms
from ctcb.scoring.report import Comparison, ScoreReport, UtteranceScore
from ctcb.scoring.tables import require_all
from ctcb.scoring.wer import ErrorCounts, count_errors
from ctcb.text.normalize import normalize as normalize_text

Entities = Iterable[Union[str, Entity]]


def score(
    refs: Mapping[str, str],
    hyps: Mapping[str, str],
    entities: Optional[Entities] = None,
    *,
    entities_per_utt: Optional[Mapping[str, Entities]] = None,
    rare_words: Optional[Mapping[str, AbstractSet[str]]] = None,
    seconds: Optional[Mapping[str, float]] = None,
    compare: Optional[Mapping[str, str]] = None,
    without: Optional[Mapping[str, str]] = None,
    normalize: Optional[Callable[[str], str]] = normalize_text,
    allow_missing: bool = False,
    draws: int = 1000,
    seed: int = 0,
) -> ScoreReport:
    """Score hypotheses against references.

    Parameters
    ----------
    refs, hyps : utterance id -> text.
    entities : the list for all utterances; without a list there are no entity measures. An
        :class:`~ctcb.entities.Entity` is found by its text and by its ``spoken`` forms.
    entities_per_utt : utterance id -> its own list, instead of ``entities``.
    rare_words : utterance id -> the words that count in B-WER; by default the words of those of its
        entities that occur in its reference.
    seconds : utterance id -> duration in seconds, for false alarms per hour; by default ``refs.seconds``
        where ``refs`` was read from a manifest. Not used unless all references have one.
    compare : the hypotheses of another system, which is compared by paired bootstrap.
    without : the hypotheses that the same system has without the list, for the collateral (`ctcb.scoring.collateral`);
        by default ``compare``.
    normalize : applied to all texts, entities and rare words; None to split them at white space only.
    allow_missing : treat a missing hypothesis as empty instead of raising.
    draws, seed : number of resampled corpora of the bootstrap, and its seed; 0 draws: no intervals.

    Raises
    ------
    InputError : no reference; references without a hypothesis (unless ``allow_missing``) or hypotheses
        without a reference; both kinds of lists; an utterance without its own list or rare words.
    """
    if not refs:
        raise InputError("there is no reference to score against", file=getattr(refs, "path", None))
    if entities is not None and entities_per_utt is not None:
        raise InputError("one list for all utterances and a list for each are both given", hint="give one of them")
    words = _splitter(normalize)
    lists = _Lists(refs, words, entities, entities_per_utt, rare_words)
    seconds = getattr(refs, "seconds", None) if seconds is None else seconds

    utterances, missing = _score_system(refs, hyps, words, lists, allow_missing)
    counts = count_table(utterances, seconds)
    comparison = None
    if compare is not None:
        other_utterances, others_missing = _score_system(refs, compare, words, lists, allow_missing)
        differences = bootstrap.compare(counts, count_table(other_utterances, seconds), draws, seed)
        comparison = Comparison(differences, others_missing)
    without, collateral = compare if without is None else without, None
    if without is not None and lists.matchers:
        by_utterance = np.array([_collateral(utterance, hyps, without, words, lists) for utterance in refs], np.int64)
        counts["changed"], counts["compared_words"] = by_utterance.T
        collateral = Collateral(*by_utterance.sum(axis=0).tolist())

    wer = sum((utterance.errors for utterance in utterances), ErrorCounts())
    entity_counts = count_entities(u.entities for u in utterances) if lists.matchers else None
    total_seconds = sum(counts["milliseconds"]) / 1000.0 if "milliseconds" in counts else None
    return ScoreReport(
        utterances=utterances,
        missing=missing,
        listed=lists.listed,
        unscorable=lists.unscorable,
        wer=wer,
        biased=sum((u.biased for u in utterances), BiasedErrorCounts()) if lists.has_rare_words else None,
        entities=entity_counts,
        false_alarms=false_alarms(entity_counts, wer.words, total_seconds) if entity_counts is not None else None,
        estimates=bootstrap.estimate(counts, draws, seed),
        comparison=comparison,
        draws=draws,
        seed=seed,
        collateral=collateral,
    )


def count_table(
    utterances: Sequence[UtteranceScore], seconds: Optional[Mapping[str, float]] = None
) -> Dict[str, np.ndarray]:
    """The counts that :mod:`ctcb.scoring.measures` needs: name -> ``[N]`` int64, one for each utterance."""
    table: Dict[str, List[int]] = {
        "errors": [u.errors.errors for u in utterances],
        "words": [u.errors.words for u in utterances],
    }
    if all(u.biased is not None for u in utterances):
        table["u_errors"] = [u.biased.unbiased.errors for u in utterances]
        table["u_words"] = [u.biased.unbiased.words for u in utterances]
        table["b_errors"] = [u.biased.biased.errors for u in utterances]
        table["b_words"] = [u.biased.biased.words for u in utterances]
    if all(u.entities is not None for u in utterances):
        table["found"] = [len(u.entities.found) for u in utterances]
        table["missed"] = [len(u.entities.missed) for u in utterances]
        table["false"] = [len(u.entities.false) for u in utterances]
    if seconds is not None and all(u.id in seconds for u in utterances):
        table["milliseconds"] = [round(1000 * seconds[u.id]) for u in utterances]
    return {name: np.array(column, np.int64) for name, column in table.items()}


class _Lists:
    """Each utterance's entities and rare words, normalised once."""

    def __init__(
        self,
        refs: Mapping[str, str],
        words: Callable[[str], Tuple[str, ...]],
        entities: Optional[Entities],
        per_utt: Optional[Mapping[str, Entities]],
        rare_words: Optional[Mapping[str, AbstractSet[str]]],
    ) -> None:
        self.matchers: Dict[str, EntityMatcher] = {}
        named: Dict[str, Tuple[str, ...]] = {}

        def matcher(entries: Entities) -> EntityMatcher:
            name_words: Dict[str, Tuple[str, ...]] = {}
            spoken: List[Tuple[str, Tuple[str, ...]]] = []
            for entry in entries_of(entries):
                if isinstance(entry, Entity) and entry.weight < 0:  # to be pushed away, not found
                    continue
                name, *spoken_texts = entry.surface_forms if isinstance(entry, Entity) else (entry,)
                forms = list(filter(None, map(words, (name, *spoken_texts))))
                name_words[name] = forms[0] if forms else ()
                spoken += [(name, form) for form in forms[1:]]
            named.update(name_words)
            # An entity's own spelling takes precedence over another entity's spoken form.
            return EntityMatcher([*name_words.items(), *spoken])

        if entities is not None:
            self.matchers = dict.fromkeys(refs, matcher(entities))
        elif per_utt is not None:
            require_all(per_utt, refs, "list of entities")
            self.matchers = {utterance: matcher(per_utt[utterance]) for utterance in refs}
        # Names with the same words count as one.
        self.listed = len(set(named.values()) - {()}) if self.matchers else None
        self.unscorable = tuple(name for name, spelt in named.items() if not spelt)
        self._rare = None
        if rare_words is not None:
            require_all(rare_words, refs, "rare words")
            self._rare = {u: frozenset(w for word in rare_words[u] for w in words(word)) for u in refs}
        self.has_rare_words = self._rare is not None or bool(self.matchers)

    def rare_words(self, utterance: str, ref: Sequence[str], occurrences: Sequence) -> AbstractSet[str]:
        if self._rare is not None:
            return self._rare[utterance]
        return {word for occurrence in occurrences for word in ref[occurrence.start : occurrence.end]}


def _score_system(
    refs: Mapping[str, str],
    hyps: Mapping[str, str],
    words: Callable[[str], Tuple[str, ...]],
    lists: _Lists,
    allow_missing: bool,
) -> Tuple[Tuple[UtteranceScore, ...], Tuple[str, ...]]:
    """The scores of the utterances in the references' order, and the ids without a hypothesis."""
    missing = _missing(refs, hyps, allow_missing)
    scores = []
    for utterance, text in refs.items():
        ref, hyp = words(text), words(hyps.get(utterance, ""))
        alignment = align(ref, hyp)
        entities = biased = None
        in_ref: Sequence = ()
        if lists.matchers:
            matcher = lists.matchers[utterance]
            in_ref = matcher.occurrences(ref)
            entities = compare_entities(in_ref, matcher.occurrences(hyp))
        if lists.has_rare_words:
            biased = count_biased_errors(align_weighted(ref, hyp), lists.rare_words(utterance, ref, in_ref))
        scores.append(UtteranceScore(utterance, alignment, count_errors(alignment), biased, entities))
    return tuple(scores), missing


def _collateral(
    utterance: str, hyps: Mapping[str, str], others: Mapping[str, str], words: Callable[[str], Tuple[str, ...]], lists: _Lists
) -> Collateral:
    """What the list changed beside its names in an utterance, where ``others`` are transcripts without it."""
    without, with_list = words(others.get(utterance, "")), words(hyps.get(utterance, ""))
    names = [(name.start, name.end) for name in lists.matchers[utterance].occurrences(with_list)]
    return count_collateral(without, with_list, names)


def _missing(refs: Mapping[str, str], hyps: Mapping[str, str], allowed: bool) -> Tuple[str, ...]:
    path = getattr(hyps, "path", None)
    extra = [utterance for utterance in hyps if utterance not in refs]
    if extra:
        raise InputError(
            f"{len(extra)} of {len(hyps)} utterances have no reference, the first is {extra[0]!r}", file=path,
            hint="take them out, or add their references",
        )
    missing = tuple(utterance for utterance in refs if utterance not in hyps)
    if missing and not allowed:
        raise InputError(
            f"no hypothesis for {len(missing)} of {len(refs)} utterances, the first is {missing[0]!r}", file=path,
            hint="transcribe them, or let --allow-missing count their words as deleted",
        )
    return missing


def _splitter(normalize: Optional[Callable[[str], str]]) -> Callable[[str], Tuple[str, ...]]:
    @lru_cache(maxsize=None)  # a reference recurs for each system, an entity for each list
    def words(text: str) -> Tuple[str, ...]:
        return tuple((text if normalize is None else normalize(text)).split())

    return words
