"""Speed of the beam search against the length of the list, on the same emissions.

    python recipes/benchmarks/decoders/scale.py --model DIR --set KIND FOLDER EMISSIONS DISTRACTORS [DISTRACTORS...]

``--set`` as for compare.py. Times are CPU times of the search alone, the best of ``--rounds``, for
all sets together; graphs are built before. ``--pieces`` widens the emissions to so many tokens: in each frame, a new
token is as likely as one drawn from those that are not among the frame's best 20. So the search has as many tokens to
examine as with a model of that vocabulary size.
"""
from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Dict, List

import bias_list
import numpy as np
from bias_list import BiasList
from compare import read_set
from measure import Item, frames, seconds

from ctcb.acoustic.directory import read_model_yaml
from ctcb.search.beam.decoder import BeamDecoder
from ctcb.search.options import BeamOptions
from ctcb.search.vocabulary import Vocabulary
from ctcb.text.tokenizer import BLANK_ID, Tokenizer

LIKELY = 20  # tokens of a frame that none of the new ones is as likely as


def widen(item: Item, pieces: int, rng: np.random.Generator) -> Item:
    """An utterance whose emissions have ``pieces`` tokens."""
    frames_, known = item.log_probs.shape
    unlikely = np.sort(item.log_probs, axis=1)[:, : known - LIKELY]
    drawn = rng.integers(0, unlikely.shape[1], (frames_, pieces - known))
    wide = np.hstack([item.log_probs, np.take_along_axis(unlikely, drawn, axis=1)])
    wide -= np.log(np.exp(wide).sum(axis=1, keepdims=True))
    return replace(item, log_probs=np.ascontiguousarray(wide, np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--set", dest="sets", action="append", nargs="+", required=True, metavar="WORD")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000])
    parser.add_argument("--beam", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pieces", type=int, default=0, help="widen the emissions to so many tokens")
    options = parser.parse_args()

    tokenizer = Tokenizer.load(options.model)
    model, features = read_model_yaml(options.model)
    more = [f"unused{i}" for i in range(max(0, options.pieces - len(tokenizer)))]
    vocabulary = Vocabulary.from_tokens([*tokenizer.pieces, *more], BLANK_ID)
    decoder = BeamDecoder(vocabulary, BeamOptions(beam=options.beam))
    sets = [read_set(w[0], Path(w[1]), Path(w[2]), list(map(Path, w[3:])), len(tokenizer)) for w in options.sets]
    searches: Dict[int, Dict[str, object]] = {}
    for size in options.sizes:
        searches[size] = {}
        for s in sets:
            texts = bias_list.fill(s.targets, chain(s.distractors, bias_list.made_up(s.distractors, 2 * size)), size)
            graph = BiasList.of(texts, tokenizer, vocabulary).graph
            searches[size][s.name] = lambda log_probs, graph=graph: decoder.decode(log_probs, graph)
    items, rng = [item for s in sets for item in s.items], np.random.default_rng(0)
    if more:
        items = [widen(item, vocabulary.size, rng) for item in items]
    times: Dict[int, List[float]] = {size: [] for size in options.sizes}
    for _ in range(options.rounds):  # in turns, so that what else the machine does falls on all sizes
        for size in options.sizes:
            times[size].append(seconds(searches[size], items))
    audio = frames(items) * features.frame_shift * model.subsampling
    print("| entities | times real time | time, first = 1 |\n|---|---|---|")
    for size in options.sizes:
        print(f"| {size:,} | {audio / min(times[size]):,.0f} | {min(times[size]) / min(times[options.sizes[0]]):.2f} |")


if __name__ == "__main__":
    main()
