"""Encoded lists on disk, under the digest of their content and of the adapter that encoded them."""
from __future__ import annotations

import hashlib
import json
import os
from itertools import islice
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from torch import Tensor

from ctcb.adapter.catalogue import Catalogue, Vectors
from ctcb.adapter.entries import Entry
from ctcb.cache import cache_folder, prune
from ctcb.entities import Entity
from ctcb.entities.forms import spoken_forms
from ctcb.errors import InputError, RunError
from ctcb.models.weights import read_tensors, save_tensors
from ctcb.text.writing import Writing

FORMAT = 3
MOST_BYTES = 2**30  # of all files together; those used longest ago go first

Entries = Tuple[Entry, ...]


class CatalogueCache:
    """A folder of safetensors files. Where it cannot be written to, nothing is kept."""

    def __init__(self, folder: Optional[Path] = None) -> None:
        self.folder = (cache_folder() if folder is None else folder) / "catalogues"

    def key(self, model: str, entities: Sequence[Entity], writing: Writing) -> str:
        """The name of a list under a model, given by its digest. Neither weights nor printed forms matter."""
        names = [[spoken_forms(entity, writing), entity.prons, *([entity.languages] if entity.languages else [])] for entity in entities]
        content = [FORMAT, model, names]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def load(self, key: str) -> Optional[Tuple[Tensor, Catalogue, Entries]]:
        """A list that :meth:`save` wrote; None where there is none, or its file is damaged."""
        path = self._path(key)
        if not path.exists():
            return None
        try:
            tensors, _ = read_tensors(path)
            os.utime(path)
            inner = Vectors(tensors["inner.keys"], tensors["inner.values"]) if "inner.keys" in tensors else None
            catalogue = Catalogue(Vectors(tensors["final.keys"], tensors["final.values"]), inner, tensors["owner"], tensors["symbols"])
            entries = tuple(Entry(*ids) for ids in zip(*(_unpacked(tensors, name) for name in Entry._fields)))
            return tensors["entity_of"], catalogue, entries
        except (InputError, OSError, KeyError):
            return None

    def save(self, key: str, entity_of: Tensor, catalogue: Catalogue, entries: Entries) -> None:
        """Keep an encoded list."""
        tensors: Dict[str, Tensor] = {
            "entity_of": entity_of, "owner": catalogue.owner, "symbols": catalogue.symbols,
            "final.keys": catalogue.final.keys, "final.values": catalogue.final.values,
        }
        for name, rows in zip(Entry._fields, zip(*entries)):
            tensors[name] = torch.tensor([number for row in rows for number in row], dtype=torch.int64)
            tensors[f"{name}.counts"] = torch.tensor([len(row) for row in rows])
        if catalogue.inner is not None:
            tensors.update({"inner.keys": catalogue.inner.keys, "inner.values": catalogue.inner.values})
        path = self._path(key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            save_tensors(path, tensors)
            prune(self.folder, "*.safetensors", MOST_BYTES)
        except (OSError, RunError):
            pass

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.safetensors"


def _unpacked(tensors: Dict[str, Tensor], name: str) -> List[Tuple[int, ...]]:
    at = iter(tensors[name].tolist())
    return [tuple(islice(at, count)) for count in tensors[f"{name}.counts"].tolist()]
