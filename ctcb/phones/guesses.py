"""Which guessed pronunciations are doubtful: words that are in no dictionary, and on which two pronouncers disagree.

The network of g2p_en pronounces words of English that the CMU dictionary lacks. Where espeak-ng is installed, it pronounces them
too, and a guess is doubtful if the two differ by DISAGREEMENT of their phones or more, sounds that are alike counted less.
Elsewhere the network's own confidence decides, which tells wrong guesses less well.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional, Sequence

from ctcb.phones.distance import costs, edit_costs
from ctcb.phones.phonetics import Phonetics
from ctcb.text import espeak, g2p
from ctcb.text.lexicon import Lexicon, Pronunciation, bare_of, phone_symbols

# Both chosen by hand.
DISAGREEMENT = 0.25  # share of a word's phones
CONFIDENCE = -0.22  # mean natural-log probability of a phone
FEWEST = 3  # phones: in shorter words one phone is a large share
SECOND = "en-us"  # espeak-ng's language


@dataclass(frozen=True)
class Guess:
    """A doubtful pronunciation of a word."""

    phones: Pronunciation
    other: Optional[Pronunciation]  # what espeak-ng makes of the word; None where it was not asked


def doubtful_guesses(words: Iterable[str], lexicon: Lexicon) -> Dict[str, Guess]:
    """The words, as the lexicon has them, whose pronunciations are doubtful guesses."""
    guessed = [word for word in dict.fromkeys(words) if lexicon.origin(word) == "g2p"]
    lexicon.prepare(guessed)
    first = {word: lexicon.pronunciations(word)[0] for word in guessed}
    first = {word: phones for word, phones in first.items() if len(phones) >= FEWEST}
    if not espeak.available():
        confidences = g2p.confidences(bare_of(word)[0] for word in first)
        return {word: Guess(phones, None) for (word, phones), sure in zip(first.items(), confidences) if sure <= CONFIDENCE}
    second = dict(zip(first, map(lexicon.adapted, espeak.pronounce(first, SECOND))))
    both = [word for word in first if second[word]]
    apart = _shares(Phonetics(phone_symbols(lexicon.stress), lexicon), [first[word] for word in both], [second[word] for word in both])
    return {word: Guess(first[word], second[word]) for word, share in zip(both, apart) if share >= DISAGREEMENT}


def _shares(phonetics: Phonetics, one: Sequence[Pronunciation], other: Sequence[Pronunciation]) -> List[float]:
    """By how much of their phones pronunciations differ, pair by pair."""
    if not one:
        return []
    away = edit_costs(phonetics.spell(other), phonetics.spell(one), costs(phonetics.symbols))
    return [float(cost) / max(len(a), len(b)) for cost, a, b in zip(away, one, other)]
