#!/usr/bin/env python3
"""What a stream's latency costs: WER, entity F1 and time of streams over a data set, beside those of whole recordings.

    python recipes/benchmarks/streaming/measure_latency.py DATA [--model DIR] [--count 40] [--half 2] [--latency 0.5 1 2 4]
        [--bias decoder] [--precision fp32] [--names 1000 --distractors FILE...]

DATA holds manifest.tsv and entities.txt. The utterances are the first of a half (``half_of``), or of all. Each is a stream
without endpoints, whose audio comes in pieces of 0.1 s; in the row of emissions these are given, in such pieces. A model that
is trained to stream has one latency, its own. Times are of the processor; the last piece's is the time from the last samples
(or frames) to the transcript.
"""
from __future__ import annotations

import argparse
import time
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple, Union

import numpy as np

import ctcb
from ctcb.acoustic.chunked import as_chunked
from ctcb.acoustic.emit import stretches_of
from ctcb.bundled import BUNDLED_MODEL
from ctcb.ctc.emissions import Emissions
from ctcb.data.audio import SAMPLE_RATE, read_audio
from ctcb.data.halves import half_of
from ctcb.data.manifest import read_manifest
from ctcb.decoding.audio_stream import AudioStream
from ctcb.decoding.list_cache import ListCache
from ctcb.decoding.stream import Stream
from ctcb.models.bf16 import PRECISIONS
from ctcb.transcript.transcript import Transcript

PIECE = 0.1  # seconds
WARM = 2  # utterances ahead of the measurement: they compile, and the list is prepared

Work = Callable[[Any], Tuple[str, float]]  # to the text, and the processor's seconds for the last piece


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default=BUNDLED_MODEL, help="model directory (the bundled one)")
    parser.add_argument("--count", type=int, default=40, help="utterances")
    parser.add_argument("--half", choices=("1", "2", "all"), default="2")
    parser.add_argument("--latency", type=float, nargs="*", help="seconds (0.5 1 2 4, or the model's own); with none only the other rows")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto", help="of the encoder (auto, as in ctcb stream)")
    parser.add_argument("--bias", default="decoder", help="preset")
    parser.add_argument("--names", type=int, default=0, help="names in the list, those of DATA and distractors (those of DATA)")
    parser.add_argument("--distractors", type=Path, nargs="+", default=[], help="lists of names")
    options = parser.parse_args()
    utterances = [one for one in read_manifest(options.data / "manifest.tsv") if options.half in ("all", half_of(one.utt_id))][: options.count]
    refs = {one.utt_id: one.text for one in utterances}
    audio = {one.utt_id: read_audio(one.audio).samples for one in utterances}
    targets = ctcb.EntityList.read(options.data / "entities.txt")
    names = filled(targets, options.distractors, options.names)
    recognizer = ctcb.load(options.model, bias=options.bias, precision=options.precision)
    emissions = {utt_id: emitted(recognizer, samples) for utt_id, samples in audio.items()}
    lists = ListCache(recognizer.pipeline)
    seconds = sum(map(len, audio.values())) / SAMPLE_RATE
    print(f"{len(refs)} utterances, {seconds:.0f} s, {sum(len(text.split()) for text in refs.values())} words, {len(names)} names\n")
    print("| stream | WER | F1 | processor time a second of audio (s) | last piece, median (s) | 90 % (s) | longest (s) |")
    print("|---|---|---|---|---|---|---|")

    def row(name: str, inputs: Dict[str, Any], work: Work) -> None:
        for given in islice(inputs.values(), WARM):
            work(given)
        began = time.process_time()
        found = {utt_id: work(given) for utt_id, given in inputs.items()}
        took = time.process_time() - began
        result = ctcb.score(refs, {utt_id: text for utt_id, (text, _) in found.items()}, targets, draws=0)
        lasts = [last for _, last in found.values()]
        ends = " | ".join(f"{value:.3f}" for value in (np.median(lasts), np.quantile(lasts, 0.9), max(lasts)) if value == value)
        print(f"| {name} | {100 * result.wer.rate:.1f} | {100 * result.entities.f1:.1f} | {took / seconds:.3f} | {ends or '| |'} |", flush=True)

    row("none, whole recordings", audio, lambda samples: (recognizer.transcribe(samples, names).text, float("nan")))
    for latency in latencies(recognizer, options.latency):
        row(f"audio, latency {latency:.2f} s", audio, lambda samples, latency=latency: streamed(  # type: ignore[misc]
            recognizer.stream(names, latency=latency, endpoints=None), pieces(samples, 1 / SAMPLE_RATE)
        ))  # fmt: skip
    row("emissions", emissions, lambda given: streamed(Stream(recognizer.pipeline, lists, names), pieces(given, recognizer.model.frame_shift)))


def filled(targets: ctcb.EntityList, files: Sequence[Path], size: int) -> ctcb.EntityList:
    """The targets, and as many distractors as there is room for."""
    known = {one.text.casefold() for one in targets}
    distractors = (one for file in files for one in ctcb.EntityList.read(file) if one.text.casefold() not in known)
    return targets.changed(add=[one for one, _ in zip(distractors, range(size - len(targets)))])


def latencies(recognizer: ctcb.Recognizer, asked: Union[Sequence[float], None]) -> Sequence[float]:
    """Those that are asked for; without such the model's own, or some of interest."""
    if asked is not None:
        return asked
    return [recognizer.stream().latency] if as_chunked(recognizer.model) is not None else [0.5, 1.0, 2.0, 4.0]


def emitted(recognizer: ctcb.Recognizer, samples: np.ndarray) -> Emissions:
    """The emissions of a whole recording."""
    return Emissions.concatenate(part.emissions for part in stretches_of(recognizer.model, samples))


def pieces(whole: Any, shift: float) -> Iterable[Any]:
    """Samples or emissions that are ``shift`` seconds apart, in pieces."""
    size = round(PIECE / shift)
    for first in range(0, len(whole), size):
        last = min(first + size, len(whole))
        yield whole.cut(first, last) if isinstance(whole, Emissions) else whole[first:last]


def streamed(stream: Union[AudioStream, Stream], parts: Iterable[Any]) -> Tuple[str, float]:
    """The text of a stream, and the processor's seconds from its last piece to its end."""
    began = time.process_time()
    for part in parts:
        stream.partial()
        began = time.process_time()
        if isinstance(part, Emissions):
            stream.accept(part.tokens, part.phones, part.unbiased)
        else:
            stream.accept(part)
    found: Union[Transcript, List[Transcript]] = stream.finish()
    took = time.process_time() - began
    return (found if isinstance(found, Transcript) else found[0]).text, took


if __name__ == "__main__":
    main()
