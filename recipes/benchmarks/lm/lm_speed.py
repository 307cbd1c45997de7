"""How fast the beam search with an LM and 1,000 names is, and how soon 1,000 new names are in a graph.

    python recipes/benchmarks/lm/lm_speed.py --model DIR --exp EXP --set KIND FOLDER LM DISTRACTORS ... --out FILE

Times are processor times of one thread, the best of three, emissions and LM given.
"""
from __future__ import annotations

import argparse
import datetime
import json
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

from lm_systems import PHONES, PIECES, SYSTEMS, Model, options_of

from ctcb.entities import EntityList
from ctcb.errors import run_script
from ctcb.io import atomic_write

ENTITIES, ROUNDS = 1000, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    options = options_of(parser)
    model = Model(options.model, options.exp)
    beam: List[Dict[str, Any]] = []
    for data_set in options.sets:
        names = EntityList.of(data_set.names(ENTITIES - len(data_set.targets)))
        pipeline = model.pipeline(SYSTEMS["subword, unigram"], data_set.lm)
        biasing = pipeline.prepare(pipeline.spell(names))
        emissions = list(data_set.emissions(PIECES, data_set.ids()).values())
        taken = seconds(lambda: [pipeline.search.decode(one, biasing.graph, 1) for one in emissions])
        audio = sum(map(len, emissions)) * model.frame_shift
        beam.append({"set": data_set.name, "kind": data_set.kind, "lm": data_set.lm, "audio": audio, "seconds": taken})
    ready: List[Dict[str, Any]] = []
    for lm, data_set in {data_set.lm: data_set for data_set in options.sets}.items():
        for units, name in ((PIECES, "graph"), (PHONES, "phone graph")):
            pipeline = model.pipeline(SYSTEMS[name], lm)
            new = EntityList.of(data_set.distractors[:ENTITIES])
            taken = seconds(lambda: pipeline.prepare(pipeline.spell(new)))
            ready.append({"lm": lm, "units": units, "entities": len(new), "seconds": taken})
    with atomic_write(options.out) as file:
        json.dump({"date": datetime.date.today().isoformat(), "beam": beam, "ready": ready}, file, indent=1)


def seconds(work: Callable[[], Any]) -> float:
    """The least of some rounds, of the processor: what else the machine does is not ours."""
    taken = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


if __name__ == "__main__":
    run_script(main, "lm_speed.py")
