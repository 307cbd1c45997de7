"""A model that listens, from Python: audio and a list in, a transcript out."""
from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Optional, Union

import numpy as np

from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.audio import SAMPLE_RATE, as_audio, read_audio
from ctcb.decoding.catalogue_cache import CatalogueCache
from ctcb.decoding.emit import emissions_of
from ctcb.decoding.encoded_list import EncodedList, encode_list, require_adapter
from ctcb.decoding.encoder_bias import EncoderBias
from ctcb.decoding.list_cache import Entities, ListCache
from ctcb.decoding.options import BeamOptions
from ctcb.decoding.pipeline import Pipeline
from ctcb.decoding.techniques import choose, in_encoder
from ctcb.decoding.transcript import Transcript
from ctcb.entities import EntityList, LoadReport
from ctcb.io import PathOrStr
from ctcb.models.directory import LoadedModel, load_model
from ctcb.text.spelling import TokenizerSpelling


class Recogniser:
    """A loaded model and its decoder; :func:`load` makes one."""

    def __init__(self, model: LoadedModel, options: BeamOptions = BeamOptions(), bias: str = "decoder") -> None:
        self._model = model
        spelling = TokenizerSpelling(model.lang.tokenizer)
        techniques = choose(bias)
        self._pipeline = Pipeline(spelling, model.frame_shift, "beam", options, techniques)
        encode = partial(_encode, model) if in_encoder(techniques) else None
        if encode is not None:
            require_adapter(model)
        self._lists = ListCache(self._pipeline, encode)

    def decode(
        self, audio: Union[PathOrStr, np.ndarray], entities: Entities = (), nbest: int = 1, sample_rate: int = SAMPLE_RATE
    ) -> Transcript:
        """The transcript of one recording, leaning toward a list.

        Parameters
        ----------
        audio : a file, or ``[N]`` or ``[N, channels]`` floats in -1..1.
        entities : names as they should be printed, ``ctcb.entities.Entity`` objects, or an ``EntityList``.
        nbest : above 1, the transcript also holds so many different texts.
        sample_rate : of an array, in Hz; a file tells its own.

        Raises
        ------
        InputError : audio that cannot be read or is no such array; a list of which no entity can be
            used. Single ones that cannot be are warned of.
        """
        named = isinstance(audio, (str, Path))
        heard = read_audio(audio) if named else as_audio(audio, sample_rate)
        biasing = self._lists(entities)
        listening = biasing is not None and biasing.encoded is not None
        log_probs = emissions_of(self._model, heard.samples, EncoderBias(self._model, biasing.encoded) if listening else None)
        return self._pipeline.decode(Path(audio).stem if named else "", log_probs, biasing, nbest)

    def report(self, entities: Entities) -> LoadReport:
        """What becomes of each entity of a list: loaded, changed, merged or rejected, and why."""
        return self._lists.report(entities)


def _encode(model: LoadedModel, entities: EntityList) -> EncodedList:
    return encode_list(model, entities.entities, CatalogueCache())


def load(model: Optional[PathOrStr] = None, options: BeamOptions = BeamOptions(), bias: str = "decoder") -> Recogniser:
    """Load a model directory, by default the bundled model.

    >>> ctcb.load().decode("talk.ogg", entities=["Zelenskyy", "Łódź"]).text

    ``bias``: how to lean toward lists: ``"decoder"``, ``"encoder"`` (a model with an adapter), ``"none"``.
    Raises InputError for a directory that is not one, is not whole, or lacks the adapter.
    """
    return Recogniser(load_model(BUNDLED_MODEL if model is None else model), options, bias)
