"""The LM's weights, tried on the half of each set's utterances that the tables leave out.

    python recipes/benchmarks/lm/lm_tune.py --model DIR --exp EXP --set KIND FOLDER LM DISTRACTORS ... --out FILE

First every combination of lm_weight, word_bonus and piece_bonus, without a list: WER of each set. Then, at
the best of them, class_bonus with 100 and 1,000 distractors, beside adaptive boosts: F1. Last, at the tool's
own weights, the graph's token_bonus. What is best on the average of the sets is best.
"""
from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any, Dict, List, Optional, Tuple

from lm_systems import PIECES, SYSTEMS, DataSet, Model, System, options_of
from measure import Scores

from ctcb.biasing.prepared_list import SpelledList
from ctcb.ctc.emissions import Emissions
from ctcb.entities import EntityList
from ctcb.errors import run_script
from ctcb.progress import progress
from ctcb.report.markdown import markdown, write_block

BLOCK, SHOWN = "lm_tuning", 12
NAMES = ("lm_weight", "word_bonus", "piece_bonus")
Setting = Tuple[Tuple[str, Any], ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lm-weight", type=float, nargs="+", default=[0.3, 0.4, 0.5, 0.6])
    parser.add_argument("--word-bonus", type=float, nargs="+", default=[1.5, 2.0, 2.5])
    parser.add_argument("--piece-bonus", type=float, nargs="+", default=[-3.0, -2.0, -1.0, 0.0])
    parser.add_argument("--class-bonus", type=float, nargs="+", default=[0.0, 1.0, 2.0, 3.0, 4.0])
    parser.add_argument("--token-bonus", type=float, nargs="*", default=[0.0, 0.5, 1.0, 1.5, 2.0])
    parser.add_argument("--utterances", type=int, default=50, help="of each set (%(default)s)")
    parser.add_argument("--graph-utterances", type=int, default=15, help="of each set, in graphs (%(default)s)")
    parser.add_argument("--out", type=Path, required=True)
    options = options_of(parser)
    model = Model(options.model, options.exp)
    attempt = Attempt(model, options.sets, options.utterances)

    tried: List[Tuple[float, Setting, List[float]]] = []
    plain = [attempt.scores(s, SYSTEMS["beam, no LM"]).rates()["wer"] for s in options.sets]
    for values in progress(list(product(options.lm_weight, options.word_bonus, options.piece_bonus)), "weights"):
        setting = tuple((f"beam.{name}", value) for name, value in zip(NAMES, values))
        wers = [attempt.scores(s, System("", options=setting)).rates()["wer"] for s in options.sets]
        tried.append((mean(wers), setting, wers))
    tried.sort()
    rows = [["no LM", "", "", *map(_percent, plain), _percent(mean(plain))]]
    rows += [[*(f"{v:g}" for _, v in setting), *map(_percent, wers), _percent(mean_)] for mean_, setting, wers in tried[:SHOWN]]
    lines = [f"`recipes/benchmarks/lm/run.sh --stage 7 --stop-stage 7`, half 1 of the utterances, at most {options.utterances} a set. "
             f"WER in percent without a list, the best {SHOWN} of {len(tried)} settings:", "",
             *markdown([*NAMES, *(s.name for s in options.sets), "mean"], rows)]

    sets, sizes = [s for s in options.sets if s.lists], (100, 1000)
    columns = [*(f"{s.name}, {size}" for s in sets for size in sizes), "mean"]
    rows = []
    for bonus in progress([None, *options.class_bonus], "class bonus"):
        setting = tried[0][1] + (() if bonus is None else (("unigram.class_bonus", bonus),))
        system = System("", techniques=("subword",) if bonus is None else ("subword", "unigram"), options=setting)
        f1 = [attempt.scores(s, system, size).rates()["entity_f1"] for s in sets for size in sizes]
        rows.append(["no unigram boosting" if bonus is None else f"{bonus:g}", *map(_percent, f1), _percent(mean(f1))])
    lines += ["F1 in percent at the best of them, by class_bonus:", "", *markdown(["class_bonus", *columns], rows)]

    attempt, rows = Attempt(model, sets, options.graph_utterances), []
    for bonus in progress(options.token_bonus, "token bonus"):
        system = System("", techniques=("unigram",), graph=PIECES, options=(("token_bonus", bonus),))
        f1 = [attempt.scores(s, system, 100).rates()["entity_f1"] for s in sets]
        rows.append([f"{bonus:g}", *map(_percent, f1), _percent(mean(f1))])
    lines += [f"F1 in percent of the graph, at the tool's own weights, by token_bonus (100 distractors, {options.graph_utterances} "
              "utterances a set):", "", *markdown(["token_bonus", *(s.name for s in sets), "mean"], rows)]
    write_block(options.out, BLOCK, lines)


class Attempt:
    """Scores systems on some utterances of the tuning half."""

    def __init__(self, model: Model, sets: List[DataSet], count: int) -> None:
        self.model = model
        self.emissions: Dict[str, Dict[str, Any]] = {s.name: s.emissions(PIECES, s.ids(tuning=True)[:count]) for s in sets}
        self._spelled: Dict[Tuple[str, int], SpelledList] = {}

    def scores(self, data_set: DataSet, system: System, size: Optional[int] = None) -> Scores:
        pipeline = self.model.pipeline(system, data_set.lm)
        context = None
        if size is not None:
            key = data_set.name, size
            if key not in self._spelled:
                self._spelled[key] = pipeline.spell(EntityList.of(data_set.names(size)))
            context = pipeline.prepare(self._spelled[key])
        texts = {utt_id: pipeline.decode(utt_id, Emissions(log_probs), context).text for utt_id, log_probs in self.emissions[data_set.name].items()}
        return data_set.scores(texts, size or 0)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


if __name__ == "__main__":
    run_script(main, "lm_tune.py")
