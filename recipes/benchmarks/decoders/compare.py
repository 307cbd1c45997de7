"""All decoders side by side, in one process: tuned on one half of the utterances, scored on the other.

    python recipes/benchmarks/decoders/compare.py --model DIR --set KIND FOLDER EMISSIONS DISTRACTORS [DISTRACTORS...] --out FILE

``--set`` may be repeated; KIND is human or synthetic, FOLDER holds manifest.tsv and entities.txt,
EMISSIONS is what ``ctcb emit`` wrote. The sets of one kind are pooled, each with its own list.
The output is JSON, which table.py formats. It is written after each list size, and an interrupted run resumes from
there.
"""
from __future__ import annotations

import argparse
import datetime
import json
import sys
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import bias_list
import numpy as np
from bias_list import BiasList
from measure import Item, affordable, digest_of, evaluate, frames, halves, pace, race, read_items, run, run_within
from peer import Peer, Search, Setting, Task
from tune import Chosen, Tried, tune

from ctcb.acoustic.directory import WEIGHTS_FILE, read_model_yaml
from ctcb.entities import EntityList
from ctcb.errors import InputError, run_script
from ctcb.io import atomic_write, digest, read_lines
from ctcb.scoring.readers import read_transcripts
from ctcb.search.vocabulary import Vocabulary
from ctcb.text.spelling import MAX_VARIED_FORMS, SEGMENTATIONS
from ctcb.text.tokenizer import BLANK_ID, Tokenizer

# name on the command line -> (module, class). The first two are what the others are compared with.
PEERS: Dict[str, Tuple[str, str]] = {
    "greedy": ("peer_ctcb", "Greedy"),
    "boosted": ("peer_ctcb", "Boosted"),
    "unboosted": ("peer_ctcb", "Unboosted"),
    "flashlight": ("peer_flashlight", "Flashlight"),
    "torchaudio": ("peer_torchaudio", "Torchaudio"),
    "kaldi": ("peer_kaldi", "Kaldi"),
    "pyctcdecode": ("peer_pyctcdecode", "Pyctcdecode"),
    "nemo-spotter": ("peer_nemo_spotter", "NemoSpotter"),
    "nemo-tree": ("peer_nemo_tree", "NemoTree"),
    "nemo-tree-greedy": ("peer_nemo_tree", "NemoTreeGreedy"),
}
ALWAYS = ("greedy", "boosted")
# Utterances, however slow a decoder is.
LEAST_TUNING, LEAST_SCORING, LEAST_SPEED = 40, 20, 5
# A setting that would take so many times its seconds for the least utterances is not tried.
TOO_SLOW = 4.0


@dataclass(frozen=True)
class DataSet:
    """A set's utterances, its entities, and what its list is filled up with, all normalised."""

    kind: str
    name: str
    items: Sequence[Item]
    targets: Sequence[str]
    distractors: Sequence[str]


@dataclass(frozen=True)
class Budget:
    """Seconds that a decoder gets at each list size; slower ones get fewer utterances."""

    tuning: float  # for each setting
    scoring: float
    speed: float  # for each round


