"""A model and its decoder, from Python: audio and a list in, a transcript out."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Optional, Sequence, Union

from ctcb.acoustic.emit import emit, stretches_of
from ctcb.acoustic.model import AcousticModel, as_biasable
from ctcb.biasing.prepared_list import Context
from ctcb.ctc.emissions import Emitted
from ctcb.data.audio import SAMPLE_RATE, as_audio, read_audio
from ctcb.data.channels import EACH, MIX, Channel, Channels, require_channel
from ctcb.data.inputs import find_utterances
from ctcb.data.source import AudioGiven, as_source, is_audio_file
from ctcb.data.utterance import Utterance
from ctcb.data.vad import VoiceActivity
from ctcb.decoding.audio_stream import AudioStream
from ctcb.decoding.endpoint import Endpoints
from ctcb.decoding.explaining import NameExplainer
from ctcb.decoding.list_cache import Entities, ListCache
from ctcb.decoding.list_preparation import Contexts
from ctcb.decoding.pipeline import Pipeline
from ctcb.decoding.stitching import in_one, together
from ctcb.decoding.stream import Stream
from ctcb.decoding.usage import Lists, OnError, contexts_of, described, transcripts
from ctcb.entities import LoadReport
from ctcb.errors import InputError
from ctcb.moved import renamed, warn_renamed
from ctcb.transcript.transcript import Transcript

if TYPE_CHECKING:
    from ctcb.adapter.encoder_bias import Watch


class Recognizer:
    """An acoustic model and its decoder; :func:`ctcb.load` makes one. It can be pickled for other processes."""

    def __init__(
        self, model: AcousticModel, pipeline: Pipeline, over_phones: bool = False, max_active_entities: Optional[int] = None
    ) -> None:
        """``over_phones``: the phone head's emissions are searched. :func:`ctcb.decoding.builder.build` calls this."""
        self.model, self.pipeline = model, pipeline
        self._over_phones, self._max_active = over_phones, max_active_entities
        self._lists = ListCache(pipeline)

    def transcribe(
        self, audio: Union[AudioGiven, Any], entities: Entities = (), nbest: Optional[int] = None,
        sample_rate: int = SAMPLE_RATE, *, vad: bool = False, compared: bool = False, channel: Channel = MIX,
        explain: Sequence[str] = (),
    ) -> Transcript:
        """The transcript of one recording, biased toward a list.

        Parameters
        ----------
        audio : a path, ``"-"`` for standard input, a file's bytes, an open binary file; or ``[N]`` or ``[N, channels]``
            floats in -1..1, of numpy or torch.
        entities : names as they should be printed, :class:`ctcb.Entity` objects, a :class:`ctcb.EntityList`, or a mapping
            of names to weights (``{"velotoxine": 3.0}``); None for no list.
        nbest : above 1, the transcript also holds so many different texts; by default what the options, or the preset, say.
            Those of a long recording are the best combinations of its parts' texts.
        sample_rate : of an array, in Hz; of a file its own.
        vad : recordings that are longer than the model takes at once are transcribed only where there is speech.
        compared : the transcript also holds the text without the list, as ``before``.
        channel : a number, counted from 0, or ``"mix"`` of all.
        explain : names, on the list or not, of which the transcript says where each may have been spoken, what it lacked there and
            what helps, as ``explained``; see :meth:`ctcb.CtcDecoder.decode`.

        Raises
        ------
        InputError : audio that cannot be read or is no such array, or lacks the channel; a list of which no entity can be
            used; more texts than the beam holds. Single entities that cannot be used are warned of.
        RunError : ``vad`` without silero-vad.
        """
        if require_channel(channel) == EACH:
            raise InputError("transcribe makes one transcript, and channel is each", hint="use transcribe_many, or give a number")
        channels = Channels() if channel == MIX else Channels((int(channel),))
        if is_audio_file(audio):
            source = as_source(audio)
            recording, utt_id = read_audio(source, channels=channels), source.stem if isinstance(source, Path) else ""
        else:
            recording, utt_id = as_audio(audio, sample_rate, channels=channels), ""
        nbest, context = self.pipeline.texts_asked(nbest), self._lists(entities)
        model = self._biased(Contexts.alike(context))
        parts = stretches_of(model, recording.samples, utt_id, VoiceActivity() if vad else None)
        explainer = NameExplainer(self.pipeline, explain) if explain else None
        decoded = []
        for part in parts:
            emissions = part.emissions.over_phones() if self._over_phones else part.emissions
            found = self.pipeline.decode(utt_id, emissions, context, nbest, compared)
            decoded.append(found if explainer is None else explainer(emissions, context, found))
        whole = together(decoded, [part.first * model.frame_shift for part in parts], nbest)
        return replace(whole, channel=channels.single)

    def transcribe_many(
        self, inputs: Sequence[AudioGiven], entities: Lists = (), nbest: Optional[int] = None, *,
        vad: bool = False, compared: bool = False, jobs: int = 2, batch_seconds: float = 120.0, on_error: OnError = None,
        channel: Channel = MIX, explain: Sequence[str] = (),
    ) -> Iterator[Transcript]:
        """The transcripts of many recordings, in their order, one by one: batches for the model, threads for the rest.

        Parameters
        ----------
        inputs : audio files, folders of them, ``manifest.tsv``, lhotse cuts, ``"-"`` for standard input; files' bytes and
            open binary files, called ``audio``, or ``audio-1``, ``audio-2`` ...
        entities : as in :meth:`transcribe`; or a list for each utterance: a mapping of ids to lists, or
            :class:`ctcb.entities.per_utt.EntitiesPerUtt`.
        jobs : threads that read audio, and that search; the results do not depend on their number.
        batch_seconds : seconds of audio a batch.
        on_error : called with the id of an utterance that cannot be transcribed, and its error; then the others go on.
            Without it the error is raised.
        channel : of files with several: a number, counted from 0; ``"each"`` as an utterance of its own, whose ids end in
            ``-ch0``, ``-ch1`` and so on; or their ``"mix"``. Cuts of one channel are of that channel.

        The others, and what is raised, as in :meth:`transcribe`.
        """
        nbest, contexts = self.pipeline.texts_asked(nbest), contexts_of(self.pipeline, self._lists, entities)
        utterances = find_utterances(inputs, channel)
        emitted = self.emit(utterances, contexts, batch_seconds, jobs, vad)
        behind = NameExplainer(self.pipeline, explain) if explain else None
        decoded = in_one(self.pipeline.decode_many(emitted, contexts, nbest, jobs, compared, behind), nbest)
        return transcripts(described(decoded, {one.utt_id: one for one in utterances}), on_error)

    def stream(
        self, entities: Entities = (), nbest: Optional[int] = None, sample_rate: int = SAMPLE_RATE, *, channels: int = 1,
        latency: Optional[float] = None, endpoints: Optional[Endpoints] = Endpoints(), utt_id: str = "",
    ) -> AudioStream:
        """A stream of audio that comes piece by piece.

        >>> stream = recognizer.stream(names, sample_rate=48_000)
        >>> for piece in microphone:
        ...     for transcript in stream.accept(piece):
        ...         print(transcript.text)
        ...     print(stream.partial().text, end="\r")
        >>> for transcript in stream.finish():
        ...     print(transcript.text)

        Parameters
        ----------
        entities, nbest : as in :meth:`transcribe`, for each utterance.
        sample_rate : of the audio, in Hz.
        channels : of audio that comes as bytes, interleaved; they are mixed.
        latency : seconds of audio, at most, between a sound and what the model makes of it; by default 1. The model sees less of what
            follows where there is less of it, and runs more often. A model that is trained to stream has a latency of its own, which is
            :attr:`AudioStream.latency`, and takes none that is shorter.
        endpoints : the rules by which the stream is cut into utterances; None: it is one.
        utt_id : of the transcripts; with endpoints that of the first ends in ``-1`` and so on.

        Raises InputError as :meth:`transcribe` does for a list, for a rate or a latency that cannot be, and for the graph
        search, which takes no stream.
        """
        stream = Stream(self.pipeline, self._lists, entities, nbest, utt_id, endpoints)
        return AudioStream(stream, lambda context: self._biased(Contexts.alike(context)), sample_rate, channels, latency)

    def prepare(self, entities: Entities) -> Optional[Context]:
        """A list spelled, compiled, pronounced and encoded, before it is needed: :meth:`transcribe` with the same list
        finds it again. None for an empty list; raises InputError as :meth:`transcribe` does."""
        return self._lists(entities)

    def emit(
        self, utterances: Iterable[Utterance], contexts: Contexts = Contexts.alike(None), batch_seconds: float = 120.0, jobs: int = 2,
        vad: bool = False, watch: Optional[Watch] = None,
    ) -> Iterator[Emitted]:
        """Emissions of every utterance by an encoder that is biased toward its list (:func:`ctcb.acoustic.emit.emit`).

        ``watch`` is called with the attention of each utterance.
        """
        model = self._biased(contexts, watch)
        emitted = emit(model, utterances, batch_seconds, jobs, VoiceActivity() if vad else None)
        return map(Emitted.over_phones, emitted) if self._over_phones else emitted

    def _biased(self, contexts: Contexts, watch: Optional[Watch] = None) -> AcousticModel:
        if contexts.encoded is None:
            return self.model
        from ctcb.adapter.encoder_bias import MAX_ACTIVE, EncoderBias  # here: imports torch

        own = as_biasable(self.model)
        bias = EncoderBias(own.model, contexts.encoded, contexts.places, self._max_active or MAX_ACTIVE, watch)
        return own.biased_by(bias)

    def report(self, entities: Entities) -> LoadReport:
        """What becomes of each entity of a list: loaded, changed, merged or rejected, and why."""
        return self._lists.report(entities)

    def decode(self, *args: Any, **kwargs: Any) -> Transcript:
        """The old name of :meth:`transcribe`, for one release."""
        warn_renamed("Recognizer.decode", "Recognizer.transcribe")
        return self.transcribe(*args, **kwargs)


__getattr__: Callable[[str], Any] = renamed(__name__, {"Recogniser": "Recognizer", "load": "ctcb.decoding.load.load"})
