"""Which guessed pronunciations are doubtful: words that are in no dictionary, and on which two pronouncers disagree.

The lexicon pronounces words of English that the CMU dictionary lacks by the sounds of their letters. Another pronouncer, espeak-ng
where it is installed and the network of g2p_en elsewhere, pronounces them too. A guess is doubtful if the two differ by
DISAGREEMENT of their phones or more, sounds that are alike counted less.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence

from ctcb.phones.distance import costs, edit_costs
from ctcb.phones.phonetics import Phonetics
from ctcb.text import espeak, g2p_network
from ctcb.text.lexicon import Lexicon, Pronunciation, bare_of, phone_symbols, with_s

DISAGREEMENT = 0.25  # share of a word's phones; chosen by hand
FEWEST = 3  # phones: in shorter words one phone is a large share
SECOND = "en-us"  # espeak-ng's language


@dataclass(frozen=True)
class Guess:
    """A doubtful pronunciation of a word."""

    phones: Pronunciation
    other: Pronunciation  # what the other pronouncer makes of the word,
    by: str  # and who that is


def doubtful_guesses(words: Iterable[str], lexicon: Lexicon) -> Dict[str, Guess]:
    """The words, as the lexicon has them, whose pronunciations are doubtful guesses."""
    guessed = [word for word in dict.fromkeys(words) if lexicon.origin(word) == "g2p"]
    lexicon.prepare(guessed)
    first = {word: lexicon.pronunciations(word)[0] for word in guessed}
    first = {word: phones for word, phones in first.items() if len(phones) >= FEWEST}
    second = dict(zip(first, map(lexicon.adapted, _by_the_other(list(first)))))
    both = [word for word in first if second[word]]
    apart = _shares(Phonetics(phone_symbols(lexicon.stress), lexicon), [first[word] for word in both], [second[word] for word in both])
    by = "espeak-ng" if espeak.available() else "g2p_en"
    return {word: Guess(first[word], second[word], by) for word, share in zip(both, apart) if share >= DISAGREEMENT}


def _by_the_other(words: List[str]) -> List[Pronunciation]:
    if espeak.available():
        return espeak.pronounce(words, SECOND)
    bare = [bare_of(word) for word in words]
    return [with_s(phones) if possessive else phones for (_, possessive), phones in zip(bare, g2p_network.predict(base for base, _ in bare))]


def _shares(phonetics: Phonetics, one: Sequence[Pronunciation], other: Sequence[Pronunciation]) -> List[float]:
    """By how much of their phones pronunciations differ, pair by pair."""
    if not one:
        return []
    away = edit_costs(phonetics.spell(other), phonetics.spell(one), costs(phonetics.symbols))
    return [float(cost) / max(len(a), len(b)) for cost, a, b in zip(away, one, other)]
