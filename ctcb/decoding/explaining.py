"""Why names were recognised, or were not: where in an utterance each fits best, what it lacks there, and what helps."""
from __future__ import annotations

from dataclasses import replace
from typing import Iterable, List, Optional, Sequence, Tuple

from rapidfuzz.distance import Levenshtein

from ctcb.biasing.doubts import pronunciation_doubts
from ctcb.biasing.prepared_list import Context, Setting
from ctcb.biasing.technique import SearchedEmissions
from ctcb.ctc.emissions import Emissions
from ctcb.decoding.list_trials import ListTrials, Target
from ctcb.decoding.name_places import MARGIN, Frames, NamePlace, find_place
from ctcb.decoding.pipeline import Pipeline
from ctcb.entities import Entity, EntityList
from ctcb.entities.report import REJECTED
from ctcb.errors import InputError
from ctcb.phones.phonetics import greedy_phones
from ctcb.scoring.text import comparable
from ctcb.text.spelling import why_unspellable
from ctcb.transcript import explained as outcomes
from ctcb.transcript.explained import ExplainedName, TokenFit
from ctcb.transcript.hypothesis import FoundEntity, Word, joined
from ctcb.transcript.transcript import Transcript

MOST_PLACES = 5  # of a name in an utterance, or in a stretch of it


class NameExplainer:
    """Explains what became of some names; called behind decoding (``Pipeline.decode_many``). Serves any number of threads."""

    def __init__(self, pipeline: Pipeline, names: Iterable[str]) -> None:
        """Raises InputError for a name that cannot stand on a list."""
        asked = EntityList.of(names)
        rejected = [note for note in (asked.report.notes if asked.report else ()) if note.outcome == REJECTED]
        if rejected:
            raise InputError(f"{rejected[0].entry!r} cannot be explained: it {rejected[0].reason}", hint="give a name as the list has it")
        self._pipeline, self._asked, self._trials = pipeline, asked.entities, ListTrials(pipeline)

    def __call__(self, emissions: Emissions, context: Optional[Context], found: Transcript) -> Transcript:
        """The transcript of an utterance with what became of each name added."""
        searched = self._pipeline.searched(emissions)
        utterance = _Utterance(self._pipeline, self._trials, emissions, searched, context or self._pipeline.no_list, found)
        return replace(found, explained=tuple(one for entity in self._asked for one in utterance.explain(entity)))


