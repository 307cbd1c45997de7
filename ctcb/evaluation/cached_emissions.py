"""A model's emissions of a data set: computed once, and kept in files; or read from files that are all that there is."""
from __future__ import annotations

import hashlib
import json
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Protocol, Tuple

from ctcb.acoustic.fingerprint import of_directory
from ctcb.ctc.emissions import Emitted
from ctcb.ctc.npz import NpzWriter, read_npz, with_phones
from ctcb.data.content import file_digest
from ctcb.data.inputs import find_utterances
from ctcb.data.manifest import read_manifest
from ctcb.decoding.builder import EmissionFacts
from ctcb.decoding.model_facts import facts_of, facts_of_opened
from ctcb.entities import EntityList
from ctcb.errors import InputError
from ctcb.evaluation.dataset import DataSet
from ctcb.io import PathOrStr, atomic_write
from ctcb.model_names import is_foreign
from ctcb.progress import progress
from ctcb.text.spelling import Spelling

if TYPE_CHECKING:
    from ctcb.acoustic.model import AcousticModel
    from ctcb.acoustic.open import Tokens
    from ctcb.adapter.encoder_bias import EncoderBias

ADAPTER = "adapter.safetensors"  # in a model directory


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


class EmissionSource(Protocol):
    """Where the emissions of data sets come from."""

    @property
    def facts(self) -> EmissionFacts:
        """What they are."""

    @property
    def adapter(self) -> bool:
        """Whether there is an adapter that biases the encoder."""

    def emit(self, data: DataSet) -> CachedEmissions:
        """Of a set's utterances. Raises the InputError of the first that cannot be read."""

    def biased(self, data: DataSet, entities: EntityList) -> CachedEmissions:
        """:meth:`emit` with the encoder biased toward a list, and the unbiased emissions. Raises InputError without an adapter."""

    def content(self, data: DataSet) -> Tuple[str, Dict[str, str]]:
        """Digests of what a set's emissions rest on."""


class EmissionCache:
    """The emissions of any model, which is opened when there are some to be computed."""

    def __init__(
        self, model: PathOrStr, keep: Optional[PathOrStr] = None, jobs: int = 2, batch_seconds: float = 120.0, device: str = "cpu",
        tokens: Optional[Tokens] = None, adapter: Optional[PathOrStr] = None, phones: Optional[Spelling] = None, precision: str = "fp32",
    ) -> None:
        """
        Parameters
        ----------
        model : as ``--model`` names it.
        keep : a folder for emissions; those of the same model, manifest and audio that are there are used.
        tokens, adapter, device, precision : as in :func:`ctcb.acoustic.open.open_model`.
        phones : the spelling of a graph over phones, where one is searched.
        """
        self._name, self._keep = str(model), None if keep is None else Path(keep)
        self._jobs, self._batch_seconds, self._device, self._precision = jobs, batch_seconds, device, precision
        self._tokens, self._adapter, self._phones_spelling = tokens, adapter, phones
        self._known: Dict[Path, CachedEmissions] = {}
        self._biased: Dict[Tuple[Path, EntityList], CachedEmissions] = {}

    @cached_property
    def model(self) -> AcousticModel:
        """The model. Raises InputError."""
        from ctcb.acoustic.open import Tokens, open_model  # here: import torch

        return open_model(self._name, self._tokens or Tokens(), self._adapter, self._device, self._precision)

    @cached_property
    def facts(self) -> EmissionFacts:
        """What a decoder must know of the emissions. Raises InputError."""
        if is_foreign(self._name):
            return facts_of_opened(self.model, self._name, self._phones_spelling)
        return facts_of(self._name, None, self._phones_spelling)

    @cached_property
    def digest(self) -> str:
        """The model's fingerprint, for which a model directory is not loaded. Raises InputError for what is no model."""
        return self.model.fingerprint if is_foreign(self._name) else of_directory(self._name)

    def content(self, data: DataSet) -> Tuple[str, Dict[str, str]]:
        """Digests of what a set's emissions rest on: of the model, its precision and the whole manifest, and of each utterance's audio.

        Where audio is gone, of the audio that the kept emissions were made of.
        """
        precision = "" if self._precision == "fp32" else self._precision
        key = hashlib.sha256((self.digest + precision).encode() + data.manifest.read_bytes()).hexdigest()
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
        return self._adapter is not None or not is_foreign(self._name) and (Path(self._name) / ADAPTER).exists()

    def biased(self, data: DataSet, entities: EntityList) -> CachedEmissions:
        """:meth:`emit` with the model's encoder biased toward a list, and the unbiased emissions; held in memory.

        Raises InputError without an adapter.
        """
        key = data.manifest, entities
        if key not in self._biased:
            from ctcb.acoustic.model import as_biasable  # here: imports torch
            from ctcb.adapter.encoded_list import can_bias, encode_list
            from ctcb.adapter.encoder_bias import EncoderBias

            own, wanted = as_biasable(self.model).model, [entity for entity in entities if not entity.weight < 0]
            if not can_bias(wanted):
                return self.emit(data)
            self._biased[key] = self.biased_by(data, EncoderBias(own, encode_list(own, wanted)))
        return _picked(self._biased[key], data)

    def biased_by(self, data: DataSet, bias: EncoderBias) -> CachedEmissions:
        """The emissions of the whole manifest by an encoder that is biased so, and the unbiased emissions. Raises InputError without an adapter."""
        from ctcb.acoustic.model import as_biasable  # here: imports torch

        biased = self._compute(data, as_biasable(self.model).biased_by(bias))
        unbiased = {one.utt_id: one.emissions.tokens for one in self._everything(data).emitted}
        emitted = tuple(replace(one, emissions=replace(one.emissions, unbiased=unbiased[one.utt_id])) for one in biased.emitted)
        return replace(biased, emitted=emitted)

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

    def _compute(self, data: DataSet, biased: Optional[AcousticModel] = None) -> CachedEmissions:
        from ctcb.acoustic.emit import emit, in_one  # here: imports torch

        model, utterances = biased or self.model, find_utterances([data.manifest])
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


