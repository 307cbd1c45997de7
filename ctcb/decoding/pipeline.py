"""From emissions to a transcript: the search, the entities in what it found, the rescorers behind it."""
from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np

from ctcb.biasing.prepared_list import Context, Setting
from ctcb.biasing.restoration import restored
from ctcb.biasing.technique import EmissionTechnique, Rescorer, SearchedEmissions, Technique
from ctcb.ctc.emissions import Emissions, Emitted
from ctcb.ctc.log_probs import SCALES, as_log_probs
from ctcb.ctc.padding import without_padding
from ctcb.decoding.list_preparation import Contexts, ListPreparation
from ctcb.decoding.readings import readings
from ctcb.errors import InputError, unexpected
from ctcb.search.hypothesis import Hypothesis
from ctcb.search.protocol import Search
from ctcb.threads import in_order
from ctcb.transcript.hypothesis import Reading
from ctcb.transcript.transcript import Alternative, Decoded, Transcript, transcript

Behind = Callable[[Emissions, Optional[Context], Transcript], Transcript]


class _Result(NamedTuple):
    """What the search and the techniques make of an utterance."""

    readings: List[Reading]  # with different texts, best first
    frames: int
    before: Callable[[], Reading]  # the best reading without the list


class Pipeline(ListPreparation):
    """Prepares lists and decodes emissions. Holds nothing that decoding changes; :mod:`ctcb.decoding.builder` makes it."""

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
        super().__init__(search, techniques, setting)
        self._scale, self._logits, self._trim_padding = SCALES[scale], scale == "logits", trim_padding
        self._rescorers = [technique for technique in techniques if isinstance(technique, Rescorer)]
        self._on_emissions = [technique for technique in techniques if isinstance(technique, EmissionTechnique)]
        self._without_list = [technique for technique in self._rescorers if not technique.needs_list]
        self._needs_phones = setting.phonetics is not None and any(one.needs_phones or one.uses_phones for one in techniques)

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
        found = self._decoded(emissions, context, nbest)
        whole = self._transcript(utt_id, found.readings, found.frames, nbest)
        return replace(whole, before=found.before().text) if compared else whole

    def nbest_readings(self, emissions: Emissions, context: Optional[Context] = None, nbest: int = 1) -> List[Reading]:
        """The ``nbest`` different texts of an utterance, best first, as far as the beam holds them; :meth:`decode` says the rest."""
        return self._decoded(emissions, context, nbest).readings[:nbest]

    def _decoded(self, emissions: Emissions, context: Optional[Context], nbest: int) -> _Result:
        """The search, the rescorers in their order, and the unbiased words outside of accepted names."""
        emissions = without_padding(emissions, self._logits, self._trim_padding)
        rescorers = self.rescorers(context, emissions.phones is not None)
        plain = self.rescorers(None, emissions.phones is not None)
        tokens = self._scale(emissions.tokens)
        phones = None
        if rescorers or self.changes_emissions(context):
            tokens = as_log_probs(tokens, self.setting.vocabulary.size)
            phones = self._phones(emissions, len(tokens))
        hypotheses = self.search_biased(SearchedEmissions(tokens, phones), context, self.width(rescorers, nbest))
        without_list = None if emissions.unbiased is None else self._scale(emissions.unbiased)

        def unbiased(count: int, pushing: Any) -> List[Reading]:
            rows = tokens if without_list is None else without_list
            found = self.search.decode(rows, pushing, self.search.settings.beam if plain else count)
            return self.unbiased(found, SearchedEmissions(rows, phones), plain)[:count]

        pushing = None if context is None else context.without_list
        searched = SearchedEmissions(tokens, phones, without_list, lru_cache(maxsize=None)(lambda count: unbiased(count, pushing)))

        def before() -> Reading:
            return (searched.unbiased_nbest() if pushing is None else unbiased(1, None))[0]

        return _Result(self._rescored(hypotheses, searched, context, rescorers), len(tokens), before)

    def changes_emissions(self, context: Optional[Context]) -> bool:
        """Whether a technique acts on the emissions of a whole utterance before they are searched."""
        return context is not None and bool(self._on_emissions)

    def biased(self, emissions: SearchedEmissions, context: Optional[Context]) -> np.ndarray:
        """The ``[T, V]`` emissions that are searched with the list, behind the techniques that act on these; the utterance's own
        array, checked, where no technique changed them."""
        for technique in self._on_emissions if context is not None else ():
            emissions = replace(emissions, tokens=technique.bias(emissions, context))
        return emissions.tokens

    def search_biased(self, emissions: SearchedEmissions, context: Optional[Context], width: int) -> Sequence[Hypothesis]:
        """What the search finds with the list in what :meth:`biased` makes of an utterance's emissions."""
        return self.search.decode(self.biased(emissions, context), None if context is None else context.graph, width)

    def rescorers(self, context: Optional[Context], phones: bool) -> Sequence[Rescorer]:
        """The techniques behind the search; without a list those that need none, and that have what they need.

        ``phones``: whether there are emissions of the phone head.
        """
        if context is not None:
            return self._rescorers
        return [technique for technique in self._without_list if phones or not technique.needs_phones]

    def width(self, rescorers: Sequence[Rescorer], nbest: int) -> int:
        """How many hypotheses the search is to answer, where ``nbest`` texts are wanted behind the rescorers."""
        # Hypotheses of one text differ in their tokens, so more of them are needed than texts.
        several = nbest > 1 or any(technique.needs_nbest for technique in rescorers)
        return self.search.settings.beam if several else 1

    def concluded(
        self, utt_id: str, hypotheses: Sequence[Hypothesis], searched: SearchedEmissions, frames: int, context: Optional[Context],
        rescorers: Sequence[Rescorer], nbest: int,
    ) -> Transcript:
        """The transcript of what the search found in so many ``frames``: rescored, and restored outside accepted names."""
        return self._transcript(utt_id, self._rescored(hypotheses, searched, context, rescorers), frames, nbest)

    def _rescored(
        self, hypotheses: Sequence[Hypothesis], searched: SearchedEmissions, context: Optional[Context], rescorers: Sequence[Rescorer]
    ) -> List[Reading]:
        """The different texts of what the search found, best first: rescored, and restored outside accepted names."""
        best = self.readings(hypotheses, context)
        for technique in rescorers:
            best = technique.rescore(best, searched, context or self.no_list)
        if context is not None:
            best = [restored(best[0], searched.unbiased_nbest()[0]), *best[1:]]
        different: Dict[str, Reading] = {}
        for reading in best:  # a technique may have made two texts the same
            different.setdefault(reading.text, reading)
        return list(different.values())

    def _transcript(self, utt_id: str, found: Sequence[Reading], frames: int, nbest: int) -> Transcript:
        alternatives = [Alternative(reading.text, reading.score) for reading in found[:nbest]] if nbest > 1 else []
        return transcript(utt_id, found[0], alternatives, frames * self.setting.frame_shift)

    def readings(self, hypotheses: Sequence[Hypothesis], context: Optional[Context] = None) -> List[Reading]:
        """The different texts of hypotheses, best first, with a list's entities among them."""
        return readings(hypotheses, self.setting.spelling.table, self.setting.frame_shift, context)

    def unbiased(self, hypotheses: Sequence[Hypothesis], searched: SearchedEmissions, rescorers: Sequence[Rescorer]) -> List[Reading]:
        """The readings of a search without the list, behind the techniques that need none."""
        best = self.readings(hypotheses)
        for technique in rescorers:
            best = technique.rescore(best, searched, self.no_list)
        return best

    def checked(self, emissions: Emissions, context: Optional[Context]) -> Emissions:
        """Emissions as searches and rescorers take them: float32 natural-log probabilities; of the phones, where these need them.

        Raises InputError for emissions that are malformed, and for heads of different lengths.
        """
        size = self.setting.vocabulary.size
        tokens = as_log_probs(self._scale(emissions.tokens), size)
        wanted = self.changes_emissions(context) or bool(self.rescorers(context, emissions.phones is not None))
        phones = self._phones(emissions, len(tokens)) if wanted else None
        unbiased = None if emissions.unbiased is None else as_log_probs(self._scale(emissions.unbiased), size)
        if unbiased is not None and len(unbiased) != len(tokens):
            raise InputError(f"{len(unbiased)} frames without the list, {len(tokens)} with it", hint="take both from the same audio")
        return Emissions(tokens, phones, unbiased)

    def searched(self, emissions: Emissions) -> SearchedEmissions:
        """Tokens and phones as float32 natural-log probabilities, without padding; the phones where the model's are known.

        Raises InputError for emissions that are malformed.
        """
        emissions = without_padding(emissions, self._logits, self._trim_padding)
        symbols = None if self.setting.phonetics is None else self.setting.phonetics.symbols
        phones = None if emissions.phones is None or symbols is None else as_log_probs(self._scale(emissions.phones), len(symbols))
        return SearchedEmissions(as_log_probs(self._scale(emissions.tokens), self.setting.vocabulary.size), phones)

    def no_frames(self) -> Emissions:
        """The emissions of no audio, of all heads."""
        phonetics = self.setting.phonetics
        phones = None if phonetics is None else np.zeros((0, len(phonetics.symbols)), np.float32)
        return Emissions(np.zeros((0, self.setting.vocabulary.size), np.float32), phones)

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
        compared: bool = False, behind: Optional[Behind] = None,
    ) -> Iterator[Decoded]:
        """The transcripts of many utterances, in order, on ``jobs`` threads; ``nbest`` and ``compared`` as in :meth:`decode`.

        ``behind`` is called with the emissions, the list and the transcript of each, on its thread, and adds to the transcript.
        What is wrong with an utterance comes out in its place, and the others go on.
        """

        def work(one: Emitted) -> Decoded:
            place = {"start": one.start, "last": one.last}
            if one.error is not None:
                return Decoded(one.utt_id, error=one.error, **place)
            try:
                context = contexts.of(one.utt_id)
                found = self.decode(one.utt_id, one.emissions, context, nbest, compared)
                return Decoded(one.utt_id, found if behind is None else behind(one.emissions, context, found), **place)
            except InputError as error:
                if error.file is None:
                    error = InputError(f"utterance {one.utt_id!r}: {error.problem}", file=one.file, hint=error.hint)
                return Decoded(one.utt_id, error=error, **place)
            except Exception as error:
                return Decoded(one.utt_id, error=unexpected(error, f"utterance {one.utt_id!r}"), **place)

        return in_order(work, emitted, jobs)
