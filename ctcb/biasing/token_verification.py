"""The names of a reading, judged by the tokens' own emissions (:mod:`ctcb.biasing.token_evidence`)."""
from __future__ import annotations

from dataclasses import replace
from typing import List, Optional, Sequence, Tuple

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.technique import SearchedEmissions
from ctcb.biasing.token_evidence import TokenScore, score_name, token_pool, utterance_uncertainty
from ctcb.ctc.log_probs import as_log_probs
from ctcb.text.spelling import TokenIds
from ctcb.transcript.hypothesis import FoundEntity, Reading


def with_token_pool(context: Context) -> Context:
    """A list with the tokens of its names, from which random sequences are drawn."""
    vocabulary = [token for token, is_text in enumerate(context.setting.spelling.table.is_text) if is_text]
    return replace(context, token_pool=token_pool((own[0] for own in context.phrases if own), vocabulary))


def token_scores(reading: Reading, emissions: SearchedEmissions, context: Context) -> List[Optional[TokenScore]]:
    """How well each of a reading's entities fits the tokens' unbiased emissions; None for one that cannot be spelled or aligned."""
    vocabulary, shift = context.setting.vocabulary, context.setting.frame_shift
    log_probs = as_log_probs(emissions.tokens if emissions.unbiased is None else emissions.unbiased, vocabulary.size)
    if not len(log_probs):
        return [None for _ in reading.entities]
    uncertainty = utterance_uncertainty(log_probs, vocabulary)
    scores: List[Optional[TokenScore]] = []
    for found in reading.entities:
        start, end = _stretch(reading, found)
        first = min(round(start / shift), len(log_probs) - 1)
        behind = len(log_probs) if end is None else max(round(end / shift), first + 1)
        sequences, frames = _sequences(found, context), log_probs[first:behind]
        scores.append(score_name(frames, sequences, context.token_pool, vocabulary, uncertainty) if sequences else None)
    return scores


def _stretch(reading: Reading, found: FoundEntity) -> Tuple[float, Optional[float]]:
    """Seconds: half-way from the word before an entity to half-way to the word behind it, or None for the utterance's end."""
    words, (first, end) = reading.words, found.words
    start = 0.0 if first == 0 else (words[first - 1].end + found.start) / 2
    return start, None if end == len(words) else (found.end + words[end].start) / 2


def _sequences(found: FoundEntity, context: Context) -> Sequence[TokenIds]:
    """The token sequences of an entity as it was recognised: with a possessive behind it, or as a variant."""
    forms = context.forms[found.place] if found.replaced is None else (found.replaced, *context.forms[found.place])
    if found.replaced is None and not (found.prefix or found.suffix):
        return context.phrases[found.place]
    texts = [f"{found.prefix}{form}{found.suffix}" for form in forms]
    spelled = [sequence for own in context.setting.spelling.spell(texts) for sequence in own]
    return spelled or context.phrases[found.place]