class EmissionFiles:
    """Emissions on file, of a model that is not there."""

    adapter = False

    def __init__(self, files: Mapping[Path, Tuple[PathOrStr, Optional[PathOrStr]]], facts: EmissionFacts) -> None:
        """``files``: a manifest -> the ``.npz`` of its utterances' tokens, and that of a phone head, where ``facts`` have one."""
        self._files, self.facts = files, facts

    def emit(self, data: DataSet) -> CachedEmissions:
        """See :class:`EmissionSource`. Raises InputError for a file that lacks some of the utterances, or cannot be read."""
        file, phones = self._files[data.manifest]
        _, emitted = read_npz(file)
        wanted = {row.utt_id: row.duration for row in data.rows}
        found = {one.utt_id: one for one in (emitted if phones is None else with_phones(emitted, phones)) if one.utt_id in wanted}
        missing = [utt_id for utt_id in wanted if utt_id not in found]
        if missing:
            raise InputError(
                f"has no emissions of {len(missing)} of the {len(wanted)} utterances of {data.manifest}, such as {missing[0]!r}",
                file=file, hint="name the .npz of this set; its arrays are called by the utterances' ids",
            )
        for one in found.values():
            if one.error is not None:
                raise one.error
        shift = self.facts.frame_shift or 1.0
        seconds = sum(len(found[utt_id].emissions) * shift if known is None else known for utt_id, known in wanted.items())
        return CachedEmissions(tuple(found[utt_id] for utt_id in wanted), Facts(seconds, 0.0, shift, phones is not None))

    def biased(self, data: DataSet, entities: EntityList) -> CachedEmissions:
        """Raises InputError: there is no encoder."""
        raise InputError("the adapter takes audio, and --emissions is given", hint="name a model")

    def content(self, data: DataSet) -> Tuple[str, Dict[str, str]]:
        """See :class:`EmissionSource`."""
        files = [data.manifest, *filter(None, self._files[data.manifest])]
        return "", {str(number): file_digest(Path(file)) for number, file in enumerate(files)}


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
