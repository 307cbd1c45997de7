"""Audio in, emissions out: reading ahead on threads, batches of like durations."""
from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Deque, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from ctcb.data.audio import SAMPLE_RATE, read_audio
from ctcb.data.features import FeatureExtractor
from ctcb.data.inputs import Utterance
from ctcb.decoding.encoder_bias import EncoderBias
from ctcb.errors import InputError
from ctcb.models.ctc import Emissions
from ctcb.models.directory import LoadedModel

POOL = 64  # utterances that are sorted by duration among themselves before they are batched


@dataclass(frozen=True)
class Emitted:
    """One utterance's emissions, or why there are none."""

    utterance: Utterance
    seconds: float  # of audio
    subword: np.ndarray  # [T, V] float32 natural-log probabilities; [0, V] where nothing could be read
    inter: Tuple[np.ndarray, ...]  # [T, V_i] float32, the inner heads
    conversions: Tuple[str, ...] = ()  # what was done to the audio
    error: Optional[InputError] = None


@dataclass(frozen=True)
class _Heard:
    utterance: Utterance
    seconds: float
    features: torch.Tensor  # [T, F]
    conversions: Tuple[str, ...]
    error: Optional[InputError] = None


def emit(
    model: LoadedModel, utterances: Sequence[Utterance], batch_seconds: float = 120.0, jobs: int = 2,
    bias: Optional[EncoderBias] = None,
) -> Iterator[Emitted]:
    """Emissions of every utterance, in the order given; ``bias`` leans the encoder toward a list.

    ``jobs`` threads read audio and compute features ahead of the network; the results do not
    depend on their number. An utterance that cannot be read comes out with its error.
    """
    for pool in _pools(_read_ahead(model, utterances, max(1, jobs))):
        order = sorted(range(len(pool)), key=lambda i: len(pool[i].features))
        done: List[Optional[Emitted]] = [None] * len(pool)
        for batch in _batches(order, [len(item.features) for item in pool], batch_seconds / model.features.frame_shift):
            for index, emitted in zip(batch, _run(model, [pool[i] for i in batch], bias)):
                done[index] = emitted
        yield from (item for item in done if item is not None)


def phones_of(model: LoadedModel, inter: Sequence[np.ndarray]) -> Optional[np.ndarray]:
    """The phone head's among the inner heads' emissions; None where the model has none, or nothing was read."""
    head = model.network.config.phone_head
    return inter[head] if head is not None and len(inter) else None


def emissions_of(
    model: LoadedModel, samples: np.ndarray, bias: Optional[EncoderBias] = None
) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """``[N]`` float32 samples at 16 kHz to log-probabilities of the subword head, ``[T, V]`` float32, and
    of the phone head, ``[T, P]``, where there is one. ``bias`` leans the encoder toward a list."""
    features = FeatureExtractor(model.features)(samples)
    emissions = _forward(model, features[None], torch.tensor([len(features)]), [""], bias)
    frames = int(emissions.lengths[0])
    return emissions.subword[0, :frames].numpy(), phones_of(model, [log_probs[0, :frames].numpy() for log_probs in emissions.inter])


def _read_ahead(model: LoadedModel, utterances: Sequence[Utterance], jobs: int) -> Iterator[_Heard]:
    extractor = FeatureExtractor(model.features)
    waiting: Deque["Future[_Heard]"] = deque()
    with ThreadPoolExecutor(jobs) as threads:
        for utterance in utterances:
            waiting.append(threads.submit(_hear, extractor, utterance))
            if len(waiting) >= 2 * POOL:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _hear(extractor: FeatureExtractor, utterance: Utterance) -> _Heard:
    try:
        audio = read_audio(utterance.audio)
        first = round(utterance.start * SAMPLE_RATE)
        last = len(audio.samples) if utterance.duration is None else first + round(utterance.duration * SAMPLE_RATE)
        samples = audio.samples[first:last]
        if not len(samples):
            raise InputError(
                f"{utterance.utt_id!r} starts at {utterance.start:.2f} s, the audio ends at {audio.duration:.2f} s",
                file=utterance.audio, mend="correct the cut",
            )
        return _Heard(utterance, len(samples) / SAMPLE_RATE, extractor(samples), audio.conversions)
    except InputError as error:
        return _Heard(utterance, 0.0, torch.zeros(0, extractor.config.num_mel_bins), (), error)


def _pools(items: Iterable[_Heard]) -> Iterator[List[_Heard]]:
    pool: List[_Heard] = []
    for item in items:
        pool.append(item)
        if len(pool) == POOL:
            yield pool
            pool = []
    if pool:
        yield pool


def _batches(order: Sequence[int], lengths: Sequence[int], most: float) -> Iterator[List[int]]:
    """Runs of ``order`` (rising lengths) whose padded size stays within ``most`` frames."""
    batch: List[int] = []
    for index in order:
        if batch and (len(batch) + 1) * lengths[index] > most:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _forward(
    model: LoadedModel, features: torch.Tensor, lengths: torch.Tensor, utt_ids: Sequence[str], bias: Optional[EncoderBias]
) -> Emissions:
    with torch.no_grad():
        if bias is not None:
            return bias.emissions(features, lengths, utt_ids)
        return model.network(features, lengths)[0]


def _run(model: LoadedModel, heard: Sequence[_Heard], bias: Optional[EncoderBias]) -> Iterator[Emitted]:
    lengths = torch.tensor([len(item.features) for item in heard])
    config = model.network.config
    nothing = np.zeros((0, config.num_subwords), np.float32)
    if int(lengths.max()) == 0:
        yield from (Emitted(item.utterance, 0.0, nothing, (), item.conversions, item.error) for item in heard)
        return
    features = pad_sequence([item.features for item in heard], batch_first=True)
    emissions = _forward(model, features, lengths, [item.utterance.utt_id for item in heard], bias)
    for i, (item, length) in enumerate(zip(heard, emissions.lengths.tolist())):
        inter = tuple(log_probs[i, :length].numpy().copy() for log_probs in emissions.inter)
        subword = emissions.subword[i, :length].numpy().copy()
        yield Emitted(item.utterance, item.seconds, subword, inter, item.conversions, item.error)
