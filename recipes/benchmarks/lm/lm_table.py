"""The scored texts and the times as tables in Markdown, put into a block of a results file.

    python recipes/benchmarks/lm/lm_table.py --model DIR --exp EXP --set KIND FOLDER LM DISTRACTORS ... --sizes N... --graph-sizes N... --out FILE
"""
from __future__ import annotations

import argparse
import datetime
import json
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from lm_decode import texts_file
from lm_systems import SYSTEMS, WIDTHS, DataSet, options_of
from measure import Scores

from ctcb.errors import run_script
from ctcb.lm.weights import CLASS_BONUS, LM_WEIGHT, PIECE_BONUS, WORD_BONUS
from ctcb.report.markdown import markdown, write_block
from ctcb.scoring.bootstrap import Difference, Estimate
from ctcb.search.options import BeamOptions, SubwordOptions

BLOCK = "lm"
# name of a row, and the sets in it
Group = Tuple[str, Sequence[DataSet]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", required=True)
    parser.add_argument("--graph-sizes", type=int, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = options_of(parser)
    table = Tables(options.exp, options.sets, options.sizes, options.graph_sizes)
    times = json.loads((options.exp / "speed.json").read_text(encoding="utf-8"))
    lines = [
        f"`recipes/benchmarks/lm/run.sh --data-dir DATA --model {options.model} --results results`, scored on "
        f"{datetime.date.today().isoformat()}. Half 2 of each set's utterances (ctcb/data/halves.py); stage 7 tries weights on "
        f"half 1. 95 % intervals in brackets. One setting for all: lm_weight {LM_WEIGHT:g}, word_bonus {WORD_BONUS:g}, class_bonus "
        f"{CLASS_BONUS:g}, piece_bonus {PIECE_BONUS:g}, class_cap {SubwordOptions.class_cap:g}. LMs: trigrams of `ctcb lm`, "
        + ", ".join(f"{s.lm} for {s.name}" for s in options.sets) + ".",
        "", "**WER with and without the LM**, no list.", "", *table.wer(),
        "**Unigram boosting** in the beam search with the LM; a list is the set's own entities and distractors. P / R / F1 in "
        "percent; gained: F1 with unigram boosting less F1 without.", "", *table.unigram(),
        "**Beam and graph** with the same LM and list, F1 in percent. Left: only what both searches have, the class at the same "
        "scores. Right: each as it comes, with the beam's adaptive boosts or the graph's bonus a token.", "", *table.searches(),
        f"**By the beam's width**, {options.graph_sizes[0]} distractors, F1 in percent, both ways; with an LM twice as many prefixes are kept.", "",
        *table.widths(),
        f"**Graphs over pieces and over phones**, with the list and its bonuses, {options.graph_sizes[0]} distractors or, in brackets, no list.", "",
        *table.units(), *speed(times),
    ]  # fmt: skip
    write_block(options.out, BLOCK, lines)


class Tables:
    """Rows of scores."""

    def __init__(self, exp: Path, sets: Sequence[DataSet], sizes: Sequence[int], graph_sizes: Sequence[int]) -> None:
        self.exp, self.sets, self.sizes, self.graph_sizes = exp, sets, sizes, graph_sizes
        self._scores: Dict[Tuple[str, str, int, Optional[int]], Scores] = {}

    def scores(self, group: Group, system: str, size: Optional[int] = None, scored_with: int = 0) -> Scores:
        """Those of a group of sets; ``scored_with`` is the list where the system had none."""
        found = []
        for data_set in group[1]:
            key = (data_set.name, system, scored_with if size is None else size, size)
            if key not in self._scores:
                file = texts_file(self.exp, data_set, SYSTEMS[system], size)
                texts = json.loads(file.read_text(encoding="utf-8"))["texts"]
                self._scores[key] = data_set.scores(texts, key[2])
            found.append(self._scores[key].utterances)
        return Scores(tuple(chain.from_iterable(found)))

    def groups(self, lists: bool = False) -> Iterator[Group]:
        """Each set, and after the last of a kind all of that kind."""
        for kind in dict.fromkeys(s.kind for s in self.sets):
            own = [s for s in self.sets if s.kind == kind and (s.lists or not lists)]
            yield from ((s.name, [s]) for s in own)
            if len(own) > 1:
                yield f"all {kind}", own

    def wer(self) -> List[str]:
        rows = []
        for group in self.groups():
            beam, plain = self.scores(group, "beam"), self.scores(group, "beam, no LM")
            graph = self.scores(group, "graph").estimates()["wer"]
            rows.append([
                group[0], group[1][0].kind, str(len(beam.utterances)), _estimate(plain.estimates()["wer"]),
                _estimate(beam.estimates()["wer"]), _difference(beam.against(plain)["wer"]), _estimate(graph),
            ])  # fmt: skip
        return markdown(("set", "speech", "utterances", "beam, WER %", "with the LM", "difference", "graph"), rows)

    def unigram(self) -> List[str]:
        header = ("set", "distractors", "LM alone", "unigram", "gained", "subword", "subword, unigram", "gained", "WER: LM alone",
                  "subword", "subword, unigram")  # fmt: skip
        rows = []
        for group in self.groups(lists=True):
            for size in self.sizes:
                alone = self.scores(group, "beam", scored_with=size)
                own = {name: self.scores(group, name, size) for name in ("unigram", "subword", "subword, unigram")}
                rows.append([
                    group[0], str(size), _prf(alone), _prf(own["unigram"]), _difference(own["unigram"].against(alone)["entity_f1"]),
                    _prf(own["subword"]), _prf(own["subword, unigram"]),
                    _difference(own["subword, unigram"].against(own["subword"])["entity_f1"]),
                    *(_percent(one.rates()["wer"]) for one in (alone, own["subword"], own["subword, unigram"])),
                ])  # fmt: skip
        return markdown(header, rows)

    def searches(self) -> List[str]:
        header = ("set", "distractors", "beam, class", "graph, class", "graph less beam", "beam", "graph", "graph less beam")
        pairs = (("unigram", "graph, unigram"), ("subword, unigram", "graph, unigram, token bonus"))
        rows = []
        for group in self.groups(lists=True):
            for size in self.graph_sizes:
                cells = [group[0], str(size)]
                for names in pairs:
                    beam, graph = (self.scores(group, name, size) for name in names)
                    f1 = [_percent(one.rates()["entity_f1"]) for one in (beam, graph)]
                    cells += [*f1, _difference(graph.against(beam)["entity_f1"])]
                rows.append(cells)
        return markdown(header, rows)

    def widths(self) -> List[str]:
        widths = sorted((BeamOptions.beam, *WIDTHS))
        header = ("set", *(f"{what} {width}" for what in ("class, beam", "beam") for width in widths))
        rows = []
        for group in self.groups(lists=True):
            names = [f"{base}, beam {width}" if width in WIDTHS else base for base in ("unigram", "subword, unigram") for width in widths]
            f1 = [self.scores(group, name, self.graph_sizes[0]).rates()["entity_f1"] for name in names]
            rows.append([group[0], *map(_percent, f1)])
        return markdown(header, rows)

    def units(self) -> List[str]:
        header = ("set", "speech", "pieces: WER %", "entity F1 %", "phones: WER %", "entity F1 %")
        size, rows = self.graph_sizes[0], []
        for group in self.groups():
            cells = [group[0], group[1][0].kind]
            for units in ("graph", "phone graph"):
                without = self.scores(group, units, scored_with=size).rates()
                if all(s.lists for s in group[1]):
                    rates = self.scores(group, f"{units}, unigram, token bonus", size).rates()
                    cells += [f"{_percent(rates[name])} ({_percent(without[name])})" for name in ("wer", "entity_f1")]
                else:
                    cells += [f"({_percent(without['wer'])})", ""]
            rows.append(cells)
        return markdown(header, rows)


def speed(times: Mapping[str, Any]) -> List[str]:
    """The tables of lm_speed.py."""
    beam = [[row["set"], row["lm"], f"{row['audio'] / 60:.1f}", f"{row['audio'] / row['seconds']:,.0f}"] for row in times["beam"]]
    ready = [[row["lm"], row["units"], f"{row['entities']:,}", f"{row['seconds']:.2f}"] for row in times["ready"]]
    return [
        f"**Speed**, {times['date']}: processor times of one thread, the best of 3. The beam search with the LM and 1,000 names "
        "(subword and unigram boosting), emissions given; and new names made ready in a graph.", "",
        *markdown(("set", "LM", "minutes", "times real time"), beam),
        *markdown(("LM", "graph over", "new names", "seconds"), ready),
    ]  # fmt: skip


def _percent(value: Optional[float], sign: str = "") -> str:
    return "" if value is None else f"{100 * value:{sign}.1f}"


def _estimate(found: Estimate) -> str:
    return _percent(found.value) + _interval(found)


def _difference(found: Difference) -> str:
    return _percent(found.difference, "+") + _interval(found, "+")


def _interval(found: Union[Estimate, Difference], sign: str = "") -> str:
    return "" if found.low is None else f" ({_percent(found.low, sign)} to {_percent(found.high, sign)})"


def _prf(scores: Scores) -> str:
    rates = scores.rates()
    return " / ".join(_percent(rates[f"entity_{name}"]) for name in ("precision", "recall", "f1"))


if __name__ == "__main__":
    run_script(main, "lm_table.py")