class _Utterance:
    """The emissions of one utterance, its list and its transcript."""

    def __init__(
        self, pipeline: Pipeline, trials: ListTrials, emissions: Emissions, searched: SearchedEmissions, context: Context, found: Transcript
    ) -> None:
        self._pipeline, self._trials, self._emissions, self._searched = pipeline, trials, emissions, searched
        self._context, self._found = context, found

    def explain(self, asked: Entity) -> List[ExplainedName]:
        """Where a name was recognised, and where else it may have been spoken; where it is neither, the place where it fits best."""
        spoken = [one for one in self._found.entities if _is(one.entity, asked.text)]
        explained = [ExplainedName(one.entity, outcomes.RECOGNISED, one.start, one.end, one.entity, confidence=one.confidence) for one in spoken]
        taken = [self._frames(one) for one in spoken]
        place = next((place for place, one in enumerate(self._context.entities) if _is(one.text, asked.text)), None)
        listed = self._context
        if place is None:
            place = len(listed.entities)
            listed = self._trials.with_entity(listed, place, asked)
        while len(explained) < MOST_PLACES:
            best = find_place(self._searched, listed.entities[place], listed.phrases[place], self._pipeline.setting, taken)
            if best is None or explained and not best.is_near:
                break
            target = Target(self._emissions, self._searched, listed, place, best.frames)
            explained.append(self._missed(target, best))
            taken.append(best.frames)
        if not explained:
            explained = [self._nowhere(listed, place)]
        return sorted(explained, key=lambda one: one.start)

    def _missed(self, target: Target, best: NamePlace) -> ExplainedName:
        """A name that was not recognised where it fits best."""
        entity, setting = target.entity, self._pipeline.setting
        start, end = (frame * setting.frame_shift for frame in best.frames)
        words = _words_of(entity, self._found.words, start, end)
        tokens = best.tokens and _with_not_boosted(best.tokens, self._pipeline)
        account = ExplainedName(entity.text, outcomes.NOT_NEAR, start, end, joined(words), tokens, best.phones)
        if not best.is_near:
            return account
        account = replace(account, doubts=_doubts(entity, setting))
        if any(_is(one.text, entity.text) for one in self._context.pushed):
            return replace(account, outcome=outcomes.PUSHED_AWAY, reason="its weight is negative, so the list pushes it away")
        unspellable = _why_unspellable(target.context, target.place)
        if unspellable:
            return replace(account, outcome=outcomes.UNSPELLABLE, reason=unspellable)
        boost, factor = self._trials.boost(target)
        account = replace(account, boost=boost)
        if target.context is self._context:
            withdrawn = next((one for one in self._found.withdrawn if _is(one.entity, entity.text) and one.start < end and start < one.end), None)
            account = replace(account, outcome=_outcome(withdrawn, factor), confidence=withdrawn and withdrawn.confidence)
            if not target.context.searched:
                account = replace(account, reason="the search does not look for names (subword and unigram are off)")
        elif self._trials.comes_out(target, target.context):
            return replace(account, outcome=outcomes.UNLISTED, reason="the list does not have it", hints=(self._trials.as_it_is(target),))
        else:
            account = replace(account, outcome=outcomes.UNLISTED, reason="the list does not have it, and would need more than its name")
        return replace(account, hints=self._trials.hints(target, factor, self._without_list(entity, start, end), self._other_phones(best, start, end)))

    def _nowhere(self, context: Context, place: int) -> ExplainedName:
        """A name that fits into no frames, or that neither tokens nor phones can be compared with."""
        unspellable = _why_unspellable(context, place)
        outcome, reason = (outcomes.UNSPELLABLE, unspellable) if unspellable else (outcomes.NOT_NEAR, "it is longer than what was spoken")
        return ExplainedName(context.entities[place].text, outcome, 0.0, self._found.seconds, self._found.text, reason=reason)

    def _without_list(self, entity: Entity, start: float, end: float) -> str:
        """The words that are recognised without the list in some seconds; "" where these are none, or the name's own."""
        words = joined(_words_of(entity, self._pipeline.nbest_readings(self._emissions)[0].words, start, end))
        own = {comparable(form) for form in (entity.text, *entity.spoken, *entity.aliases)}
        return "" if comparable(words) in own else words

    def _other_phones(self, best: NamePlace, start: float, end: float) -> List[str]:
        """The phones that were recognised in a name's place, also those between the words beside it; without its own."""
        phonetics, phones = self._pipeline.setting.phonetics, self._searched.phones
        if phonetics is None or best.phones is None:
            return []
        shift, (first, last) = self._pipeline.setting.frame_shift, best.frames
        before = max((word.end for word in self._found.words if word.start + word.end < 2 * start), default=0.0)
        behind = min((word.start for word in self._found.words if word.start + word.end > 2 * end), default=len(phones) * shift)
        stop = min(max(last, round(behind / shift)), last + MARGIN)
        begin = max((min(first, round(before / shift)) + first) // 2, first - MARGIN)
        heard = (greedy_phones(phones[at:stop])[0] for at in (first, begin))
        texts = [best.phones.recognised, *(" ".join(phonetics.symbols[phone] for phone in ids) for ids in heard)]
        return [text for text in dict.fromkeys(texts) if text not in ("", best.phones.pronunciation)]

    def _frames(self, found: FoundEntity) -> Frames:
        shift = self._pipeline.setting.frame_shift
        return round(found.start / shift), round(found.end / shift)


def _is(one: str, other: str) -> bool:
    return comparable(one) == comparable(other)


def _why_unspellable(context: Context, place: int) -> str:
    """Why the tokens cannot write a name; "" where they can."""
    if context.phrases[place]:
        return ""
    why = "; ".join(why_unspellable(context.setting.spelling, form) for form in context.forms[place])
    return f"the model's tokens cannot write it: {why}; give spoken= in letters that they have"


def _words_of(entity: Entity, words: Sequence[Word], start: float, end: float) -> Sequence[Word]:
    """The words that were recognised for a name between two seconds: of the runs of words whose middle lies there, the one with
    the letters most like its own."""
    inside = [word for word in words if start <= (word.start + word.end) / 2 <= end]
    name = comparable(entity.spoken[0] if entity.spoken else entity.text).replace(" ", "")
    runs = [inside[first : first + count] for count in range(len(inside), 0, -1) for first in range(len(inside) - count + 1)]
    return min(runs, key=lambda run: Levenshtein.distance(comparable(joined(run)).replace(" ", ""), name), default=())


def _with_not_boosted(fit: TokenFit, pipeline: Pipeline) -> TokenFit:
    farthest = getattr(pipeline.search.settings, "boost_gap", float("inf"))
    return replace(fit, not_boosted=tuple(token for token, gap in zip(fit.tokens, fit.gaps) if gap > farthest))


def _outcome(withdrawn: Optional[FoundEntity], factor: float) -> str:
    """What kept a listed name from being recognised; ``factor`` as :meth:`ListTrials.boost` has it."""
    if withdrawn is not None:
        return outcomes.WITHDRAWN
    if factor == 1.0:
        return outcomes.RESCORED
    return outcomes.LACKING if factor < float("inf") else outcomes.OUT_OF_REACH


def _doubts(entity: Entity, setting: Setting) -> Tuple[str, ...]:
    """Why its pronunciation may be another one, where the model has phones."""
    return () if setting.phonetics is None else pronunciation_doubts([entity], setting.phonetics.lexicon)[0]
