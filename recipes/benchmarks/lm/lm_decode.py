"""What every system makes of the scoring half of every set, with lists of several sizes.

    python recipes/benchmarks/lm/lm_decode.py --model DIR --exp EXP --set KIND FOLDER LM DISTRACTORS ... --sizes N... --graph-sizes N...

Texts go to EXP/texts/SET/SYSTEM.SIZE.json. What stands there from the same emissions, LM and settings
is not decoded again.
"""
from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Dict, Optional

from lm_systems import BY_WIDTH, WITH_LIST, WITHOUT_LIST, DataSet, Model, System, options_of

from ctcb.biasing.presets import Preset
from ctcb.ctc.emissions import Emissions
from ctcb.entities import EntityList
from ctcb.errors import run_script
from ctcb.graph.options import GraphOptions
from ctcb.io import atomic_write, digest
from ctcb.progress import progress


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", required=True)
    parser.add_argument("--graph-sizes", type=int, nargs="+", required=True)
    options = options_of(parser)
    model = Model(options.model, options.exp)
    runs = [(s, system, None) for s in options.sets for system in WITHOUT_LIST]
    runs += [
        (s, system, size) for s in options.sets if s.lists for system in (*WITH_LIST, *BY_WIDTH)
        for size in (options.graph_sizes if system.graph or system in BY_WIDTH else options.sizes)
    ]
    runs.sort(key=lambda run: (run[0].lm, run[1].graph or "", run[1].options))  # each graph is laid out once
    for data_set, system, size in progress(runs, "systems"):
        decode(model, data_set, system, size)


def decode(model: Model, data_set: DataSet, system: System, size: Optional[int]) -> None:
    """Write one system's texts, unless they stand there."""
    path = texts_file(model.exp, data_set, system, size)
    emissions = model.exp / "emissions" / data_set.name / f"{system.units}.npz"
    used = model.graph_folder(data_set.lm, system.graph) / "graph.safetensors" if system.graph else model.lm_file(data_set.lm)
    chosen = dict(system.options)
    settings = asdict(GraphOptions(**chosen)) if system.graph else Preset(system.techniques).with_settings(chosen).values()
    ids = data_set.ids()
    made_from = {
        "emissions": digest(emissions), "lm": digest(used) if system.lm else None, "options": settings,
        "techniques": list(system.techniques), "names": None if size is None else data_set.names(size), "ids": ids,
    }  # fmt: skip
    if path.exists() and json.loads(path.read_text(encoding="utf-8"))["made_from"] == json.loads(json.dumps(made_from)):
        return
    pipeline = model.pipeline(system, data_set.lm)
    context = None if size is None else pipeline.prepare(pipeline.spell(EntityList.of(data_set.names(size))))
    texts: Dict[str, str] = {}
    for utt_id, log_probs in data_set.emissions(system.units, ids).items():
        texts[utt_id] = pipeline.decode(utt_id, Emissions(log_probs), context).text
    with atomic_write(path) as file:
        json.dump({"made_from": made_from, "texts": texts}, file, ensure_ascii=False)


def texts_file(exp: Path, data_set: DataSet, system: System, size: Optional[int]) -> Path:
    list_size = "" if size is None else f".{size}"
    return exp / "texts" / data_set.name / f"{system.name.replace(', ', '-').replace(' ', '_')}{list_size}.json"


if __name__ == "__main__":
    run_script(main, "lm_decode.py")
