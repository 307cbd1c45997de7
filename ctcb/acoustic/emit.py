"""Audio in, emissions out: reading ahead on threads, batches of like durations, windows or chunks for what is long."""
from __future__ import annotations

import math
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, groupby, islice
from typing import Callable, Deque, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.acoustic.chunked import as_chunked, stretches_of_chunks
from ctcb.acoustic.long_form import HOP, OVERLAP, Grid, Stretch, stretches_of_spans, stretches_of_windows
from ctcb.acoustic.model import AcousticModel, Rows, blank_of
from ctcb.ctc.emissions import Emissions, Emitted
from ctcb.data import ffmpeg
from ctcb.data.audio import SAMPLE_RATE, read_audio, seconds_of
from ctcb.data.packing import packed
from ctcb.data.recording import recorded
from ctcb.data.source import AudioBytes
from ctcb.data.utterance import Utterance
from ctcb.data.vad import VoiceActivity
from ctcb.errors import CtcbError, unexpected

POOL = 64  # utterances that are sorted by duration among themselves before they are batched


@dataclass(frozen=True)
class _Prepared:
    """An utterance that was read, or why it could not be."""

    utterance: Utterance
    seconds: float
    rows: Rows
    conversions: Tuple[str, ...]
    error: Optional[CtcbError] = None


def emit(
    model: AcousticModel, utterances: Iterable[Utterance], batch_seconds: float = 120.0, jobs: int = 2,
    vad: Optional[VoiceActivity] = None,
) -> Iterator[Emitted]:
    """Emissions of every utterance, in the order given; of one longer than the model's ``max_seconds`` in stretches.

    ``jobs`` threads read audio and prepare it ahead of the model; the results do not depend on their
    number. An utterance that cannot be read comes out with its error. Those that are ``known`` as a whole
    do not come out; the others do as they would with all, to the last bit, for they are batched as then.
    With ``vad``, stretches of long ones are where there is speech; what lies between them is left out.
    """
    for long, some in groupby(utterances, lambda utterance: _is_long(utterance, model.max_seconds)):
        if long:
            for utterance in some:
                if not _is_known(utterance):
                    yield from _emit_long(model, utterance, batch_seconds, vad)
        else:
            yield from _emit_short(model, _pools_to_emit(list(some)), batch_seconds, jobs)


def in_one(emitted: Iterable[Emitted]) -> Iterator[Emitted]:
    """The stretches of each long utterance put together again."""
    parts: List[Emitted] = []
    for part in emitted:
        parts.append(part)
        if not part.last:
            continue
        if len(parts) > 1:
            error = next((part.error for part in parts if part.error is not None), None)
            emissions = None if error is not None else Emissions.concatenate(part.emissions for part in parts)
            seconds = sum(part.seconds for part in parts)
            part = replace(part, seconds=seconds, emissions=emissions, error=error, start=0.0)
        yield part
        parts = []


def stretches_of(model: AcousticModel, samples: np.ndarray, utt_id: str = "", vad: Optional[VoiceActivity] = None) -> List[Stretch]:
    """The emissions of ``[N]`` float32 samples at 16 kHz; in several stretches where they are long.

    With ``vad``, stretches of long ones are where there is speech.
    """
    if len(samples) <= model.max_seconds * SAMPLE_RATE:
        return [Stretch(0, model.forward([model.prepare(samples)], [utt_id])[0], True)]
    grid = Grid(len(samples), model.frame_shift * SAMPLE_RATE)

    def read(first: int, last: int) -> np.ndarray:
        return samples[first:last]

    return list(_stretches(model, utt_id, read, grid, 0, 1, vad))


def _is_long(utterance: Utterance, max_seconds: float) -> bool:
    seconds = utterance.duration
    if seconds is None:
        seconds = seconds_of(utterance.audio)
        if seconds is None:  # what ffmpeg reads may be of any length
            return ffmpeg.installed() and _has_bytes(utterance)
        seconds -= utterance.start
    return seconds > max_seconds


def _has_bytes(utterance: Utterance) -> bool:
    audio = utterance.audio
    return len(audio.data) > 0 if isinstance(audio, AudioBytes) else audio.is_file() and audio.stat().st_size > 0


