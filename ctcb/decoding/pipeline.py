"""From emissions to a transcript: the search, the entities in what it found, the rescorers behind it."""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence

from ctcb.biasing.prepared_list import Context, Setting, SpelledList
from ctcb.biasing.restoration import restored
from ctcb.biasing.technique import EncoderTechnique, Rescorer, SearchedEmissions, Technique
from ctcb.ctc.emissions import Emissions, Emitted
from ctcb.ctc.log_probs import SCALES, as_log_probs
from ctcb.ctc.padding import without_padding
from ctcb.decoding.readings import readings
from ctcb.entities import EntityList
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import InputError, unexpected
from ctcb.search.protocol import Search
from ctcb.threads import in_order
from ctcb.transcript.hypothesis import Reading
from ctcb.transcript.transcript import Alternative, Decoded, Transcript, transcript

if TYPE_CHECKING:
    from ctcb.adapter.encoded_list import EncodedList


@dataclass(frozen=True)
class Contexts:
    """Each utterance's list, prepared."""

    of: Callable[[str], Optional[Context]]  # utterance id -> its own; None for no list
    encoded: Optional[EncodedList] = None  # of all entities, where an encoder is biased,
    places: Optional[Mapping[str, Sequence[int]]] = None  # and each utterance's own among them; None: all of them

    @classmethod
    def alike(cls, context: Optional[Context]) -> Contexts:
        """The same list for all."""
        return cls(lambda utt_id: context, None if context is None else context.encoded)


class _Result(NamedTuple):
    """What the search and the techniques make of an utterance."""

    readings: List[Reading]  # with different texts, best first
    tokens: Any  # its emissions, natural-log probabilities
    before: Callable[[], Reading]  # the best reading without the list


