"""From emissions to transcripts: the search, what leans it toward a list, and what comes of it."""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Protocol, Sequence, Union

from ctcb.biasing.in_search import in_graph
from ctcb.biasing.options import TechniqueOptions
from ctcb.biasing.prepared_list import Biasing, SpelledList
from ctcb.biasing.registry import in_search
from ctcb.biasing.technique import Heard, Setting, Technique
from ctcb.ctc.log_probs import SCALES, Emission, as_log_probs
from ctcb.decoding.readings import readings
from ctcb.entities import EntityList
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import CtcbError, InputError, unexpected
from ctcb.phones.phonetics import Phonetics
from ctcb.search.beam.decoder import BeamDecoder
from ctcb.search.beam.word_lm import WordLm
from ctcb.search.graph import GraphSearch, GraphSetting
from ctcb.search.greedy import GreedyDecoder
from ctcb.search.hypothesis import Hypothesis
from ctcb.search.options import BeamOptions
from ctcb.search.vocabulary import Vocabulary
from ctcb.text.spelling import Spelling
from ctcb.threads import in_order
from ctcb.transcript.hypothesis import Reading
from ctcb.transcript.transcript import Alternative, Transcript, transcript


class Search(Protocol):
    """Finds what emissions say."""

    def decode(self, log_probs: Any, graph: Any, nbest: Optional[int]) -> List[Hypothesis]:
        """The best hypotheses for ``[T, V]`` log-probabilities, best first. Serves any number of threads."""


METHODS: Dict[str, Callable[[Vocabulary, Any], Search]] = {"greedy": GreedyDecoder, "beam": BeamDecoder, "graph": GraphSearch}

Options = Union[BeamOptions, GraphSetting]

# Utterance id -> what to lean toward there.
BiasingOf = Callable[[str], Optional[Biasing]]


@dataclass(frozen=True)
class Decoded:
    """The transcript of an utterance, or of a stretch of it, or why there is none."""

    utt_id: str
    transcript: Optional[Transcript] = None
    error: Optional[CtcbError] = None
    start: float = 0.0  # seconds from the utterance's start, where it is a stretch of it,
    last: bool = True  # and whether nothing follows


