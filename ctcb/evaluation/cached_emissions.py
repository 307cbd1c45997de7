"""A model's emissions of a data set, kept in files so that they are computed once."""
from __future__ import annotations

import hashlib
import json
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from ctcb.ctc.emissions import Emitted
from ctcb.ctc.npz import NpzWriter, read_npz, with_phones
from ctcb.data.content import file_digest
from ctcb.data.inputs import find_utterances
from ctcb.data.manifest import read_manifest
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
class CachedEmissions:
    """The emissions of a data set's utterances, in their order."""

    emitted: Tuple[Emitted, ...]
    facts: Facts


class EmissionCache:
    """The emissions of a model directory, which is loaded when there are some to be computed."""

    def __init__(
        self, folder: PathOrStr, keep: Optional[PathOrStr] = None, jobs: int = 2, batch_seconds: float = 120.0, device: str = "cpu",
    ) -> None:
        """``keep``: a folder for emissions; those of the same model, manifest and audio that are there are used."""
        self.folder, self._keep = Path(folder), None if keep is None else Path(keep)
        self._jobs, self._batch_seconds, self._device = jobs, batch_seconds, device
        self._known: Dict[Path, CachedEmissions] = {}
        self._biased: Dict[Tuple[Path, EntityList], CachedEmissions] = {}

    @cached_property
    def model(self) -> "LoadedModel":
        """The model. Raises InputError."""
        from ctcb.acoustic.directory import load_model  # here: imports torch

        return load_model(self.folder, self._device)

    @cached_property
    def digest(self) -> str:
        """Of what the emissions depend on: equal for equal models. Raises InputError for a folder that is no model."""
        digest = hashlib.sha256()
        for name in WEIGHTS:
            if not (self.folder / name).exists():
                raise InputError(f"this model directory has no {name}", file=self.folder, hint="name a model directory")
            digest.update((self.folder / name).read_bytes())
        return digest.hexdigest()

    def content(self, data: DataSet) -> Tuple[str, Dict[str, str]]:
        """Digests of what a set's emissions rest on: of the model and the whole manifest, and of each utterance's audio.

        Where audio is gone, of the audio that the kept emissions were made of.
        """
        key = hashlib.sha256(self.digest.encode() + data.manifest.read_bytes()).hexdigest()
        kept = self._kept(data, key).get("audio", {})
        rows = read_manifest(data.manifest)
        return key, {row.utt_id: file_digest(row.audio) if row.audio.exists() else kept.get(row.utt_id, "") for row in rows}

    def emit(self, data: DataSet) -> CachedEmissions:
        """The emissions of a set's utterances; of those that are not among its ``rows``, too, but once.

        Raises the InputError of the first that cannot be read.
        """
        return _picked(self._everything(data), data)

    def _everything(self, data: DataSet) -> CachedEmissions:
        """The emissions of the whole manifest."""
        if data.manifest not in self._known:
            self._known[data.manifest] = self._read_or_compute(data)
        return self._known[data.manifest]

    @property
    def adapter(self) -> bool:
        """Whether the model has an adapter."""
        return (self.folder / ADAPTER).exists()

    def biased(self, data: DataSet, entities: EntityList) -> CachedEmissions:
        """:meth:`emit` with the model's encoder biased toward a list, and the unbiased emissions; held in memory.

        Raises InputError without an adapter.
        """
        key = data.manifest, entities
        if key not in self._biased:
            from ctcb.adapter.encoded_list import encode_list  # here: imports torch
            from ctcb.adapter.encoder_bias import EncoderBias

            biased = self._compute(data, EncoderBias(self.model, encode_list(self.model, [entity for entity in entities if not entity.weight < 0])))
            unbiased = {one.utt_id: one.emissions.tokens for one in self._everything(data).emitted}
            emitted = tuple(replace(one, emissions=replace(one.emissions, unbiased=unbiased[one.utt_id])) for one in biased.emitted)
            self._biased[key] = replace(biased, emitted=emitted)
        return _picked(self._biased[key], data)

    def _read_or_compute(self, data: DataSet) -> CachedEmissions:
        """All of the manifest's utterances, from the folder where they are there."""
        if self._keep is None:
            return self._compute(data)
        key, audio = self.content(data)
        path, kept = self._file(data, key), self._kept(data, key)
        known = kept.pop("audio", {})
        if kept and all(known.get(utt_id, "") == found for utt_id, found in audio.items()):
            return _read(path, Facts(**kept))
        path.with_suffix(".json").unlink(missing_ok=True)
        computed = self._compute(data)
        _write(path, computed)
        with atomic_write(path.with_suffix(".json")) as file:  # last: the others are whole where it is there
            json.dump({**asdict(computed.facts), "audio": audio}, file)
        return computed

    def _file(self, data: DataSet, key: str) -> Path:
        return Path(self._keep or "") / f"{Path(data.name).name}-{key[:12]}.npz"

    def _kept(self, data: DataSet, key: str) -> Dict[str, Any]:
        """What is known of the kept emissions; nothing where there are none."""
        facts = self._file(data, key).with_suffix(".json")
        return json.loads(facts.read_text("utf-8")) if self._keep is not None and facts.exists() else {}

    def _compute(self, data: DataSet, bias: Optional[EncoderBias] = None) -> CachedEmissions:
        from ctcb.acoustic.directory_model import DirectoryModel
        from ctcb.acoustic.emit import emit, in_one

        model, utterances = DirectoryModel(self.model, bias), find_utterances([data.manifest])
        began, seconds = time.process_time(), 0.0
        found: List[Emitted] = []
        emitted = in_one(emit(model, utterances, self._batch_seconds, self._jobs))
        for one in progress(emitted, f"emissions of {data.name}", total=len(utterances)):
            if one.error is not None:
                raise one.error
            seconds += one.seconds
            found.append(Emitted(one.utt_id, one.emissions, one.file))
        took = time.process_time() - began
        return CachedEmissions(tuple(found), Facts(seconds, took, model.frame_shift, model.phonetics is not None))


def _read(path: Path, facts: Facts) -> CachedEmissions:
    _, emitted = read_npz(path)
    return CachedEmissions(tuple(with_phones(emitted, _phones(path)) if facts.phones else emitted), facts)


def _write(path: Path, computed: CachedEmissions) -> None:
    with ExitStack() as files:
        def writer(path: Path) -> NpzWriter:
            return files.enter_context(NpzWriter(files.enter_context(atomic_write(path, "wb"))))

        tokens, phones = writer(path), writer(_phones(path)) if computed.facts.phones else None
        for one in computed.emitted:
            tokens.add(one.utt_id, one.emissions.tokens)
            if phones is not None:
                phones.add(one.utt_id, one.emissions.phones)


def _phones(path: Path) -> Path:
    return path.with_suffix(".phones.npz")


def _picked(whole: CachedEmissions, data: DataSet) -> CachedEmissions:
    """What of it belongs to the set's rows."""
    wanted = set(data.refs)
    picked = tuple(one for one in whole.emitted if one.utt_id in wanted)
    share = sum(len(one.emissions) for one in picked) / max(1, sum(len(one.emissions) for one in whole.emitted))
    facts = replace(whole.facts, seconds=share * whole.facts.seconds, took=share * whole.facts.took)
    return CachedEmissions(picked, facts)
