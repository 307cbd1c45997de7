"""Audio in, emissions out: reading ahead on threads, batches of like durations, windows for what is long."""
from __future__ import annotations

import math
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, groupby, islice
from typing import Deque, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch

from ctcb.acoustic.long_form import HOP, LONG, OVERLAP, Grid, Stretch, heard, heard_of_spans
from ctcb.acoustic.model import Ear, Heads
from ctcb.data import ffmpeg
from ctcb.data.audio import SAMPLE_RATE, read_audio, seconds_of
from ctcb.data.inputs import Utterance
from ctcb.data.recording import Recording, recorded
from ctcb.data.vad import VoiceActivity
from ctcb.errors import CtcbError, unexpected

POOL = 64  # utterances that are sorted by duration among themselves before they are batched


@dataclass(frozen=True)
class Emitted:
    """One utterance's emissions, or a stretch's of a long one, or why there are none."""

    utterance: Utterance
    seconds: float  # of audio
    heads: Heads  # the searched head first; () where nothing could be read
    conversions: Tuple[str, ...] = ()  # what was done to the audio
    error: Optional[CtcbError] = None
    start: float = 0.0  # seconds from the utterance's start
    last: bool = True  # whether nothing of the utterance follows


@dataclass(frozen=True)
class _Heard:
    utterance: Utterance
    seconds: float
    rows: torch.Tensor  # [T, F] what the model takes in
    conversions: Tuple[str, ...]
    error: Optional[CtcbError] = None


def emit(
    ear: Ear, utterances: Iterable[Utterance], batch_seconds: float = 120.0, jobs: int = 2, vad: Optional[VoiceActivity] = None
) -> Iterator[Emitted]:
    """Emissions of every utterance, in the order given; of one longer than ``LONG`` seconds in stretches.

    ``jobs`` threads read audio and prepare it ahead of the model; the results do not depend on their
    number. An utterance that cannot be read comes out with its error. Those that are ``known`` as a whole
    do not come out; the others do as they would with all, to the last bit, for they are batched as then.
    With ``vad``, stretches of long ones are where there is speech; what lies between them is not heard.
    """
    for long, some in groupby(utterances, _is_long):
        if long:
            for utterance in some:
                if not _is_known(utterance):
                    yield from _emit_long(ear, utterance, batch_seconds, vad)
        else:
            yield from _emit_short(ear, _pools_to_hear(list(some)), batch_seconds, jobs)


def in_one(emitted: Iterable[Emitted]) -> Iterator[Emitted]:
    """The stretches of each long utterance put together again."""
    parts: List[Emitted] = []
    for one in emitted:
        parts.append(one)
        if one.last:
            error = next((part.error for part in parts if part.error is not None), None)
            heads = () if error else tuple(np.concatenate(of_one) for of_one in zip(*(part.heads for part in parts)))
            seconds = sum(part.seconds for part in parts)
            yield one if len(parts) == 1 else replace(one, seconds=seconds, heads=heads, error=error, start=0.0)
            parts = []


def stretches_of(ear: Ear, samples: np.ndarray) -> List[Stretch]:
    """What is heard of ``[N]`` float32 samples at 16 kHz; in several stretches where they are long."""
    if len(samples) <= LONG * SAMPLE_RATE:
        return [Stretch(0, ear.hear([ear.prepare(samples)], [""])[0], True)]
    grid = Grid(len(samples), ear.frame_shift * SAMPLE_RATE)
    return list(heard(lambda a, b: samples[a:b], lambda some: _hear_windows(ear, some, ""), grid, _blank(ear)))


def _blank(ear: Ear) -> int:
    return 0 if ear.spelling is None else ear.spelling.table.blank


def _hear_windows(ear: Ear, windows: Sequence[np.ndarray], utt_id: str) -> List[Heads]:
    return ear.hear([ear.prepare(samples) for samples in windows], [utt_id] * len(windows))


def _is_long(utterance: Utterance) -> bool:
    seconds = utterance.duration
    if seconds is None:
        seconds = seconds_of(utterance.audio)
        if seconds is None:  # what ffmpeg reads may be of any length
            return ffmpeg.installed() and utterance.audio.is_file() and utterance.audio.stat().st_size > 0
        seconds -= utterance.start
    return seconds > LONG