class Pipeline:
    """Turns emissions into transcripts. Holds nothing that decoding changes."""

    def __init__(
        self, spelling: Spelling, frame_shift: float, method: str = "beam", options: Options = BeamOptions(),
        techniques: Sequence[Technique] = (), scale: str = "natural", lm: Optional[WordLm] = None,
        phonetics: Optional[Phonetics] = None, technique_options: TechniqueOptions = TechniqueOptions(),
    ) -> None:
        """
        Parameters
        ----------
        spelling : how words are spelled in the model's tokens.
        frame_shift : seconds between two frames.
        method : a search of ``METHODS``.
        options : of the search.
        techniques : what leans toward a list; greedy decoding takes none that acts on the search.
        scale : what emissions are, a name in ``SCALES``.
        lm : a word LM for the beam search, made ready for the spelling's tokens.
        phonetics : the phones of the model's phone head, where its emissions come along.
        technique_options : of each technique.

        Raises InputError for techniques that the search, or a model without phones, cannot serve.
        """
        if method == "greedy" and in_search(techniques):
            raise InputError("greedy decoding cannot lean toward a list", hint="use the beam search (--method beam)")
        if method != "beam" and lm is not None:
            raise InputError(f"the search {method!r} takes no word LM", hint="use the beam search (--method beam)")
        for technique in techniques:
            if technique.needs_phones and phonetics is None:
                raise InputError(
                    f"the technique {technique.name!r} needs what a phone head heard",
                    hint="give --phone-emissions, or a model with a phone head",
                )
        self.tokens, self.spelling, self.frame_shift = spelling.table, spelling, frame_shift
        self.vocabulary = Vocabulary.from_tokens(
            self.tokens.symbols, self.tokens.blank, self.tokens.separators, unspaced=not self.tokens.tells_words
        )
        self.options, self.techniques, self.scale = options, tuple(techniques), SCALES[scale]
        self.setting = Setting(self.vocabulary, spelling, phonetics, technique_options)
        if method == "beam":
            self.search = BeamDecoder(self.vocabulary, options, lm, technique_options.subword, technique_options.unigram)
        else:
            self.search = METHODS[method](self.vocabulary, options)
        if isinstance(self.search, GraphSearch):
            self.techniques = in_graph(self.search, self.techniques)

    def spell(self, entities: EntityList) -> SpelledList:
        """A list's entities in the model's tokens, and the load report with what these lack."""
        return SpelledList.of(entities, self.spelling)

    def prepare(self, spelled: SpelledList, places: Optional[Sequence[int]] = None) -> Biasing:
        """Make a list, or the entities at some places in it, ready for :meth:`decode`."""
        biasing = Biasing.of(spelled, places)
        for technique in self.techniques:
            biasing = technique.prepare(biasing, self.setting)
        return biasing

    def prepare_each(self, spelled: SpelledList, lists: EntitiesPerUtt) -> BiasingOf:
        """Each utterance's own entities of a list that was spelled once; None where the table lacks it."""
        prepare = lru_cache(maxsize=16)(lambda places: self.prepare(spelled, places))
        return lambda utt_id: prepare(lists.places[utt_id]) if utt_id in lists.places else None

    def texts_asked(self, nbest: Optional[int]) -> int:
        """How many texts an n-best list is to have: ``nbest``, or what the beam search's options say where that is None.

        Raises InputError for fewer than one, and for more than the beam holds.
        """
        return self.options.nbest if nbest is None else replace(self.options, nbest=nbest).nbest

    def decode(
        self, utt_id: str, log_probs: Any, biasing: Optional[Biasing] = None, nbest: int = 1, phones: Any = None, plain: Any = None
    ) -> Transcript:
        """The transcript of ``[T, V]`` emissions, with the phone head's ``[T, P]`` where techniques need them.

        ``plain`` are the emissions of an encoder that did not lean toward the list; by default the same.
        ``nbest`` above 1 also asks for so many different texts, as far as the beam holds them. Raises
        InputError for emissions that are not such.
        """
        graph = None if biasing is None else biasing.graph
        refining = () if biasing is None else tuple(technique for technique in self.techniques if technique.refines)
        # Hypotheses of one text differ in their tokens, so more of them are needed than texts.
        several = nbest > 1 or any(technique.reorders for technique in refining)
        log_probs = self.scale(log_probs)
        found = self.search.decode(log_probs, graph, self.options.beam if several else 1)
        best = readings(found, self.tokens, self.frame_shift, biasing)
        if refining:
            heard = self._heard(log_probs, phones, log_probs if plain is None else self.scale(plain))
            for technique in refining:
                best = technique.refine(best, heard, biasing, self.setting)
        different: Dict[str, Reading] = {}
        for reading in best:  # a technique may have made two texts the same
            different.setdefault(reading.text, reading)
        alternatives = [Alternative(text, reading.score) for text, reading in different.items()] if nbest > 1 else []
        return transcript(utt_id, best[0], alternatives[:nbest], len(log_probs) * self.frame_shift)

    def _without(self, emission: Emission) -> str:
        """An utterance's text without its list."""
        return self.decode(emission.utt_id, emission.log_probs if emission.plain is None else emission.plain).text

    def _heard(self, log_probs: Any, phones: Any, plain: Any) -> Heard:
        """What refining techniques go by; raises InputError where they lack it."""

        def unled() -> Reading:
            return readings(self.search.decode(plain, None, 1), self.tokens, self.frame_shift)[0]

        if not any(technique.needs_phones for technique in self.techniques):
            return Heard(self.frame_shift, unled)
        if phones is None:
            raise InputError("has no phone emissions", hint="write them with the others (`ctcb emit --phones FILE`)")
        phones = as_log_probs(self.scale(phones), len(self.setting.phonetics.symbols))
        if len(phones) != len(log_probs):
            raise InputError(
                f"{len(phones)} frames of phone emissions, {len(log_probs)} of the others", hint="take both from one model"
            )
        return Heard(self.frame_shift, unled, phones)

    def decode_many(
        self, emissions: Iterable[Emission], biasing_of: BiasingOf = lambda utt_id: None, nbest: int = 1, jobs: int = 1,
        compared: bool = False,
    ) -> Iterator[Decoded]:
        """The transcripts of many utterances, in order, on ``jobs`` threads.

        What is wrong with an utterance comes out in its place, and the others go on. With ``compared``,
        each is also decoded without its list, and its transcript tells that text as well.
        """

        def one(emission: Emission) -> Decoded:
            place = {"start": emission.start, "last": emission.last}
            if emission.error is not None:
                return Decoded(emission.utt_id, error=emission.error, **place)
            try:
                biasing = biasing_of(emission.utt_id)
                said = self.decode(emission.utt_id, emission.log_probs, biasing, nbest, emission.phones, emission.plain)
                if compared:
                    said = replace(said, before=self._without(emission))
                return Decoded(emission.utt_id, said, **place)
            except InputError as error:
                if error.file is None:
                    problem = f"utterance {emission.utt_id!r}: {error.problem}"
                    error = InputError(problem, file=emission.file, hint=error.hint)
                return Decoded(emission.utt_id, error=error, **place)
            except Exception as error:
                return Decoded(emission.utt_id, error=unexpected(error, f"utterance {emission.utt_id!r}"), **place)

        return in_order(one, emissions, jobs)
