"""Which names of a list are likely pronounced otherwise than the recogniser guesses.

A name whose pronunciation the list gives (``pron=``, ``lang=``) is in no doubt. Of the others it is in doubt where

1.  a word is in no dictionary, and two pronouncers disagree on it (:mod:`ctcb.phones.guesses`);
2.  a word is written with letters that English does not have, and so is read without them;
3.  a word in capitals may be an acronym: read as a word, it may be spelled out letter by letter;
4.  a word without a vowel letter is spelled out, though it is not in capitals.
"""
from __future__ import annotations

import unicodedata
from typing import Dict, Iterator, List, Sequence, Tuple

from ctcb.entities import Entity
from ctcb.entities.pronunciations import words_to_pronounce
from ctcb.phones.guesses import Guess, doubtful_guesses
from ctcb.text.lexicon import Lexicon
from ctcb.text.sounds import STRESS

MOST_CAPITALS = 6  # letters of an acronym

Doubts = Tuple[str, ...]


def pronunciation_doubts(entities: Sequence[Entity], lexicon: Lexicon) -> List[Doubts]:
    """Why the pronunciation of each entity may be another one, and what to give; () where it is in no doubt."""
    guessed = [entity for entity in entities if not (entity.prons or entity.languages)]
    words = {word for entity in guessed for word in words_to_pronounce(entity, lexicon)}
    doubtful = doubtful_guesses(words, lexicon)
    return [() if entity.prons or entity.languages else tuple(dict.fromkeys(_doubts(entity, lexicon, doubtful))) for entity in entities]


def _doubts(entity: Entity, lexicon: Lexicon, doubtful: Dict[str, Guess]) -> Iterator[str]:
    for text in (*(entity.spoken or (entity.text,)), *entity.aliases):
        for written in text.split():
            parts = lexicon.words(written)
            if len(parts) == 1:
                yield from _of_writing(written, parts[0], lexicon)
            for word in parts:
                if word in doubtful:
                    yield _of_guess(word, doubtful[word])


def _of_guess(word: str, guess: Guess) -> str:
    first = _shown(guess.phones)
    return f"{word!r} is in no dictionary; guessed {first}, by {guess.by} {_shown(guess.other)}; give pron=, or an alias= with its sound"


def _of_writing(written: str, word: str, lexicon: Lexicon) -> Iterator[str]:
    """What the writing of one word leaves open; ``word`` is what the lexicon makes of it."""
    letters = "".join(filter(str.isalpha, written))
    origin = lexicon.origin(word)
    foreign = "".join(dict.fromkeys(letter for letter in unicodedata.normalize("NFC", letters) if not letter.isascii()))
    if foreign and origin in ("g2p", "letters"):
        yield f"{written!r} is read in English, as {word!r}, without {foreign}; give lang= with its language, or pron="
    elif origin == "letters" and not letters.isupper():
        yield f"{word!r} has no vowel letter, so it is spelled out; give pron=, or an alias= with its sound"
    elif origin != "letters" and letters.isupper() and 1 < len(letters) <= MOST_CAPITALS and letters.lower() == word:
        yield f"{written!r} is read as a word; where it is spelled out, give spoken={' '.join(word)}"


def _shown(phones: Sequence[str]) -> str:
    return " ".join(phone.rstrip("012").lstrip(STRESS) for phone in phones)
