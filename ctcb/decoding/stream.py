"""A stream over emissions: words while people speak, and a transcript an utterance."""
from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import Any, List, Optional

from ctcb.biasing.prepared_list import Context
from ctcb.ctc.emissions import Emissions
from ctcb.decoding.endpoint import EndpointDetector, Endpoints
from ctcb.decoding.list_cache import Entities, ListCache
from ctcb.decoding.pipeline import Pipeline
from ctcb.decoding.segment import Partial, Segment
from ctcb.decoding.stitching import together
from ctcb.errors import InputError
from ctcb.transcript.transcript import Transcript


class Stream:
    """Emissions that come piece by piece; :meth:`ctcb.CtcDecoder.stream` makes one.

    Whatever the pieces, an utterance's transcript equals ``decode`` of its emissions as a whole. An endpoint closes an
    utterance: its transcript is handed out, and its memory is given back. Many streams of one decoder may run at once; the
    calls of one stream come one after another, from any threads.
    """

    def __init__(
        self, pipeline: Pipeline, lists: ListCache, entities: Entities = (), nbest: Optional[int] = None, utt_id: str = "",
        endpoints: Optional[Endpoints] = None,
    ) -> None:
        """Raises InputError for a list of which no entity can be used, for more texts than the beam holds, and for a search
        that takes no stream. See :meth:`ctcb.CtcDecoder.stream`."""
        self._pipeline, self._lists, self._utt_id, self._numbered = pipeline, lists, utt_id, endpoints is not None
        self._nbest = pipeline.texts_asked(nbest)
        self._context = lists(entities)
        self._frame_shift = pipeline.setting.frame_shift
        self._detector = EndpointDetector(endpoints, self._frame_shift)
        vocabulary = pipeline.setting.vocabulary
        self._between_words = vocabulary.is_separator.astype(bool)
        self._between_words[vocabulary.blank] = True
        self._segment: Optional[Segment] = None  # made when its first frame comes
        self._phones = False  # whether emissions come with those of the phone head
        self._first = self._number = 0  # the segment's first frame, and how many with words were closed before
        self._finished, self._lock = False, Lock()
        pipeline.search.stream()  # raises InputError where the search has to see the whole

    @property
    def context(self) -> Optional[Context]:
        """The list of the utterance under way, or else of the next one, prepared; None for no list."""
        return self._context if self._segment is None else self._segment.context

    def accept(self, log_probs: Any, phones: Any = None, unbiased: Any = None) -> List[Transcript]:
        """Take the emissions that follow. Returns the transcripts of utterances that ended within them, often none.

        Parameters
        ----------
        log_probs : ``[T, V]`` emissions, as ``decode`` takes them; T may be 0.
        phones, unbiased : those of the phone head and those without the list, as ``decode`` takes them; with every piece of a
            stream or with none.

        Raises InputError for malformed emissions, of which then nothing was taken, and for a stream that is finished.
        """
        with self._lock:
            self.require_open()
            emissions = self._checked(Emissions(log_probs, phones, unbiased))
            silent = self._between_words[emissions.tokens.argmax(axis=1)]
            closed, first = [], 0
            while first < len(emissions):
                count = self._detector.find(silent[first:])
                last = len(emissions) if count is None else first + count
                self._started(emissions.phones is not None).accept(emissions.cut(first, last))
                first = last
                if count is not None:
                    transcript = self._closed()
                    closed += [transcript] if transcript.words else []
            return closed

    def partial(self) -> Partial:
        """What is recognised so far of the utterance under way. Techniques behind the search act when it ends."""
        with self._lock:
            start = self._first * self._frame_shift
            if self._segment is None:
                return Partial(start=start, end=start)
            found = self._segment.partial()
            words = tuple(replace(word, start=word.start + start, end=word.end + start) for word in found.words)
            entities = tuple(replace(one, start=one.start + start, end=one.end + start) for one in found.entities)
            return replace(found, words=words, entities=entities, start=start, end=found.end + start)

    def swap_list(self, entities: Entities) -> None:
        """Bias the next utterance, and those behind it, toward another list; the one under way where no word of it was spoken yet.

        Raises InputError as the stream's maker does.
        """
        context = self._lists(entities)
        with self._lock:
            self.require_open()
            self._context = context
            if self._segment is not None and not self._detector.spoken:  # the silence so far belongs to no utterance
                self._first, self._segment = self._first + self._segment.frames, None
                self._detector.reset()

    def finish(self) -> Transcript:
        """The transcript of what came behind the last endpoint; of everything, where there was none.

        Raises InputError for a stream that is finished already.
        """
        with self._lock:
            self.require_open()
            transcript = self._closed()
            self._finished = True
            return transcript

    def require_open(self) -> None:
        """Raise InputError where the stream is finished."""
        if self._finished:
            raise InputError("the stream is finished", hint="begin another one")

    def _checked(self, emissions: Emissions) -> Emissions:
        began = self._first + (0 if self._segment is None else self._segment.frames)
        if began and (emissions.phones is not None) != self._phones:
            has = "has" if emissions.phones is not None else "has no"
            raise InputError(f"the piece from frame {began} on {has} phone emissions, unlike those before", hint="give them with all or with none")
        try:
            # A list takes whatever no list takes, and more.
            checked = self._pipeline.checked(emissions, self._context if self.context is None else self.context)
        except InputError as error:
            problem = f"{error.problem} (in the piece that begins with the stream's frame {began})" if began else error.problem
            raise InputError(problem, file=error.file, hint=error.hint) from None
        self._phones = emissions.phones is not None
        return checked

    def _started(self, phones: bool) -> Segment:
        if self._segment is None:
            self._segment = Segment(self._pipeline, self._context, self._nbest, phones)
        return self._segment

    def _closed(self) -> Transcript:
        """The transcript of the segment under way, which is given up."""
        segment = self._segment or Segment(self._pipeline, self._context, self._nbest, False)
        utt_id = f"{self._utt_id}-{self._number + 1}" if self._numbered else self._utt_id
        transcript = together([segment.transcript(utt_id)], [self._first * self._frame_shift], self._nbest)
        self._first, self._segment = self._first + segment.frames, None
        self._number += bool(transcript.words)
        return transcript
