"""A model that listens, from Python: audio and a list in, a transcript out."""
from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Collection, Mapping, Optional, Union

import numpy as np

from ctcb.acoustic.directory import LoadedModel
from ctcb.acoustic.emit import stretches_of
from ctcb.acoustic.model import ComparingEar, Ear, can_lean
from ctcb.acoustic.open import open_ear
from ctcb.adapter.cache import CatalogueCache
from ctcb.adapter.encoded_list import EncodedList, encode_list, require_adapter
from ctcb.adapter.encoder_bias import EncoderBias
from ctcb.biasing.presets import BUILT_IN, Preset, find_config, read_presets
from ctcb.biasing.registry import choose, in_encoder
from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.audio import SAMPLE_RATE, as_audio, read_audio
from ctcb.decoding.list_cache import Entities, ListCache
from ctcb.decoding.pipeline import Pipeline
from ctcb.decoding.stitching import together
from ctcb.entities import EntityList, LoadReport
from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.search.find_lm import find_lm, load_lm
from ctcb.search.options import BeamOptions
from ctcb.transcript.transcript import Transcript


class Recogniser:
    """A loaded model and its decoder; :func:`load` makes one. It can be pickled for other processes."""

    def __init__(
        self, ear: Ear, options: Optional[BeamOptions] = None, bias: str = "decoder", lm: Optional[PathOrStr] = None,
        plus: Collection[str] = (), minus: Collection[str] = (), settings: Optional[Mapping[str, Any]] = None,
        presets: Mapping[str, Preset] = BUILT_IN,
    ) -> None:
        if ear.spelling is None:
            raise InputError("this model hears phones and spells no words", hint="decode with a graph over phones (`ctcb decode --graph`)")
        self._ear, spelling = ear, ear.spelling
        word_lm = load_lm(lm, spelling.table)
        phonetics = ear.phonetics
        techniques = choose(
            bias, plus, minus, word_lm is not None, phonetics is not None,
            {name: preset.techniques for name, preset in presets.items()},
        )
        preset = presets[bias] if options is None else replace(presets[bias], beam=options)
        preset = preset.with_settings(settings or {})
        self._pipeline = Pipeline(
            spelling, ear.frame_shift, "beam", preset.beam, techniques, lm=word_lm,
            phonetics=phonetics, technique_options=preset.options,
        )
        encode, self._compares = None, any(technique.judges for technique in techniques)
        if in_encoder(techniques):
            model = can_lean(ear).model
            require_adapter(model)
            encode = partial(_encode, model)
        self._lists = ListCache(self._pipeline, encode)

    def decode(
        self, audio: Union[PathOrStr, np.ndarray], entities: Entities = (), nbest: Optional[int] = None,
        sample_rate: int = SAMPLE_RATE,
    ) -> Transcript:
        """The transcript of one recording, leaning toward a list.

        Parameters
        ----------
        audio : a file, or ``[N]`` or ``[N, channels]`` floats in -1..1, of numpy or torch.
        entities : names as they should be printed, ``ctcb.entities.Entity`` objects, an ``EntityList``, or a mapping of
            names to weights (``{"velotoxine": 3.0}``); None for no list.
        nbest : above 1, the transcript also holds so many different texts; by default what ``options``, or the preset, say.
            Those of a long recording are the best combinations of its parts' texts.
        sample_rate : of an array, in Hz; a file tells its own.

        Raises
        ------
        InputError : audio that cannot be read or is no such array; a list of which no entity can be
            used; more texts than the beam holds. Single entities that cannot be used are warned of.
        """
        if isinstance(audio, (str, Path)):
            heard, utt_id = read_audio(audio), Path(audio).stem
        else:
            heard, utt_id = as_audio(audio, sample_rate), ""
        nbest, biasing = self._pipeline.texts_asked(nbest), self._lists(entities)
        ear: Ear = self._ear
        if biasing is not None and biasing.encoded is not None:
            own = can_lean(ear)
            ear = own.leaning(EncoderBias(own.model, biasing.encoded))
            ear = ComparingEar(ear) if self._compares else ear
        parts = stretches_of(ear, heard.samples)
        decoded = [
            self._pipeline.decode(
                utt_id, part.heads[0], biasing, nbest, None if ear.phone_head is None else part.heads[ear.phone_head],
                part.heads[len(part.heads) // 2] if isinstance(ear, ComparingEar) else None,
            )
            for part in parts
        ]
        return together(decoded, [part.first * self._ear.frame_shift for part in parts], nbest)

    def report(self, entities: Entities) -> LoadReport:
        """What becomes of each entity of a list: loaded, changed, merged or rejected, and why."""
        return self._lists.report(entities)


def _encode(model: LoadedModel, entities: EntityList) -> EncodedList:
    return encode_list(model, entities.entities, CatalogueCache())


def load(
    model: Optional[PathOrStr] = None, options: Optional[BeamOptions] = None, bias: str = "decoder",
    lm: Optional[PathOrStr] = None, plus: Collection[str] = (), minus: Collection[str] = (),
    phones: Optional[Mapping[str, Any]] = None, config: Optional[PathOrStr] = None, adapter: Optional[PathOrStr] = None,
    settings: Optional[Mapping[str, Any]] = None,
) -> Recogniser:
    """Load a model directory, by default the bundled model, and an LM: an ARPA file, by default the
    directory's own ``lm.arpa.gz`` if it has one; ``"none"`` for none.

    ``model`` may also name other people's: ``hf:NAME``, ``torchaudio:BUNDLE`` and so on (:mod:`ctcb.acoustic.open`),
    and ``adapter`` the folder of one that was trained for a model of transformers.

    >>> ctcb.load().decode("talk.ogg", entities=["Zelenskyy", "Łódź"]).text

    ``bias`` names a preset, ``plus`` and ``minus`` techniques beside it and not (``--with``, ``--without``);
    ``options`` takes the place of its beam search's options, and ``settings`` hold single options by their names
    (``{"verify.threshold": 0.4}``, docs/techniques.md; ``--set``) and go before both; ``phones`` is an old name of theirs, and takes
    ``PhoneOptions``. ``config`` is a file of presets, by default the
    directory's own ``decode.yaml`` if it has one.
    Raises InputError for a directory that is not one, is not whole, or lacks an adapter that is asked for,
    for an LM that is malformed or whose words the model's tokens cannot write, and for unknown names.
    """
    folder = BUNDLED_MODEL if model is None else model
    presets = read_presets(find_config(config, folder))
    return Recogniser(open_ear(str(folder), adapter=adapter), options, bias, find_lm(lm, folder), plus, minus, {**(phones or {}), **(settings or {})}, presets)