def _emit_long(ear: Ear, utterance: Utterance, batch_seconds: float, vad: Optional[VoiceActivity]) -> Iterator[Emitted]:
    try:
        with recorded(utterance.audio, utterance.start, utterance.duration) as recording:
            done = recording.conversions
            for stretch in _stretches(ear, utterance, recording, max(1, int(batch_seconds / (HOP + OVERLAP))), vad):
                seconds = len(stretch.heads[0]) * ear.frame_shift
                yield Emitted(utterance, seconds, stretch.heads, done, None, stretch.first * ear.frame_shift, stretch.last)
                done = ()
    except CtcbError as error:
        yield Emitted(utterance, 0.0, (), (), error)
    except Exception as error:
        yield Emitted(utterance, 0.0, (), (), unexpected(error, utterance.audio))


def _stretches(
    ear: Ear, utterance: Utterance, recording: Recording, batch: int, vad: Optional[VoiceActivity]
) -> Iterator[Stretch]:
    grid, known = Grid(recording.samples, ear.frame_shift * SAMPLE_RATE), round(utterance.known / ear.frame_shift)

    def hear(some: List[np.ndarray]) -> List[Heads]:
        return _hear_windows(ear, some, utterance.utt_id)

    if vad is None:
        return heard(recording.read, hear, grid, _blank(ear), known, batch)
    return heard_of_spans(recording.read, hear, vad.spans(recording.read, recording.samples), grid, known, batch)


def _is_known(utterance: Utterance) -> bool:
    return utterance.known == math.inf


def _pools_to_hear(utterances: Sequence[Utterance]) -> List[Sequence[Utterance]]:
    """What has to be heard together for those that are not known.

    Where a run was stopped, that is the pool in which it was. What is not known in pools before could not be read then.
    """
    behind = max((place + 1 for place, utterance in enumerate(utterances) if _is_known(utterance)), default=0)
    pools: List[Sequence[Utterance]] = []
    for first in range(0, len(utterances), POOL):
        pool = utterances[first : first + POOL]
        unknown = [utterance for utterance in pool if not _is_known(utterance)]
        if unknown:
            pools.append(unknown if first + POOL <= behind else pool)
    return pools


def _emit_short(ear: Ear, pools: Sequence[Sequence[Utterance]], batch_seconds: float, jobs: int) -> Iterator[Emitted]:
    heard = _read_ahead(ear, chain.from_iterable(pools), max(1, jobs))
    for utterances in pools:
        pool = list(islice(heard, len(utterances)))
        order = sorted(range(len(pool)), key=lambda i: len(pool[i].rows))
        done: List[Optional[Emitted]] = [None] * len(pool)
        for batch in _batches(order, [len(item.rows) for item in pool], batch_seconds * ear.rows_a_second):
            for index, emitted in zip(batch, _run(ear, [pool[i] for i in batch])):
                done[index] = emitted
        yield from (item for item in done if item is not None and not _is_known(item.utterance))


def _read_ahead(ear: Ear, utterances: Iterable[Utterance], jobs: int) -> Iterator[_Heard]:
    waiting: Deque["Future[_Heard]"] = deque()
    threads = ThreadPoolExecutor(jobs)
    try:
        for utterance in utterances:
            waiting.append(threads.submit(_hear, ear, utterance))
            if len(waiting) >= 2 * POOL:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _hear(ear: Ear, utterance: Utterance) -> _Heard:
    try:
        audio = read_audio(utterance.audio, utterance.start, utterance.duration)
        return _Heard(utterance, audio.duration, ear.prepare(audio.samples), audio.conversions)
    except CtcbError as error:
        return _Heard(utterance, 0.0, torch.zeros(0, 0), (), error)
    except Exception as error:
        return _Heard(utterance, 0.0, torch.zeros(0, 0), (), unexpected(error, utterance.audio))


def _batches(order: Sequence[int], lengths: Sequence[int], most: float) -> Iterator[List[int]]:
    """Runs of ``order`` (rising lengths) whose padded size stays within ``most`` rows."""
    batch: List[int] = []
    for index in order:
        if batch and (len(batch) + 1) * lengths[index] > most:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _run(ear: Ear, items: Sequence[_Heard]) -> Iterator[Emitted]:
    """The emissions of a batch, in its order; what could not be read is not heard."""
    able = [item for item in items if item.error is None]
    try:
        heads = iter(ear.hear([item.rows for item in able], [item.utterance.utt_id for item in able]) if able else ())
    except Exception as error:  # whose fault it is shows where each is heard alone
        if len(items) > 1:
            for item in items:
                yield from _run(ear, [item])
        else:
            yield Emitted(items[0].utterance, 0.0, (), (), unexpected(error, items[0].utterance.audio))
        return
    for item in items:
        yield Emitted(item.utterance, item.seconds, next(heads) if item.error is None else (), item.conversions, item.error)
