"""Names as the contextual adapter reads them: pieces, phones, and which phone each piece begins at."""
from __future__ import annotations

from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ctcb.text.lang import Lang

Ids = Tuple[int, ...]


class Entry(NamedTuple):
    """One pronunciation and spelling of a name."""

    tokens: Ids  # pieces, at least one
    phones: Ids  # () where they are not known or not wanted
    phone_at: Ids  # for each piece, the place of its first phone among `phones`


class EntryBatch(NamedTuple):
    """N entries, padded."""

    tokens: Tensor  # [N, L] int64
    lengths: Tensor  # [N] int64, pieces
    phones: Tensor  # [N, P] int64
    phone_lengths: Tensor  # [N] int64, at least 1: an entry without phones has the blank
    phone_at: Tensor  # [N, L] int64

    def to(self, device: torch.device) -> "EntryBatch":
        """The ids on ``device``; the lengths, by which sequences are packed, stay on the CPU."""
        return self._replace(tokens=self.tokens.to(device), phones=self.phones.to(device), phone_at=self.phone_at.to(device))


def collate(entries: Sequence[Entry]) -> EntryBatch:
    """Pad entries, at least one, to a batch."""

    def padded(rows: Iterable[Ids]) -> Tensor:
        return pad_sequence([torch.tensor(row, dtype=torch.int64) for row in rows], batch_first=True)

    phones = [entry.phones or (0,) for entry in entries]
    return EntryBatch(
        padded(entry.tokens for entry in entries), torch.tensor([len(entry.tokens) for entry in entries]),
        padded(phones), torch.tensor([len(row) for row in phones]), padded(entry.phone_at for entry in entries),
    )


class EntrySpeller:
    """Makes entries of words, with a model's own pieces, lexicon and G2P."""

    def __init__(self, lang: Lang, phones: bool) -> None:
        """``phones``: whether entries have phones, too."""
        self.lang, self.has_phones = lang, phones
        self._ids = {phone: number for number, phone in enumerate(lang.phones)}
        self._words: Dict[str, Tuple[Ids, Ids]] = {}

    def prepare(self, forms: Iterable[str]) -> None:
        """Look up all words at once, which is faster than one by one."""
        new = sorted({word for form in forms for word in form.split()} - self._words.keys())
        tokens = self.lang.tokenizer.encode_all(new)
        if self.has_phones:
            self.lang.lexicon.prepare(new)
        for word, ids in zip(new, tokens):
            self._words[word] = tuple(ids), self._phones_of(word)

    def entry(self, form: str, pronunciation: Optional[str] = None) -> Entry:
        """The entry of normalised words, one space apart.

        ``pronunciation``: phones of the model, or of the CMU dictionary, with or without stress, in the place of the lexicon's.
        """
        words = form.split()
        if any(word not in self._words for word in words):
            self.prepare(words)
        spelled = [self._words[word] for word in words]
        own = self._own(pronunciation) if pronunciation is not None and self.has_phones else ()
        if own:  # none of it: the model has no phones, or other ones
            tokens = tuple(token for ids, _ in spelled for token in ids)
            spelled = [(tokens, own)]
        return joined(spelled)

    def pronunciations(self, word: str) -> List[Ids]:
        """All pronunciations of a normalised word, as phone ids."""
        return [tuple(self._ids[phone] for phone in phones) for phones in self.lang.lexicon.pronunciations(word)]

    def _phones_of(self, word: str) -> Ids:
        return next(iter(self.pronunciations(word)), ()) if self.has_phones else ()

    def _own(self, pronunciation: str) -> Ids:
        phones = pronunciation.split()
        if all(phone in self._ids for phone in phones):
            return tuple(self._ids[phone] for phone in phones)
        if not self.lang.lexicon.stress:
            pronunciation = "".join(mark for mark in pronunciation if not mark.isdigit())
        return tuple(self._ids[phone] for phone in pronunciation.upper().split() if phone in self._ids)


def joined(words: Sequence[Tuple[Ids, Ids]]) -> Entry:
    """An entry of its words' pieces and phones; a word's pieces are spread evenly over its phones."""
    tokens: List[int] = []
    phones: List[int] = []
    phone_at: List[int] = []
    for pieces, own in words:
        # A word without phones takes the last one before it.
        phone_at += [max(0, len(phones) + (j * len(own) // len(pieces) if own else -1)) for j in range(len(pieces))]
        tokens += pieces
        phones += own
    return Entry(tuple(tokens), tuple(phones), tuple(phone_at))