class Comparison:
    """The decoders on the sets of one kind."""

    def __init__(self, peers: Mapping[str, Peer], sets: Sequence[DataSet], tokenizer: Tokenizer, budget: Budget) -> None:
        self.peers, self.sets, self.tokenizer, self.budget = peers, sets, tokenizer, budget
        self.chosen: Dict[str, Chosen] = {}  # at the list size before
        # What was too slow at one size is not tried at the next.
        self.left: Dict[str, Sequence[Setting]] = {name: peer.grid for name, peer in peers.items()}
        self.vocabulary = next(iter(peers.values())).task.vocabulary
        self.tuning, self.scoring = halves([item for data_set in sets for item in data_set.items])
        for half, what in ((self.tuning, "tuning"), (self.scoring, "scoring")):
            if not half:
                raise InputError(f"no utterance falls into the {what} half", hint="give more utterances")

    def rows(self, size: int, frame_shift: float) -> List[Dict[str, Any]]:
        """One row a decoder, for lists of ``size`` entities; 0 is no list."""
        filled = {s.name: bias_list.fill(s.targets, s.distractors if size else (), size) for s in self.sets}
        for name, texts in filled.items():
            if len(texts) < size:
                raise InputError(f"{name} has {len(texts)} entities and distractors, and {size} are asked for",
                                 hint="give more distractors or ask for less")
        lists = {name: BiasList.of(texts, self.tokenizer, self.vocabulary) for name, texts in filled.items()}
        for name, peer in self.peers.items():
            self.chosen[name] = self._tune(name, size, lists) if size else Chosen(peer.plain, True, 0, 0)
        searches, items, scores = {}, {}, {}
        for name in self.peers:
            setting = self.chosen[name].setting
            searches[name] = self._searches(name, setting, lists if size else None)
            texts, paced = run_within(searches[name], self.scoring, self.tokenizer, self.budget.scoring, LEAST_SCORING)
            _say(f"{self.sets[0].kind}, {size} entities: {name} with {dict(setting)} on {len(texts)} utterances")
            scores[name] = evaluate(self.scoring[: len(texts)], texts, lists)
            items[name] = affordable(self.scoring, paced, self.budget.speed, LEAST_SPEED)
        speeds = race({name: (searches[name], items[name]) for name in self.peers})
        listed = [len(bias.texts) for bias in lists.values()] if size else [0]
        return [
            {
                "kind": self.sets[0].kind, "size": size, "listed": listed, "peer": name,
                "name": peer.name, "version": peer.version, "settings": len(peer.grid),
                "chosen": asdict(self.chosen[name]), "tuning_half": len(self.tuning),
                "scoring_half": len(self.scoring), "scored_on": len(scores[name].utterances),
                "minutes": frames(self.scoring) * frame_shift / 60,
                "timed_on": len(items[name]), "rtf": speeds[name] / frame_shift,
                "measures": {key: asdict(value) for key, value in scores[name].estimates().items()},
                "less_ours": {key: asdict(value) for key, value in scores[name].against(scores["boosted"]).items()},
            }
            for name, peer in self.peers.items()
        ]  # fmt: skip

    def _searches(self, name: str, setting: Setting, lists: Optional[Mapping[str, BiasList]]) -> Dict[str, Search]:
        peer = self.peers[name]
        return {s.name: peer.search(lists[s.name] if lists else None, setting) for s in self.sets}

    def _tune(self, name: str, size: int, lists: Mapping[str, BiasList]) -> Chosen:
        """The best setting on the tuning half, of those that are not too slow to be tried. Where all are, it is
        the setting of the size before; at the first size, those at most twice as slow as the fastest are tried."""
        grid = self.peers[name].grid
        if len(grid) == 1:
            return Chosen(grid[0], True, 0, size)
        left = self.left[name]
        paces = [pace(self._searches(name, setting, lists), self.tuning) for setting in left]
        most = TOO_SLOW * self.budget.tuning / max(1, frames(self.tuning[:LEAST_TUNING]))
        before = self.chosen.get(name)
        if min(paces, default=inf) > most:
            if before is not None and before.size:
                self.left[name] = ()
                return replace(before, left_out=len(grid))
            most = 2 * min(paces)
        self.left[name] = settings = [setting for setting, paced in zip(left, paces) if paced <= most]
        items = affordable(self.tuning, max(paced for paced in paces if paced <= most), self.budget.tuning, LEAST_TUNING)

        def tried(searches: Mapping[str, Search]) -> Dict[str, float]:
            return evaluate(items, run(searches, items, self.tokenizer), lists).rates()

        def attempt(setting: Setting) -> Tried:
            rates = tried(self._searches(name, setting, lists))
            return Tried(setting, rates["entity_f1"], rates["u_wer"])

        _say(f"{self.sets[0].kind}, {size} entities: tuning {name}, {len(settings)} of {len(grid)} settings "
             f"on {len(items)} of {len(self.tuning)} utterances")
        limit = tried(self._searches("greedy", {}, None))["u_wer"]
        setting, within = tune(settings, attempt, limit)
        return Chosen(setting, within, len(items), size, len(grid) - len(settings))


def load_peers(names: Sequence[str], task: Task) -> Dict[str, Peer]:
    """The decoders of these names. Raises InputError for a name or package that is not there."""
    peers = {}
    for name in dict.fromkeys([*ALWAYS, *names]):
        if name not in PEERS:
            raise InputError(f"no decoder is called {name!r}", hint=f"choose from {', '.join(PEERS)}")
        module, cls = PEERS[name]
        try:
            peers[name] = getattr(import_module(module), cls)(task)
        except ModuleNotFoundError as error:
            raise InputError(f"{name} needs the package {error.name!r}", hint="run the recipe's stage 1") from None
    return peers


