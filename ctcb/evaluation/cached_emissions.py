"""What a model makes of a data set, kept in files so that it listens once."""
from __future__ import annotations

import hashlib
import json
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ctcb.ctc.log_probs import Emission
from ctcb.ctc.npz import NpzWriter, read_npz, with_phones
from ctcb.data.inputs import find_utterances
from ctcb.entities import EntityList
from ctcb.errors import InputError
from ctcb.evaluation.dataset import DataSet
from ctcb.io import PathOrStr, atomic_write
from ctcb.progress import progress

if TYPE_CHECKING:
    from ctcb.acoustic.directory import LoadedModel
    from ctcb.adapter.encoder_bias import EncoderBias

ADAPTER = "adapter.safetensors"
WEIGHTS = ("encoder.safetensors", "model.yaml")  # what the emissions depend on


@dataclass(frozen=True)
class Facts:
    """Of the emissions of a data set."""

    seconds: float  # of audio
    took: float  # seconds of CPU that reading it and the network took
    frame_shift: float  # seconds
    phones: bool  # whether the phone head's are there


@dataclass(frozen=True)
class Listened:
    """The emissions of a data set's utterances, in their order."""

    emissions: Tuple[Emission, ...]
    facts: Facts


class Listener:
    """A model directory, loaded when it has to listen."""

    def __init__(self, folder: PathOrStr, keep: Optional[PathOrStr] = None, jobs: int = 2, batch_seconds: float = 120.0) -> None:
        """``keep``: a folder for emissions; those of the same model and manifest that are there are used."""
        self.folder, self._keep = Path(folder), None if keep is None else Path(keep)
        self._jobs, self._batch_seconds = jobs, batch_seconds
        self._heard: Dict[Path, Listened] = {}
        self._leaned: Dict[Tuple[Path, EntityList], Listened] = {}

    @cached_property
    def model(self) -> "LoadedModel":
        """The model. Raises InputError."""
        from ctcb.acoustic.directory import load_model  # here: imports torch

        return load_model(self.folder)

    @cached_property
    def digest(self) -> str:
        """Of what the emissions depend on: equal for equal models. Raises InputError for a folder that is no model."""
        digest = hashlib.sha256()
        for name in WEIGHTS:
            if not (self.folder / name).exists():
                raise InputError(f"this model directory has no {name}", file=self.folder, hint="name a model directory")
            digest.update((self.folder / name).read_bytes())
        return digest.hexdigest()

    def hear(self, data: DataSet) -> Listened:
        """The emissions of a set's utterances; of those that are not among its ``rows``, too, but once.

        Raises the InputError of the first that cannot be read.
        """
        return _picked(self._everything(data), data)

    def _everything(self, data: DataSet) -> Listened:
        """The emissions of the whole manifest."""
        if data.manifest not in self._heard:
            self._heard[data.manifest] = self._hear(data)
        return self._heard[data.manifest]

    @property
    def adapter(self) -> bool:
        """Whether the model has an adapter."""
        return (self.folder / ADAPTER).exists()

    def lean(self, data: DataSet, entities: EntityList) -> Listened:
        """:meth:`hear` with the model's adapter leaning toward a list, and what is heard without it; held in memory.

        Raises InputError without an adapter.
        """
        key = data.manifest, entities
        if key not in self._leaned:
            from ctcb.adapter.encoded_list import encode_list  # here: imports torch
            from ctcb.adapter.encoder_bias import EncoderBias

            leaned = self._listen(data, EncoderBias(self.model, encode_list(self.model, entities.entities)))
            plain = {one.utt_id: one.log_probs for one in self._everything(data).emissions}
            emissions = tuple(replace(one, plain=plain[one.utt_id]) for one in leaned.emissions)
            self._leaned[key] = replace(leaned, emissions=emissions)
        return _picked(self._leaned[key], data)

    def _hear(self, data: DataSet) -> Listened:
        """All of the manifest's utterances, from the folder where they are there."""
        if self._keep is None:
            return self._listen(data)
        key = hashlib.sha256(self.digest.encode() + data.manifest.read_bytes()).hexdigest()
        path = self._keep / f"{data.name}-{key[:12]}.npz"
        facts = path.with_suffix(".json")
        if facts.exists():
            return _read(path, Facts(**json.loads(facts.read_text("utf-8"))))
        listened = self._listen(data)
        _write(path, listened)
        with atomic_write(facts) as file:  # last: the others are whole where it is there
            json.dump(asdict(listened.facts), file)
        return listened

    def _listen(self, data: DataSet, bias: Optional[EncoderBias] = None) -> Listened:
        from ctcb.acoustic.emit import emit, in_one
        from ctcb.acoustic.model import ModelEar

        ear, utterances = ModelEar(self.model, bias), find_utterances([data.manifest])
        began, seconds = time.process_time(), 0.0
        found: List[Emission] = []
        emitted = in_one(emit(ear, utterances, self._batch_seconds, self._jobs))
        for one in progress(emitted, f"listening to {data.name}", total=len(utterances)):
            if one.error is not None:
                raise one.error
            seconds += one.seconds
            phones = None if ear.phone_head is None else one.heads[ear.phone_head]
            found.append(Emission(one.utterance.utt_id, one.heads[0], one.utterance.audio, None, phones))
        took = time.process_time() - began
        return Listened(tuple(found), Facts(seconds, took, ear.frame_shift, ear.phone_head is not None))


def _read(path: Path, facts: Facts) -> Listened:
    _, emissions = read_npz(path)
    return Listened(tuple(with_phones(emissions, _phones(path)) if facts.phones else emissions), facts)


def _write(path: Path, listened: Listened) -> None:
    with ExitStack() as files:
        def writer(path: Path) -> NpzWriter:
            return files.enter_context(NpzWriter(files.enter_context(atomic_write(path, "wb"))))

        tokens, phones = writer(path), writer(_phones(path)) if listened.facts.phones else None
        for emission in listened.emissions:
            tokens.add(emission.utt_id, emission.log_probs)
            if phones is not None:
                phones.add(emission.utt_id, emission.phones)


def _phones(path: Path) -> Path:
    return path.with_suffix(".phones.npz")


def _picked(whole: Listened, data: DataSet) -> Listened:
    """What of it belongs to the set's rows."""
    wanted = set(data.refs)
    picked = tuple(emission for emission in whole.emissions if emission.utt_id in wanted)
    share = sum(len(one.log_probs) for one in picked) / max(1, sum(len(one.log_probs) for one in whole.emissions))
    facts = replace(whole.facts, seconds=share * whole.facts.seconds, took=share * whole.facts.took)
    return Listened(picked, facts)
