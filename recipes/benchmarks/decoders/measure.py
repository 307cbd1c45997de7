"""Utterances, the decoders' texts, their scores and times."""
from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

import numpy as np
from bias_list import BiasList
from peer import Search

from ctcb.data.halves import HALVES, half_of
from ctcb.errors import InputError
from ctcb.scoring.bootstrap import Difference, Estimate, compare, estimate
from ctcb.scoring.report import UtteranceScore
from ctcb.scoring.score import count_table, score
from ctcb.text.tokenizer import Tokenizer

LONG = 3.0  # seconds


@dataclass(frozen=True)
class Item:
    """One utterance."""

    data_set: str
    utt_id: str
    text: str
    log_probs: np.ndarray  # [T, V] float32, C-contiguous


@dataclass(frozen=True)
class Scores:
    """The scored utterances of one decoder at one setting."""

    utterances: Tuple[UtteranceScore, ...]

    @property
    def counts(self) -> Dict[str, np.ndarray]:
        return count_table(self.utterances)

    def rates(self) -> Dict[str, float]:
        """The measures without intervals; a measure that is undefined is 0."""
        return {name: found.value or 0.0 for name, found in estimate(self.counts, draws=0).items()}

    def estimates(self, draws: int = 1000) -> Dict[str, Estimate]:
        """The measures with 95 % intervals."""
        return estimate(self.counts, draws)

    def against(self, other: Scores, draws: int = 1000) -> Dict[str, Difference]:
        """This decoder less another, by paired bootstrap, on the first utterances, which both were scored on."""
        both = min(len(self.utterances), len(other.utterances))
        return compare(Scores(self.utterances[:both]).counts, Scores(other.utterances[:both]).counts, draws)


def halves(items: Sequence[Item]) -> Tuple[List[Item], List[Item]]:
    """Utterances for tuning (half 1) and for scoring (half 2), in the order of a hash of their ids: any first few
    are a fair draw."""
    ordered = sorted(items, key=lambda item: _hash(item.utt_id))
    tuning, scoring = ([item for item in ordered if half_of(item.utt_id) == half] for half in HALVES)
    return tuning, scoring


def read_items(data_set: str, texts: Mapping[str, str], emissions: Mapping[str, np.ndarray], size: int) -> List[Item]:
    """A set's utterances. Raises InputError for emissions that are missing or of another vocabulary."""
    items = []
    for utt_id, text in texts.items():
        if utt_id not in emissions:
            raise InputError(f"{data_set} has no emissions of {utt_id!r}", hint="run the recipe's stage 2 again")
        log_probs = np.ascontiguousarray(emissions[utt_id], np.float32)
        if log_probs.ndim != 2 or log_probs.shape[1] != size:
            raise InputError(f"the emissions of {utt_id!r} have the shape {log_probs.shape}, the model has {size} tokens",
                             hint="take model and emissions from one run")
        items.append(Item(data_set, utt_id, text, log_probs))
    return items


def run(searches: Mapping[str, Search], items: Sequence[Item], tokenizer: Tokenizer) -> List[str]:
    """The text of each utterance; ``searches`` are by data set, since each has its own list."""
    return run_within(searches, items, tokenizer, inf, 0)[0]


def run_within(
    searches: Mapping[str, Search], items: Sequence[Item], tokenizer: Tokenizer, budget: float, least: int
) -> Tuple[List[str], float]:
    """The texts of the first utterances, as many as ``budget`` seconds are enough for but at least ``least``; and how
    many seconds a frame took."""
    texts: List[str] = []
    spent = 0.0
    for item in items:
        if len(texts) >= least and spent >= budget:
            break
        answer, took = timed(searches[item.data_set], item.log_probs)
        texts.append(as_text(answer, tokenizer))
        spent += took
    return texts, spent / max(1, frames(items[: len(texts)]))


def as_text(answer: Any, tokenizer: Tokenizer) -> str:
    """A decoder's answer, spelled."""
    return answer if isinstance(answer, str) else tokenizer.decode(answer)


def evaluate(items: Sequence[Item], texts: Sequence[str], lists: Mapping[str, BiasList]) -> Scores:
    """Score texts, each set with its own list."""
    scored: Dict[Tuple[str, str], UtteranceScore] = {}
    for data_set, bias in lists.items():
        own = [(item.utt_id, item.text, text) for item, text in zip(items, texts) if item.data_set == data_set]
        if own:
            refs, hyps = ({row[0]: row[column] for row in own} for column in (1, 2))
            report = score(refs, hyps, bias.texts, draws=0)
            scored.update({(data_set, utterance.id): utterance for utterance in report.utterances})
    return Scores(tuple(scored[item.data_set, item.utt_id] for item in items))


def timed(search: Search, log_probs: np.ndarray) -> Tuple[Any, float]:
    """An answer and the seconds that the search takes, and nothing else: of the processor, since it runs on one thread
    and what else the machine does is not its own. No frames are answered with no text."""
    if not len(log_probs):
        return "", 0.0
    begin = time.process_time()
    answer = search(log_probs)
    return answer, time.process_time() - begin


def seconds(searches: Mapping[str, Search], items: Sequence[Item]) -> float:
    """Seconds that the searches take on all utterances."""
    return sum(timed(searches[item.data_set], item.log_probs)[1] for item in items)


def pace(searches: Mapping[str, Search], items: Sequence[Item]) -> float:
    """About how many seconds a frame takes: the shortest of the first eight utterances, the second time
    unless the first, with whatever is made on first use, took long."""
    probe = [min(items[:8], key=lambda item: len(item.log_probs) or inf)]
    once = seconds(searches, probe)
    return (once if once > LONG else seconds(searches, probe)) / max(1, frames(probe))


def affordable(items: Sequence[Item], pace: float, budget: float, least: int) -> Sequence[Item]:
    """The first utterances that ``budget`` seconds are enough for, but at least ``least``."""
    total = np.cumsum([pace * len(item.log_probs) for item in items])
    return items[: max(least, int(np.searchsorted(total, budget, side="right")))]


def frames(items: Sequence[Item]) -> int:
    return sum(len(item.log_probs) for item in items)


def race(
    runners: Mapping[str, Tuple[Mapping[str, Search], Sequence[Item]]], rounds: int = 3
) -> Dict[str, float]:
    """Median seconds a frame of each decoder on its utterances, over rounds in which all take turns, so
    that whatever else the machine does falls on all of them."""
    times: Dict[str, List[float]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, (searches, items) in runners.items():
            times[name].append(seconds(searches, items) / max(1, frames(items)))
    return {name: median(values) for name, values in times.items()}


def digest_of(utt_ids: Iterable[str]) -> str:
    """A digest that identifies a choice of utterances."""
    return hashlib.sha256("\n".join(utt_ids).encode()).hexdigest()


def _hash(utt_id: str) -> int:
    return int(hashlib.sha256(utt_id.encode()).hexdigest(), 16)
