#!/usr/bin/env python3
"""Streams of ctcb and of decoders whose state survives a chunk, on the same emissions, without a list and an LM.

    python -m pip install --no-deps --target exp/peers/site flashlight-text==0.0.7 pyctcdecode==0.5.0 pygtrie==2.5.0
    ctcb emit --out emissions.npz DATA/manifest.tsv
    PYTHONPATH=exp/peers/site python recipes/benchmarks/streaming/compare_peers.py DATA emissions.npz [--chunk 0.4] [--count 40]

After each chunk the best text so far is taken. Words that are taken back: those of a text in whose place the next text has another
one; its last word may grow, though. Of ctcb, which tells the words that are settled, these are counted apart, and in another row
the preset `decoder` with the list of DATA and the model's LM is measured, whose techniques act at an utterance's end.
The utterances are the first of half 2 (``half_of``); times are of the processor.

pyctcdecode has no state but that of its LM: each chunk is decoded by itself, as its documentation has it, and in another row
all chunks so far anew. flashlight's is its decode_step.
"""
from __future__ import annotations

import argparse
import logging
import time
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Protocol, Sequence, Tuple

import numpy as np
from flashlight.lib.text.decoder import CriterionType, LexiconFreeDecoder, LexiconFreeDecoderOptions, ZeroLM
from pyctcdecode import build_ctcdecoder

import ctcb
from ctcb.acoustic.directory import read_model_yaml
from ctcb.bundled import BUNDLED_MODEL
from ctcb.ctc.npz import read_npz
from ctcb.data.halves import half_of
from ctcb.data.manifest import read_manifest
from ctcb.text.tokenizer import Tokenizer

TOP_K, THRESHOLD = 20, 50.0  # of flashlight: tokens of a frame, and how far below the best a hypothesis may fall


class Chunked(Protocol):
    """A decoder on one utterance."""

    def accept(self, log_probs: np.ndarray) -> Tuple[Sequence[str], int]:
        """The words so far with the next chunk ``[T, V]``, and how many of them are settled."""

    def finish(self) -> Sequence[str]:
        """The words of all chunks."""


class Ctcb:
    """The beam search of ctcb."""

    def __init__(self, decoder: ctcb.CtcDecoder, entities: Iterable[ctcb.Entity] = ()) -> None:
        self._stream = decoder.stream(entities)

    def accept(self, log_probs: np.ndarray) -> Tuple[Sequence[str], int]:
        self._stream.accept(log_probs)
        partial = self._stream.partial()
        return partial.text.split(), partial.settled

    def finish(self) -> Sequence[str]:
        return self._stream.finish().text.split()


class Flashlight:
    """flashlight-text's lexicon-free search."""

    def __init__(self, decoder: Any, pieces: Sequence[str]) -> None:
        self._decoder, self._pieces = decoder, pieces
        decoder.decode_begin()

    def accept(self, log_probs: np.ndarray) -> Tuple[Sequence[str], int]:
        self._decoder.decode_step(log_probs.ctypes.data, *log_probs.shape)
        return self._words(self._decoder.get_best_hypothesis().tokens), 0

    def finish(self) -> Sequence[str]:
        self._decoder.decode_end()
        return self._words(self._decoder.get_all_final_hypothesis()[0].tokens)

    def _words(self, tokens: Sequence[int]) -> Sequence[str]:
        return "".join(self._pieces[token] for token, _ in groupby(tokens) if token > 0).replace("▁", " ").split()


class EachChunk:
    """pyctcdecode, each chunk by itself."""

    def __init__(self, decode: Callable[[np.ndarray], str]) -> None:
        self._decode = decode
        self._found: List[str] = []

    def accept(self, log_probs: np.ndarray) -> Tuple[Sequence[str], int]:
        self._found += self._decode(log_probs).split()
        return self._found, 0

    def finish(self) -> Sequence[str]:
        return self._found


class Anew:
    """pyctcdecode, all chunks so far anew."""

    def __init__(self, decode: Callable[[np.ndarray], str], size: int) -> None:
        self._decode, self._known = decode, np.zeros((0, size), np.float32)
        self._words: Sequence[str] = []

    def accept(self, log_probs: np.ndarray) -> Tuple[Sequence[str], int]:
        self._known = np.concatenate([self._known, log_probs])
        self._words = self._decode(self._known).split()
        return self._words, 0

    def finish(self) -> Sequence[str]:
        return self._words


