"""The compared systems and the data sets."""
from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import bias_list
import numpy as np
from measure import Scores, halves

from ctcb.acoustic.directory import read_model_yaml
from ctcb.biasing.presets import Preset
from ctcb.decoding.builder import Config, EmissionFacts, build_pipeline
from ctcb.decoding.pipeline import Pipeline
from ctcb.entities import EntityList
from ctcb.graph.options import GraphOptions
from ctcb.graph.store import load_graph
from ctcb.io import read_lines
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.score import score
from ctcb.search.beam.word_lm import WordLm
from ctcb.search.graph import GraphSetting
from ctcb.text.spelling import TokenizerSpelling
from ctcb.text.tokenizer import Tokenizer

PIECES, PHONES = "pieces", "phones"
UNITS = {PIECES: "subword", PHONES: "phone"}  # what `ctcb graph --units` calls them
FEWEST = 10  # spoken entities in a set's half; with fewer, only the WER is measured


@dataclass(frozen=True)
class System:
    """A way to decode."""

    name: str
    lm: bool = True
    techniques: Tuple[str, ...] = ()
    graph: Optional[str] = None  # searched by k2: over PIECES or PHONES
    options: Tuple[Tuple[str, Any], ...] = ()  # other than the tool's defaults: GraphOptions' fields, or settings by their names

    @property
    def units(self) -> str:
        return self.graph or PIECES


_UNIGRAM = ("unigram",)
WITHOUT_LIST = (
    System("beam, no LM", lm=False),
    System("beam"),
    System("graph", techniques=_UNIGRAM, graph=PIECES),
    System("phone graph", techniques=_UNIGRAM, graph=PHONES),
)
WITH_LIST = (
    System("unigram", techniques=_UNIGRAM),
    System("subword", techniques=("subword",)),
    System("subword, unigram", techniques=("subword", "unigram")),
    System("graph, unigram", techniques=_UNIGRAM, graph=PIECES, options=(("token_bonus", 0.0),)),
    System("graph, unigram, token bonus", techniques=_UNIGRAM, graph=PIECES),
    System("phone graph, unigram, token bonus", techniques=_UNIGRAM, graph=PHONES),
)
WIDTHS = (8, 32, 64)  # of the beam, beside its default
BY_WIDTH = tuple(
    System(f"{', '.join(techniques)}, beam {width}", techniques=techniques, options=(("beam.beam", width),))
    for techniques in (_UNIGRAM, ("subword", "unigram")) for width in WIDTHS
)
SYSTEMS = {system.name: system for system in (*WITHOUT_LIST, *WITH_LIST, *BY_WIDTH)}


@dataclass(frozen=True)
class DataSet:
    """A set's utterances, halved by their ids, and what may be on its lists."""

    kind: str  # of speech: human or synthetic
    name: str
    lm: str
    texts: Mapping[str, str]
    targets: Tuple[str, ...]
    distractors: Tuple[str, ...]
    exp: Path

    def ids(self, tuning: bool = False) -> List[str]:
        """The utterances of one half."""
        return [item.utt_id for item in halves([_Id(utt_id) for utt_id in self.texts])[0 if tuning else 1]]

    def names(self, size: int) -> List[str]:
        """Its own entities and so many distractors."""
        return [*self.targets, *self.distractors[:size]]

    @cached_property
    def lists(self) -> bool:
        """Whether the scoring half has enough spoken entities."""
        texts = {utt_id: self.texts[utt_id] for utt_id in self.ids()}
        return score(texts, texts, self.targets, draws=0).entities.found >= FEWEST

    def emissions(self, units: str, ids: Sequence[str]) -> Dict[str, np.ndarray]:
        with np.load(self.exp / "emissions" / self.name / f"{units}.npz", allow_pickle=False) as arrays:
            return {utt_id: arrays[utt_id] for utt_id in ids}

    def scores(self, texts: Mapping[str, str], size: int = 0) -> Scores:
        """Score the texts of some utterances, with a list of so many distractors."""
        refs = {utt_id: self.texts[utt_id] for utt_id in texts}
        return Scores(score(refs, texts, self.names(size), draws=0).utterances)


@dataclass(frozen=True)
class _Id:
    utt_id: str


class Model:
    """Builds the pipelines of systems."""

    def __init__(self, folder: Path, exp: Path) -> None:
        config, features = read_model_yaml(folder)
        self.exp, self.frame_shift = exp, features.frame_shift * config.subsampling
        self.spelling = TokenizerSpelling(Tokenizer.load(folder))
        self.lm_of = lru_cache(maxsize=None)(lambda name: WordLm.load(self.lm_file(name), self.spelling.table))
        self._pipeline = lru_cache(maxsize=1)(self._make)

    def lm_file(self, name: str) -> Path:
        return self.exp / "lm" / name / "lm.arpa.gz"

    def graph_folder(self, name: str, units: str) -> Path:
        return self.exp / "graph" / f"{name}-{UNITS[units]}"

    def pipeline(self, system: System, lm: str) -> Pipeline:
        return self._pipeline(replace(system, name=""), lm)

    def _make(self, system: System, lm: str) -> Pipeline:
        chosen = dict(system.options)
        config = Config(bias="none", with_=system.techniques)
        if system.graph is None:
            config = replace(config, presets={"none": Preset(()).with_settings(chosen)})
            return build_pipeline(config, EmissionFacts(self.spelling, self.frame_shift), self.lm_of(lm) if system.lm else None)
        graph = load_graph(self.graph_folder(lm, system.graph))
        config = replace(config, method="graph", graph=GraphSetting(graph, GraphOptions(**chosen)))
        return build_pipeline(config, EmissionFacts(graph.phones or self.spelling, self.frame_shift))


def options_of(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Adds what all scripts take: --model, --exp, --set and --out; ``sets`` holds the data sets then."""
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--exp", type=Path, required=True, help="what run.sh's stages before wrote")
    parser.add_argument("--set", dest="sets", action="append", nargs=4, required=True, metavar=("KIND", "FOLDER", "LM", "DISTRACTORS"))
    options = parser.parse_args()
    options.sets = [_read_set(kind, Path(folder), lm, Path(file), options.exp) for kind, folder, lm, file in options.sets]
    return options


def _read_set(kind: str, folder: Path, lm: str, distractors: Path, exp: Path) -> DataSet:
    texts = read_transcripts(folder / "manifest.tsv")
    targets = [entity.normal for entity in EntityList.read(folder / "entities.txt") if entity.normal]
    others = bias_list.distractors([[line for _, line in read_lines(distractors)]], texts)
    return DataSet(kind, folder.name, lm, texts, tuple(targets), tuple(text for text in others if text not in targets), exp)
