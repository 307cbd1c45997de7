"""Where in an utterance a name fits best, by the emissions of the tokens and, where there are any, of the phones."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional, Sequence, Tuple

import numpy as np

from ctcb.biasing.prepared_list import Setting
from ctcb.ctc import viterbi
from ctcb.ctc.emissions import Emissions
from ctcb.ctc.fitting import FLOOR, best_fit
from ctcb.entities import Entity
from ctcb.entities.pronunciations import pronunciations
from ctcb.phones.distance import costs, edit_costs
from ctcb.phones.phonetics import BLANK, greedy_phones
from ctcb.text.spelling import TokenIds
from ctcb.transcript.explained import PhoneFit, TokenFit

# What a name may lose at a place where it may have been spoken: nats a phone, or a letter of a model without phones; and nats a letter
# where its phones lose more. Measured in results/notes/g2p.md.
NEAR, NEAR_BY_TOKENS = 2.5, 2.0
MARGIN = 8  # frames on either side of a name's phones within which its tokens may stand, and the reverse

Frames = Tuple[int, int]  # first:end


@dataclass(frozen=True)
class NamePlace:
    """A name at the frames where it fits best."""

    frames: Frames
    tokens: Optional[TokenFit]  # None where the tokens cannot write it, or do not fit into the frames
    phones: Optional[PhoneFit]  # None without phones
    per_letter: float  # nats that the tokens lose a letter; infinite without tokens

    @property
    def is_near(self) -> bool:
        """Whether the name may have been spoken here."""
        return self.lost <= NEAR or self.per_letter <= NEAR_BY_TOKENS

    @property
    def lost(self) -> float:
        """What it loses, nats a phone, or a letter without phones; orders the places of one name."""
        return self.per_letter if self.phones is None else self.phones.lost


def find_place(
    emissions: Emissions, entity: Entity, phrases: Sequence[TokenIds], setting: Setting, taken: Sequence[Frames] = ()
) -> Optional[NamePlace]:
    """The frames outside of those ``taken`` where a name fits best; None where it fits into none.

    By its phones, but where by these it is near nowhere, and by its tokens it is.

    Parameters
    ----------
    emissions : float32 natural-log probabilities; those of phones may be missing.
    phrases : the token sequences of the name.
    """
    finder = _Finder(emissions, entity, phrases, setting)
    places = [finder.between(first, end) for first, end in _gaps(taken, len(emissions))]
    return min((place for place in places if place is not None), key=lambda place: (not place.is_near, place.lost), default=None)


def _gaps(taken: Sequence[Frames], count: int) -> Iterator[Frames]:
    """The frames between those that are taken, of so many."""
    at = 0
    for first, end in sorted(taken):
        if first > at:
            yield at, first
        at = max(at, end)
    if at < count:
        yield at, count


class _Finder:
    def __init__(self, emissions: Emissions, entity: Entity, phrases: Sequence[TokenIds], setting: Setting) -> None:
        self._emissions, self._phrases, self._setting = emissions, phrases, setting
        self._sounds: Sequence[np.ndarray] = ()
        phonetics = setting.phonetics
        if phonetics is not None and emissions.phones is not None:
            ways = pronunciations(entity, phonetics.lexicon, setting.options.phonetic.pronunciations)
            self._sounds = phonetics.spell(ways)

    def between(self, first: int, end: int) -> Optional[NamePlace]:
        """The best place between two frames."""
        phones, tokens = self._phone_fit(first, end), self._token_fit(first, end)
        if phones is None:
            return None if tokens is None else NamePlace(tokens[0], tokens[1], None, tokens[2])
        if phones[1].lost > NEAR and tokens is not None and tokens[2] <= NEAR_BY_TOKENS:
            frames = tokens[0]
            near = (self._phone_fit(*_widened(frames, first, end, margin)) for margin in (MARGIN, MARGIN // 2, MARGIN // 4, 1))
            # Phones that fit nowhere fit equally badly beside the tokens.
            phones = next((fit for fit in near if fit is not None and fit[0][0] < frames[1] and frames[0] < fit[0][1]), None)
        else:
            frames = phones[0]
            tokens = self._token_fit(*_widened(frames, first, end, MARGIN))
        return NamePlace(frames, tokens and tokens[1], phones and phones[1], tokens[2] if tokens else np.inf)

    def _phone_fit(self, first: int, end: int) -> Optional[Tuple[Frames, PhoneFit]]:
        log_probs, phonetics = self._emissions.phones, self._setting.phonetics
        if phonetics is None or not len(self._sounds):
            return None
        rows = log_probs[first:end]
        lost = np.maximum(rows - rows.max(axis=1, keepdims=True), np.float32(FLOOR))
        scores, spans = viterbi.best_spans(lost, *viterbi.chains(self._sounds, BLANK), BLANK)
        likeliest = int(scores.argmax())
        if scores[likeliest] <= viterbi.IMPOSSIBLE:
            return None
        frames = first + int(spans[likeliest, 0]), first + int(spans[likeliest, 1])
        spoken, recognised = self._sounds[likeliest], greedy_phones(log_probs[slice(*frames)])[0]
        edits = float(edit_costs([recognised], [spoken], costs(phonetics.symbols))[0])
        names = (" ".join(phonetics.symbols[phone] for phone in ids) for ids in (spoken, recognised))
        return frames, PhoneFit(*names, max(0.0, -float(scores[likeliest])) / len(spoken), edits)

    def _token_fit(self, first: int, end: int) -> Optional[Tuple[Frames, TokenFit, float]]:
        vocabulary, symbols = self._setting.vocabulary, self._setting.spelling.table.symbols
        log_probs = self._emissions.tokens[first:end]
        opens = vocabulary.is_separator.astype(bool) if vocabulary.is_separator.any() else None
        found = best_fit(log_probs, self._phrases, vocabulary.blank, opens, vocabulary.ends_name.astype(bool))
        if found is None:
            return None
        ids = self._phrases[found.sequence]
        gaps = tuple(float(log_probs[frame].max() - log_probs[frame, token]) for frame, token in zip(found.frames, ids))
        letters = max(1.0, float(vocabulary.letters[list(ids)].sum()))
        fit = TokenFit(tuple(symbols[token] for token in ids), found.lost, gaps)
        return (first + found.first, first + found.end), fit, found.lost / letters


def _widened(frames: Frames, first: int, end: int, margin: int) -> Frames:
    return max(first, frames[0] - margin), min(end, frames[1] + margin)
