"""From emissions to transcripts: the search, what leans it toward a list, and what comes of it."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Protocol, Sequence, Tuple, Union

from ctcb.decoding.biasing import Biasing, SpelledList
from ctcb.decoding.emissions import SCALES, Emission
from ctcb.decoding.graph_search import EntityClass, GraphSearch, GraphSetting
from ctcb.decoding.greedy import GreedyDecoder
from ctcb.decoding.options import BeamOptions, Hypothesis
from ctcb.decoding.search.beam import BeamDecoder
from ctcb.decoding.search.word_lm import WordLm
from ctcb.decoding.techniques import Technique
from ctcb.decoding.threads import in_order
from ctcb.decoding.transcript import Alternative, FoundEntity, Transcript, transcript
from ctcb.decoding.vocabulary import Vocabulary
from ctcb.entities import EntityList
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import InputError
from ctcb.text.spelling import Spelling


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
    """One utterance's transcript, or why there is none."""

    utt_id: str
    transcript: Optional[Transcript] = None
    error: Optional[InputError] = None


class Pipeline:
    """Turns emissions into transcripts. Holds nothing that decoding changes."""

    def __init__(
        self, spelling: Spelling, frame_shift: float, method: str = "beam", options: Options = BeamOptions(),
        techniques: Sequence[Technique] = (), scale: str = "natural", lm: Optional[WordLm] = None,
    ) -> None:
        """
        Parameters
        ----------
        spelling : how words are spelled in the model's tokens.
        frame_shift : seconds between two frames.
        method : a search of ``METHODS``.
        options : of the search.
        techniques : what leans the search toward a list; greedy decoding takes none.
        scale : what emissions are, a name in ``SCALES``.
        lm : a word LM for the beam search, made ready for the spelling's tokens.
        """
        if method == "greedy" and techniques:
            raise InputError("greedy decoding cannot lean toward a list", mend="use the beam search (--method beam)")
        if method != "beam" and lm is not None:
            raise InputError(f"the search {method!r} takes no word LM", mend="use the beam search (--method beam)")
        self.tokens, self.spelling, self.frame_shift = spelling.table, spelling, frame_shift
        self.vocabulary = Vocabulary.from_tokens(self.tokens.symbols, self.tokens.blank, self.tokens.separators, not self.tokens.tells_words)
        self.options, self.techniques, self.scale = options, tuple(techniques), SCALES[scale]
        self.search = METHODS[method](self.vocabulary, options) if lm is None else BeamDecoder(self.vocabulary, options, lm)
        if isinstance(self.search, GraphSearch):
            self.techniques = self.search.techniques(self.techniques)

    def spell(self, entities: EntityList) -> SpelledList:
        """A list's entities in the model's tokens, and the load report with what these lack."""
        return SpelledList.of(entities, self.spelling)

    def prepare(self, spelled: SpelledList, places: Optional[Sequence[int]] = None) -> Biasing:
        """Make a list, or the entities at some places in it, ready for :meth:`decode`."""
        biasing = Biasing.of(spelled, places)
        for technique in self.techniques:
            biasing = technique.prepare(biasing, self.vocabulary)
        return biasing

    def prepare_each(self, spelled: SpelledList, lists: EntitiesPerUtt) -> BiasingOf:
        """Each utterance's own entities of a list that was spelled once; None where the table lacks it."""
        prepare = lru_cache(maxsize=16)(lambda places: self.prepare(spelled, places))
        return lambda utt_id: prepare(lists.places[utt_id]) if utt_id in lists.places else None

    def decode(self, utt_id: str, log_probs: Any, biasing: Optional[Biasing] = None, nbest: int = 1) -> Transcript:
        """The transcript of ``[T, V]`` emissions.

        ``nbest`` above 1 also asks for so many different texts, as far as the beam holds them. Raises
        InputError for emissions that are not such.
        """
        graph = None if biasing is None else biasing.graph
        # Hypotheses of one text differ in their tokens, so more of them are needed than texts.
        found = self.search.decode(self.scale(log_probs), graph, self.options.beam if nbest > 1 else 1)
        alternatives = self._texts(found)[:nbest] if nbest > 1 else ()
        entities = () if biasing is None else self._entities(found[0], biasing)
        return transcript(utt_id, found[0], self.tokens, self.frame_shift, entities, alternatives)

    def decode_many(
        self, emissions: Iterable[Emission], biasing_of: BiasingOf = lambda utt_id: None, nbest: int = 1, jobs: int = 1
    ) -> Iterator[Decoded]:
        """The transcripts of many utterances, in order, on ``jobs`` threads.

        What is wrong with an utterance comes out in its place, and the others go on.
        """

        def one(emission: Emission) -> Decoded:
            if emission.error is not None:
                return Decoded(emission.utt_id, error=emission.error)
            try:
                biasing = biasing_of(emission.utt_id)
                return Decoded(emission.utt_id, self.decode(emission.utt_id, emission.log_probs, biasing, nbest))
            except InputError as error:
                if error.file is None:
                    problem = f"utterance {emission.utt_id!r}: {error.problem}"
                    error = InputError(problem, file=emission.file, mend=error.mend)
                return Decoded(emission.utt_id, error=error)

        return in_order(one, emissions, jobs)

    def _texts(self, found: Sequence[Hypothesis]) -> Tuple[Alternative, ...]:
        """The different texts, each with its best score."""
        scores: Dict[str, float] = {}
        for hypothesis in found:
            text = " ".join(word for word, _, _ in hypothesis.words_in(self.tokens))
            scores.setdefault(text, hypothesis.score)
        return tuple(Alternative(text, score) for text, score in scores.items())

    def _entities(self, hypothesis: Hypothesis, biasing: Biasing) -> Tuple[FoundEntity, ...]:
        return tuple(
            FoundEntity(
                biasing.entities[span.entity].text,
                hypothesis.token_frames[span.first] * self.frame_shift,
                hypothesis.token_ends[span.end - 1] * self.frame_shift,
                ((EntityClass.name,) if span.bonus > 0 else ()) if isinstance(self.search, GraphSearch) else span.why,
                span.gain,
            )
            for span in hypothesis.entities
        )