class Pipeline:
    """Decodes emissions. Holds nothing that decoding changes; :mod:`ctcb.decoding.builder` makes it."""

    def __init__(self, search: Search, techniques: Sequence[Technique], setting: Setting, scale: str = "natural", trim_padding: bool = False) -> None:
        """
        Parameters
        ----------
        search : finds hypotheses.
        techniques : in the order in which they act.
        setting : what they may need to know of the model.
        scale : what emissions are, a name in ``SCALES``.
        trim_padding : leave out rows at the ends of emissions that are padding, instead of refusing them.
        """
        self.search, self.techniques, self.setting = search, tuple(techniques), setting
        self._scale, self._logits, self._trim_padding = SCALES[scale], scale == "logits", trim_padding
        self._rescorers = [technique for technique in techniques if isinstance(technique, Rescorer)]
        self._without_list = [technique for technique in self._rescorers if not technique.needs_list]
        self._no_list = Context((), (), None, (), (), setting)
        self._needs_phones = any(technique.needs_phones for technique in techniques)

    @property
    def biases_encoder(self) -> bool:
        """Whether a technique acts on the encoder."""
        return any(isinstance(technique, EncoderTechnique) for technique in self.techniques)

    def spell(self, entities: EntityList) -> SpelledList:
        """A list's entities in the model's tokens, and the load report with what these lack."""
        return SpelledList.of(entities, self.setting.spelling)

    def prepare(self, spelled: SpelledList) -> Context:
        """A list as :meth:`decode` takes it. Raises InputError for an entity that cannot be searched for."""
        return self._prepared(Context.of(spelled, self.setting), self.techniques)

    def prepare_each(self, spelled: SpelledList, lists: EntitiesPerUtt) -> Contexts:
        """Each utterance's own entities of a list that was spelled, and encoded, once; none where the table lacks it."""
        decoder = [technique for technique in self.techniques if not isinstance(technique, EncoderTechnique)]
        whole = Context.of(spelled, self.setting)
        for technique in self.techniques:
            whole = technique.prepare(whole) if isinstance(technique, EncoderTechnique) else whole
        prepare = lru_cache(maxsize=16)(lambda places: self._prepared(Context.of(spelled, self.setting, places), decoder))
        return Contexts(
            lambda utt_id: prepare(lists.places[utt_id]) if utt_id in lists.places else None, whole.encoded, lists.places
        )

    def _prepared(self, context: Context, techniques: Iterable[Technique]) -> Context:
        for technique in techniques:
            context = technique.prepare(context)
        context = replace(context, graph=self.search.compile(context))
        if not context.pushed:
            return context
        alone = replace(context, entities=(), lines=(), phrases=(), costs=None, boosted=False, in_class=False)
        return replace(context, without_list=self.search.compile(alone))

    def texts_asked(self, nbest: Optional[int]) -> int:
        """How many texts an n-best list is to have: ``nbest``, or what the search's settings say where that is None.

        Raises InputError for fewer than one, and for more than the beam holds.
        """
        settings = self.search.settings
        return settings.nbest if nbest is None else replace(settings, nbest=nbest).nbest

    def decode(
        self, utt_id: str, emissions: Emissions, context: Optional[Context] = None, nbest: int = 1, compared: bool = False
    ) -> Transcript:
        """The transcript of an utterance. Without a list, techniques that need none act as they do with one.

        Parameters
        ----------
        emissions : those of the phone head are needed where a technique needs them; without a list it acts where they are there.
        nbest : above 1, the transcript also holds so many different texts, as far as the beam holds them.
        compared : the transcript also holds the text without the list.

        Raises InputError for emissions that are malformed.
        """
        result = self._decoded(emissions, context, nbest)
        alternatives = [Alternative(reading.text, reading.score) for reading in result.readings[:nbest]] if nbest > 1 else []
        whole = transcript(utt_id, result.readings[0], alternatives, len(result.tokens) * self.setting.frame_shift)
        return replace(whole, before=result.before().text) if compared else whole

    def readings(self, emissions: Emissions, context: Optional[Context] = None, nbest: int = 1) -> List[Reading]:
        """The ``nbest`` different texts of an utterance, best first, as far as the beam holds them; :meth:`decode` says the rest."""
        return self._decoded(emissions, context, nbest).readings[:nbest]

    def _decoded(self, emissions: Emissions, context: Optional[Context], nbest: int) -> _Result:
        """The search, the rescorers in their order, and the unbiased words outside of accepted names."""
        emissions = without_padding(emissions, self._logits, self._trim_padding)
        plain = [technique for technique in self._without_list if emissions.phones is not None or not technique.needs_phones]
        rescorers = plain if context is None else self._rescorers
        # Hypotheses of one text differ in their tokens, so more of them are needed than texts.
        several = nbest > 1 or any(technique.needs_nbest for technique in rescorers)
        tokens = self._scale(emissions.tokens)
        hypotheses = self.search.decode(tokens, None if context is None else context.graph, self.search.settings.beam if several else 1)
        best = self._readings(hypotheses, context)
        phones = self._phones(emissions, len(tokens)) if rescorers else None
        pushing = None if context is None else context.without_list
        unbiased = lru_cache(maxsize=None)(lambda count: self._unbiased(tokens, phones, emissions, count, plain, pushing))
        searched = SearchedEmissions(tokens, phones, emissions.unbiased, unbiased)
        for technique in rescorers:
            best = technique.rescore(best, searched, context or self._no_list)
        if context is not None:
            best = [restored(best[0], unbiased(1)[0]), *best[1:]]
        different: Dict[str, Reading] = {}
        for reading in best:  # a technique may have made two texts the same
            different.setdefault(reading.text, reading)

        def before() -> Reading:
            return (unbiased(1) if pushing is None else self._unbiased(tokens, phones, emissions, 1, plain))[0]

        return _Result(list(different.values()), tokens, before)

    def _readings(self, hypotheses: Sequence[Any], context: Optional[Context] = None) -> List[Reading]:
        return readings(hypotheses, self.setting.spelling.table, self.setting.frame_shift, context)

    def _unbiased(
        self, tokens: Any, phones: Any, emissions: Emissions, count: int, rescorers: Sequence[Rescorer], pushing: Any = None
    ) -> List[Reading]:
        """At most ``count`` readings without the list, by the same search and the techniques that need none.

        ``pushing``: the search's graph of what the list pushes away.
        """
        unbiased = tokens if emissions.unbiased is None else self._scale(emissions.unbiased)
        best = self._readings(self.search.decode(unbiased, pushing, self.search.settings.beam if rescorers else count))
        for technique in rescorers:
            best = technique.rescore(best, SearchedEmissions(unbiased, phones), self._no_list)
        return best[:count]

    def _phones(self, emissions: Emissions, frames: int) -> Any:
        """The phone head's emissions, checked, where techniques need them; raises InputError where these lack them."""
        if not self._needs_phones:
            return None
        if emissions.phones is None:
            raise InputError("has no phone emissions", hint="write them with the others (`ctcb emit --phones FILE`)")
        phones = as_log_probs(self._scale(emissions.phones), len(self.setting.phonetics.symbols))
        if len(phones) != frames:
            raise InputError(f"{len(phones)} frames of phone emissions, {frames} of the others", hint="take both from one model")
        return phones

    def decode_many(
        self, emitted: Iterable[Emitted], contexts: Contexts = Contexts.alike(None), nbest: int = 1, jobs: int = 1,
        compared: bool = False,
    ) -> Iterator[Decoded]:
        """The transcripts of many utterances, in order, on ``jobs`` threads; ``nbest`` and ``compared`` as in :meth:`decode`.

        What is wrong with an utterance comes out in its place, and the others go on.
        """

        def work(one: Emitted) -> Decoded:
            place = {"start": one.start, "last": one.last}
            if one.error is not None:
                return Decoded(one.utt_id, error=one.error, **place)
            try:
                return Decoded(one.utt_id, self.decode(one.utt_id, one.emissions, contexts.of(one.utt_id), nbest, compared), **place)
            except InputError as error:
                if error.file is None:
                    error = InputError(f"utterance {one.utt_id!r}: {error.problem}", file=one.file, hint=error.hint)
                return Decoded(one.utt_id, error=error, **place)
            except Exception as error:
                return Decoded(one.utt_id, error=unexpected(error, f"utterance {one.utt_id!r}"), **place)

        return in_order(work, emitted, jobs)
