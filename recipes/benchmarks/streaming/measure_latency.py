#!/usr/bin/env python3
"""What a stream's latency costs: WER, entity F1 and time of streams over a data set, beside those of whole recordings.

    python recipes/benchmarks/streaming/measure_latency.py DATA [--count 40] [--latency 0.5 1 2 4] [--bias decoder]

DATA holds manifest.tsv and entities.txt. The utterances are the first of half 2 (``half_of``). Each is a stream without
endpoints, whose audio comes in pieces of 0.1 s. Times are of the processor.
"""
from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np

import ctcb
from ctcb.data.audio import SAMPLE_RATE, read_audio
from ctcb.data.halves import half_of
from ctcb.data.manifest import read_manifest

PIECE = SAMPLE_RATE // 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=40, help="utterances")
    parser.add_argument("--latency", type=float, nargs="+", default=[0.5, 1.0, 2.0, 4.0], help="seconds")
    parser.add_argument("--bias", default="decoder", help="preset")
    options = parser.parse_args()
    utterances = [one for one in read_manifest(options.data / "manifest.tsv") if half_of(one.utt_id) == "2"][: options.count]
    refs = {one.utt_id: one.text for one in utterances}
    audio = {one.utt_id: read_audio(one.audio).samples for one in utterances}
    entities = ctcb.EntityList.read(options.data / "entities.txt")
    recognizer = ctcb.load(bias=options.bias)
    recognizer.prepare(entities)
    seconds = sum(map(len, audio.values())) / SAMPLE_RATE
    print(f"{len(refs)} utterances, {seconds:.0f} s, {sum(len(text.split()) for text in refs.values())} words, {len(entities)} names")
    print("| latency (s) | WER | F1 | processor time a second of audio (s) | last piece, median (s) | last piece, 90 % (s) |")
    print("|---|---|---|---|---|---|")
    for latency in [*options.latency, None]:
        hyps: Dict[str, str] = {}
        lasts: List[float] = []
        began = time.process_time()
        for utt_id, samples in audio.items():
            hyps[utt_id] = recognised(recognizer, samples, entities, latency, lasts)
        took = time.process_time() - began
        result = ctcb.score(refs, hyps, entities, draws=0)
        ends = "| | |" if latency is None else f"| {np.median(lasts):.2f} | {np.quantile(lasts, 0.9):.2f} |"
        name = "whole recordings" if latency is None else f"{latency:g}"
        print(f"| {name} | {100 * result.wer.rate:.1f} | {100 * result.entities.f1:.1f} | {took / seconds:.2f} {ends}", flush=True)


def recognised(
    recognizer: ctcb.Recognizer, samples: np.ndarray, entities: ctcb.EntityList, latency: Optional[float], lasts: List[float]
) -> str:
    """The text of a recording; the processor's seconds from its last sample to its last word go into ``lasts``."""
    if latency is None:
        return recognizer.transcribe(samples, entities).text
    stream = recognizer.stream(entities, latency=latency, endpoints=None)
    for first in range(0, len(samples), PIECE):
        stream.accept(samples[first : first + PIECE])
        stream.partial()
    began = time.process_time()
    [found] = stream.finish()
    lasts.append(time.process_time() - began)
    return found.text


if __name__ == "__main__":
    main()