@dataclass
class Seen:
    """What became of a decoder's utterances."""

    hyps: Dict[str, str] = field(default_factory=dict)
    times: List[float] = field(default_factory=list)  # of a chunk
    words: int = 0
    withdrawn: int = 0
    settled_withdrawn: int = 0

    def add(self, utt_id: str, decoder: Chunked, log_probs: np.ndarray, size: int) -> None:
        """Decode an utterance in chunks of ``size`` frames."""
        before: Tuple[Sequence[str], int] = ([], 0)
        for first in range(0, len(log_probs), size):
            began = time.process_time()
            now = decoder.accept(np.ascontiguousarray(log_probs[first : first + size]))
            self.times.append(time.process_time() - began)
            self._compare(*before, now[0])
            before = (list(now[0]), now[1])
        words = decoder.finish()
        self._compare(*before, words)
        self.words += len(words)
        self.hyps[utt_id] = " ".join(words)

    def _compare(self, before: Sequence[str], settled: int, after: Sequence[str]) -> None:
        grown = [word == then or (place == len(before) - 1 and then.startswith(word)) for place, (word, then) in enumerate(zip(before, after))]
        changed = [not one for one in grown] + [True] * (len(before) - len(after))
        self.withdrawn += sum(changed)
        self.settled_withdrawn += sum(changed[:settled])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("emissions", type=Path)
    parser.add_argument("--model", type=Path, default=BUNDLED_MODEL, help="model directory that made them (the bundled one)")
    parser.add_argument("--count", type=int, default=40, help="utterances")
    parser.add_argument("--chunk", type=float, default=0.4, help="seconds")
    parser.add_argument("--beam", type=int, default=16)
    options = parser.parse_args()
    refs = {one.utt_id: one.text for one in read_manifest(options.data / "manifest.tsv") if half_of(one.utt_id) == "2"}
    given = {one.utt_id: one.emissions.tokens for one in read_npz(options.emissions)[1] if one.utt_id in refs}
    given = dict(islice(sorted(given.items()), options.count))
    refs = {utt_id: refs[utt_id] for utt_id in given}
    pieces = Tokenizer.load(options.model).pieces
    logging.getLogger("pyctcdecode").setLevel(logging.ERROR)  # it advises a language model
    theirs = build_ctcdecoder(["", *pieces[1:]])
    ours = ctcb.CtcDecoder(model=options.model, bias="none", lm="none", options=ctcb.BeamOptions(beam=options.beam))
    biased, names = ctcb.CtcDecoder(model=options.model), ctcb.EntityList.read(options.data / "entities.txt")
    flashlight = LexiconFreeDecoderOptions(
        beam_size=options.beam, beam_size_token=TOP_K, beam_threshold=THRESHOLD, lm_weight=0.0, sil_score=0.0, log_add=False,
        criterion_type=CriterionType.CTC,
    )

    def decode(log_probs: np.ndarray) -> str:
        return theirs.decode(log_probs, beam_width=options.beam)

    rows: Dict[str, Callable[[], Chunked]] = {
        "ctcb": lambda: Ctcb(ours),
        f"ctcb, {len(names)} names and LM": lambda: Ctcb(biased, names),
        "flashlight-text, decode_step": lambda: Flashlight(LexiconFreeDecoder(flashlight, ZeroLM(), 0, 0, []), pieces),
        "pyctcdecode, each chunk": lambda: EachChunk(decode),
        "pyctcdecode, all so far": lambda: Anew(decode, len(pieces)),
    }
    config, features = read_model_yaml(options.model)
    shift = features.frame_shift * config.subsampling
    size = round(options.chunk / shift)
    print(f"{len(given)} utterances, {sum(map(len, given.values())) * shift:.0f} s, chunks of {size} frames\n")
    print("| decoder | WER | a chunk, median (ms) | 99 % (ms) | words taken back / 100 words | settled words taken back |")
    print("|---|---|---|---|---|---|")
    for name, begin in rows.items():
        Seen().add("", begin(), next(iter(given.values())), size)  # compiles
        seen = Seen()
        for utt_id, log_probs in given.items():
            seen.add(utt_id, begin(), log_probs, size)
        middle, most = 1000 * np.quantile(seen.times, [0.5, 0.99])
        wer = 100 * ctcb.score(refs, seen.hyps, [], draws=0).wer.rate
        settled = f"{seen.settled_withdrawn}" if name.startswith("ctcb") else ""
        print(f"| {name} | {wer:.1f} | {middle:.2f} | {most:.2f} | {100 * seen.withdrawn / seen.words:.1f} | {settled} |", flush=True)


if __name__ == "__main__":
    main()