def read_set(kind: str, folder: Path, emissions: Path, distractor_files: Sequence[Path], size: int) -> DataSet:
    """One ``--set``. Raises InputError."""
    texts = read_transcripts(folder / "manifest.tsv")
    entities = EntityList.read(folder / "entities.txt")
    if not emissions.is_file():
        raise InputError("no such file", file=emissions, hint="run the recipe's stage 2")
    files = [[line for _, line in read_lines(path)] for path in distractor_files]
    with np.load(emissions, allow_pickle=False) as arrays:
        items = read_items(folder.name, texts, arrays, size)
    targets = [entity.normal for entity in entities if entity.normal]
    return DataSet(kind, folder.name, items, targets, list(bias_list.distractors(files, texts)))


def _say(text: str) -> None:
    print(f"{datetime.datetime.now():%F %T} compare.py {text}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--set", dest="sets", action="append", nargs="+", required=True, metavar="WORD")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 100, 1000, 10000])
    parser.add_argument("--peers", nargs="+", default=list(PEERS), help="default: all")
    parser.add_argument("--beam", type=int, default=16)
    parser.add_argument("--top-k", type=int, default=20, help="tokens a frame, where a decoder has that option")
    parser.add_argument("--tuning-budget", type=float, default=8.0, help="seconds a setting (%(default)s)")
    parser.add_argument("--scoring-budget", type=float, default=600.0, help="seconds a decoder and list size (%(default)s)")
    parser.add_argument("--speed-budget", type=float, default=10.0, help="seconds a decoder, list size and round (%(default)s)")
    options = parser.parse_args()

    tokenizer = Tokenizer.load(options.model)
    model, features = read_model_yaml(options.model)
    vocabulary = Vocabulary.from_tokens(tokenizer.pieces, BLANK_ID)
    peers = load_peers(options.peers, Task(tokenizer.pieces, vocabulary, options.beam, options.top_k))
    sets = []
    for words in options.sets:
        if len(words) < 3 or words[0] not in ("human", "synthetic"):
            parser.error("--set takes: human or synthetic, a folder, emissions, files of distractors")
        sets.append(read_set(words[0], Path(words[1]), Path(words[2]), list(map(Path, words[3:])), len(tokenizer)))
    budget = Budget(options.tuning_budget, options.scoring_budget, options.speed_budget)
    conditions = {
        "beam": options.beam, "top_k": options.top_k, "budget": asdict(budget), "peers": list(peers),
        "segmentations": SEGMENTATIONS, "most_varied": MAX_VARIED_FORMS, "model": digest(options.model / WEIGHTS_FILE),
        "sets": [{"kind": s.kind, "name": s.name, "utterances": len(s.items), "targets": len(s.targets)} for s in sets],
        # Rows that were tuned on other utterances do not belong to this run.
        "tuning": digest_of(item.utt_id for item in halves([item for s in sets for item in s.items])[0]),
    }  # fmt: skip
    rows = rows_so_far(options.out, conditions)
    for kind in dict.fromkeys(data_set.kind for data_set in sets):
        comparison = Comparison(peers, [s for s in sets if s.kind == kind], tokenizer, budget)
        for size in options.sizes:
            done = [row for row in rows if (row["kind"], row["size"]) == (kind, size)]
            comparison.chosen.update({row["peer"]: Chosen(**row["chosen"]) for row in done})
            if done:
                continue
            rows += comparison.rows(size, features.frame_shift * model.subsampling)
            with atomic_write(options.out) as file:
                json.dump({"date": datetime.date.today().isoformat(), **conditions, "rows": rows}, file, indent=1, ensure_ascii=False)


def rows_so_far(path: Path, conditions: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """The rows of an earlier run under the same conditions."""
    if not path.exists():
        return []
    earlier = json.loads(path.read_text(encoding="utf-8"))
    return earlier["rows"] if all(earlier.get(name) == value for name, value in conditions.items()) else []


if __name__ == "__main__":
    run_script(main, "compare.py")
