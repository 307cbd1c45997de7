"""``score``: every measure of hypotheses against references."""
from __future__ import annotations

from functools import lru_cache
from typing import AbstractSet, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ctcb.errors import InputError
from ctcb.scoring import bootstrap
from ctcb.scoring.alignment import align, align_weighted
from ctcb.scoring.biased_wer import BiasedErrorCounts, split_errors
from ctcb.scoring.collateral import Collateral, count_collateral
from ctcb.scoring.entities import compare_entities, count_entities
from ctcb.scoring.false_alarms import false_alarms
from ctcb.scoring.listed import Entities, Listed
from ctcb.scoring.markup import without_markup
from ctcb.scoring.matching import match_times
from ctcb.scoring.misses import Miss, find_misses
from ctcb.scoring.readings import closest, reads_numbers, text_of
from ctcb.scoring.report import CHARACTER, UNITS, WORD, Comparison, ScoreReport, UtteranceScore
from ctcb.scoring.text import characters_of, comparable, rules_of, units_of, without_spaces
from ctcb.scoring.wer import ErrorCounts, count_character_errors, count_errors


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
    normalize: Optional[Callable[[str], str]] = comparable,
    language: Optional[str] = None,
    fold: bool = False,
    unit: Optional[str] = None,
    speakers: Optional[Mapping[str, str]] = None,
    allow_missing: bool = False,
    draws: int = 1000,
    seed: int = 0,
) -> ScoreReport:
    """Score hypotheses against references.

    Parameters
    ----------
    refs, hyps : utterance id -> text. Where :func:`~ctcb.scoring.readers.read_transcripts` has read times (CTM, STM),
        each word is compared with the reference segment that it lies in (:mod:`ctcb.scoring.matching`). Markup such as
        ``[noise]`` is dropped and counted (:mod:`ctcb.text.markup`).
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
    normalize : applied to all texts, entities and rare words; None to split them at white space only. By default texts
        are compared after NFC and case folding, without punctuation (:mod:`ctcb.scoring.text`); only then markup is dropped.
    language : a tag such as ``de``: numbers in digits are read by num2words, and ``tr`` and ``az`` have a dotless i.
    fold : compare texts in the letters a-z, with numbers read in English (:func:`ctcb.text.normalize.normalize`).
    unit : what WER counts, "word" or "character" (of scripts without spaces; words in all others). By default
        characters if the references are written without spaces. U-WER, B-WER, collateral and entities always
        have each character of such a script as a unit of its own. CER counts the characters of all scripts.
    speakers : utterance id -> speaker, for the table of speakers; by default ``refs.speakers`` where the file names them.
    allow_missing : treat a missing hypothesis as empty instead of raising.
    draws, seed : number of resampled corpora of the bootstrap, and its seed; 0 draws: no intervals.

    Raises
    ------
    InputError : no reference; references without a hypothesis (unless ``allow_missing``) or hypotheses
        without a reference; both kinds of lists; an utterance without its own list or rare words; an unknown
        unit or tag of a language; rules of ``normalize`` beside a language or ``fold``; a file whose format is open.
    """
    refs, (hyps, compare, without) = match_times(refs, [hyps, compare, without])
    if not refs:
        raise InputError("there is no reference to score against", file=getattr(refs, "path", None))
    if entities is not None and entities_per_utt is not None:
        raise InputError("one list for all utterances and a list for each are both given", hint="give one of them")
    _check_rules(normalize, language, fold, unit)
    markup: Dict[str, Dict[str, int]] = {}
    if normalize is comparable:
        sides = {"references": refs, "hypotheses": hyps, "compared": compare, "without": without}
        refs, hyps, compare, without = (without_markup(side, name, markup) for name, side in sides.items())
    texts = _Texts(refs, rules_of(language, fold, normalize), language, unit)
    lists = Listed(refs, texts.comparable, language, entities, entities_per_utt, rare_words)
    seconds = getattr(refs, "seconds", None) if seconds is None else seconds
    speakers = (getattr(refs, "speakers", None) if speakers is None else speakers) or {}

    utterances, missing = _score_system(refs, hyps, texts, lists, speakers, allow_missing)
    counts = count_table(utterances, seconds)
    comparison = None
    if compare is not None:
        other_utterances, others_missing = _score_system(refs, compare, texts, lists, speakers, allow_missing)
        differences = bootstrap.compare(counts, count_table(other_utterances, seconds), draws, seed)
        comparison = Comparison(differences, others_missing)
    without, collateral = compare if without is None else without, None
    if without is not None and lists.matchers:
        by_utterance = np.array([_collateral(utterance, hyps, without, texts, lists) for utterance in refs], np.int64)
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
        cer=sum((utterance.characters for utterance in utterances), ErrorCounts()),
        unit=texts.unit,
        language=language,
        numbers_read=language is None or reads_numbers(language),
        markup=markup,
    )