def _emit_long(
    model: AcousticModel, utterance: Utterance, batch_seconds: float, vad: Optional[VoiceActivity]
) -> Iterator[Emitted]:
    try:
        with recorded(utterance.audio, utterance.start, utterance.duration, utterance.channels, utterance.transforms) as recording:
            done, batch = recording.conversions, max(1, int(batch_seconds / (HOP + OVERLAP)))
            grid, known = Grid(recording.samples, model.frame_shift * SAMPLE_RATE), round(utterance.known / model.frame_shift)
            for stretch in _stretches(model, utterance.utt_id, recording.read, grid, known, batch, vad):
                start, seconds = stretch.first * model.frame_shift, len(stretch.emissions) * model.frame_shift
                yield Emitted(utterance.utt_id, stretch.emissions, utterance.audio, None, start, stretch.last, seconds, done)
                done = ()
    except Exception as error:
        yield _failed(utterance, error)


def _stretches(
    model: AcousticModel, utt_id: str, read: Callable[[int, int], np.ndarray], grid: Grid, known: int, batch: int,
    vad: Optional[VoiceActivity],
) -> Iterator[Stretch]:
    def forward(windows: List[np.ndarray]) -> List[Emissions]:
        return model.forward([model.prepare(samples) for samples in windows], [utt_id] * len(windows))

    if vad is not None:
        return stretches_of_spans(read, forward, vad.spans(read, grid.samples), grid, known, batch)
    chunked = as_chunked(model)
    if chunked is not None:
        return stretches_of_chunks(chunked, utt_id, read, grid.samples, known)
    return stretches_of_windows(read, forward, grid, blank_of(model), known, batch)


def _failed(utterance: Utterance, error: Exception) -> Emitted:
    known = error if isinstance(error, CtcbError) else unexpected(error, utterance.audio)
    return Emitted(utterance.utt_id, None, utterance.audio, known)


def _is_known(utterance: Utterance) -> bool:
    return utterance.known == math.inf


def _pools_to_emit(utterances: Sequence[Utterance]) -> List[Sequence[Utterance]]:
    """The pools that have to be batched for those that are not known.

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


def _emit_short(model: AcousticModel, pools: Sequence[Sequence[Utterance]], batch_seconds: float, jobs: int) -> Iterator[Emitted]:
    prepared = _read_ahead(model, chain.from_iterable(pools), max(1, jobs))
    for utterances in pools:
        pool = list(islice(prepared, len(utterances)))
        order = sorted(range(len(pool)), key=lambda i: len(pool[i].rows))
        done: List[Optional[Emitted]] = [None] * len(pool)
        for batch in packed(order, batch_seconds * model.rows_per_second, [len(item.rows) for item in pool], padded=True):
            for index, emitted in zip(batch, _run(model, [pool[i] for i in batch])):
                done[index] = emitted
        yield from (emitted for item, emitted in zip(pool, done) if emitted is not None and not _is_known(item.utterance))


def _read_ahead(model: AcousticModel, utterances: Iterable[Utterance], jobs: int) -> Iterator[_Prepared]:
    waiting: Deque["Future[_Prepared]"] = deque()
    threads = ThreadPoolExecutor(jobs)
    try:
        for utterance in utterances:
            waiting.append(threads.submit(_prepare, model, utterance))
            if len(waiting) >= 2 * POOL:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _prepare(model: AcousticModel, utterance: Utterance) -> _Prepared:
    try:
        audio = read_audio(utterance.audio, utterance.start, utterance.duration, utterance.channels, utterance.transforms)
        return _Prepared(utterance, audio.duration, model.prepare(audio.samples), audio.conversions)
    except Exception as error:
        return _Prepared(utterance, 0.0, np.zeros((0, 0), np.float32), (), _failed(utterance, error).error)


def _run(model: AcousticModel, items: Sequence[_Prepared]) -> Iterator[Emitted]:
    """The emissions of a batch, in its order; what could not be read comes out with its error."""
    able = [item for item in items if item.error is None]
    try:
        emissions = iter(model.forward([item.rows for item in able], [item.utterance.utt_id for item in able]) if able else ())
    except Exception as error:  # whose fault it is shows where each is run alone
        if len(items) > 1:
            for item in items:
                yield from _run(model, [item])
        else:
            yield Emitted(items[0].utterance.utt_id, None, items[0].utterance.audio, unexpected(error, items[0].utterance.audio))
        return
    for item in items:
        found = next(emissions) if item.error is None else None
        utterance = item.utterance
        yield Emitted(utterance.utt_id, found, utterance.audio, item.error, seconds=item.seconds, conversions=item.conversions)