def count_table(
    utterances: Sequence[UtteranceScore], seconds: Optional[Mapping[str, float]] = None
) -> Dict[str, np.ndarray]:
    """The counts that :mod:`ctcb.scoring.measures` needs: name -> ``[N]`` int64, one for each utterance."""
    table: Dict[str, List[int]] = {
        "errors": [u.errors.errors for u in utterances],
        "words": [u.errors.words for u in utterances],
        "character_errors": [u.characters.errors for u in utterances],
        "characters": [u.characters.words for u in utterances],
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


class _Texts:
    """Pairs of texts as they are compared, and what their units are."""

    def __init__(self, refs: Mapping[str, str], normalize: Callable[[str], str], language: Optional[str], unit: Optional[str]) -> None:
        self.comparable = lru_cache(maxsize=None)(normalize)  # a reference recurs for each system
        self.units = lru_cache(maxsize=None)(units_of)
        self._language = language
        self.unit = unit or (CHARACTER if without_spaces(map(self.comparable, refs.values())) else WORD)

    def pair(self, utterance: str, refs: Mapping[str, str], hyps: Mapping[str, str]) -> Tuple[str, str]:
        """The texts of an utterance in two systems, or in reference and hypothesis; of several readings the closest ones."""
        ref, hyp = (text_of(side.get(utterance, ""), self._language, getattr(side, "alternatives", False)) for side in (refs, hyps))
        if ref.places or hyp.places:
            return closest(ref, hyp, self.comparable)
        return self.comparable(ref.read(())), self.comparable(hyp.read(()))

    def words(self, text: str) -> Tuple[str, ...]:
        """What WER counts in a comparable text."""
        return tuple(text.split()) if self.unit == WORD else self.units(text)


def _check_rules(normalize: Optional[Callable[[str], str]], language: Optional[str], fold: bool, unit: Optional[str]) -> None:
    """Raise InputError for rules that exclude each other or are not known."""
    if normalize is not comparable and (fold or language is not None):
        raise InputError("texts are compared by rules of your own, and fold or a language is given", hint="give one of them")
    if language is not None:
        reads_numbers(language)
    if unit is not None and unit not in UNITS:
        raise InputError(f"{unit!r} is no unit", hint=f"choose from {', '.join(UNITS)}")


def _score_system(
    refs: Mapping[str, str], hyps: Mapping[str, str], texts: _Texts, lists: Listed, speakers: Mapping[str, str], allow_missing: bool
) -> Tuple[Tuple[UtteranceScore, ...], Tuple[str, ...]]:
    """The scores of the utterances in the references' order, and the ids without a hypothesis."""
    missing = _missing(refs, hyps, allow_missing)
    scores = []
    for utterance in refs:
        ref, hyp = texts.pair(utterance, refs, hyps)
        ref_units, hyp_units = texts.units(ref), texts.units(hyp)
        alignment = align(texts.words(ref), texts.words(hyp))
        same = alignment.ref == ref_units and alignment.hyp == hyp_units
        units = alignment if same else align(ref_units, hyp_units)
        entities = biased = None
        in_ref: Sequence = ()
        in_hyp: Sequence = ()
        misses: Tuple[Miss, ...] = ()
        if lists.matchers:
            in_ref, in_hyp = map(lists.matchers[utterance].occurrences, (ref_units, hyp_units))
            entities = compare_entities(in_ref, in_hyp)
            misses = find_misses(units, in_ref, in_hyp, entities.missed)
        if lists.has_rare_words:
            rare = lists.rare_places(utterance, ref_units, hyp_units, in_ref, in_hyp)
            biased = split_errors(align_weighted(ref_units, hyp_units), *rare)
        scores.append(
            UtteranceScore(
                utterance, alignment, count_errors(alignment), biased, entities,
                characters=count_character_errors(characters_of(ref), characters_of(hyp)),
                units=units, names=tuple(in_hyp), speaker=speakers.get(utterance), misses=misses,
            )
        )  # fmt: skip
    return tuple(scores), missing


def _collateral(utterance: str, hyps: Mapping[str, str], others: Mapping[str, str], texts: _Texts, lists: Listed) -> Collateral:
    """What the list changed beside its names in an utterance, where ``others`` are transcripts without it."""
    without, with_list = map(texts.units, texts.pair(utterance, others, hyps))
    names = [(name.start, name.end) for name in lists.matchers[utterance].occurrences(with_list)]
    return count_collateral(without, with_list, names)


def _missing(refs: Mapping[str, str], hyps: Mapping[str, str], allowed: bool) -> Tuple[str, ...]:
    path = getattr(hyps, "path", None)
    extra = [utterance for utterance in hyps if utterance not in refs]
    if extra:
        raise InputError(
            f"{len(extra)} of {len(hyps)} utterances have no reference, the first is {extra[0]!r}", file=path,
            hint="take them out, or add their references" if len(extra) < len(hyps)
            else "begin each line with the id of its reference, or say with --hyp-format plain that the lines have no ids",
        )
    missing = tuple(utterance for utterance in refs if utterance not in hyps)
    if missing and not allowed:
        raise InputError(
            f"no hypothesis for {len(missing)} of {len(refs)} utterances, the first is {missing[0]!r}", file=path,
            hint="transcribe them, or let --allow-missing count their words as deleted",
        )
    return missing
