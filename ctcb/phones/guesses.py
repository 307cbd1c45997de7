"""Which guessed pronunciations are doubtful: words that are in no dictionary, and on which two pronouncers disagree.

The lexicon pronounces words of English that the CMU dictionary lacks by the sounds of their letters. Another pronouncer, espeak-ng
where it is installed and the network of g2p_en elsewhere, pronounces them too. A guess is doubtful if the two differ by
DISAGREEMENT of their phones or more, sounds that are alike counted less.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional, Sequence

from ctcb.phones.distance import costs, edit_costs
from ctcb.phones.phonetics import Phonetics
from ctcb.text import espeak, g2p_network
from ctcb.text.lexicon import Lexicon, Pronunciation, bare_of, phone_symbols, with_s

DISAGREEMENT = 0.25  # share of a word's phones; measured in results/notes/g2p.md
FEWEST = 3  # phones: in shorter words one phone is a large share
ESPEAK, NETWORK = "espeak-ng", "g2p_en"
SECOND = "en-us"  # espeak-ng's language


@dataclass(frozen=True)
class Guess:
    """A doubtful pronunciation of a word."""

    phones: Pronunciation
    other: Pronunciation  # what the other pronouncer makes of the word,
    by: str  # and who that is
    apart: float  # by how much of their phones the two differ


def doubtful_guesses(words: Iterable[str], lexicon: Lexicon, least: float = DISAGREEMENT, by: Optional[str] = None) -> Dict[str, Guess]:
    """The words, as the lexicon has them, whose pronunciations are doubtful guesses.

    ``least``: by how much of their phones the two have to differ. ``by``: the other pronouncer, ESPEAK or NETWORK; None: ESPEAK where it
    is installed.
    """
    by = by or (ESPEAK if espeak.available() else NETWORK)
    guessed = [word for word in dict.fromkeys(words) if lexicon.origin(word) == "g2p"]
    lexicon.prepare(guessed)
    first = {word: lexicon.pronunciations(word)[0] for word in guessed}
    first = {word: phones for word, phones in first.items() if len(phones) >= FEWEST}
    second = dict(zip(first, map(lexicon.adapted, by_another(list(first), by))))
    both = [word for word in first if second[word]]
    apart = differences(Phonetics(phone_symbols(lexicon.stress), lexicon), [first[word] for word in both], [second[word] for word in both])
    return {word: Guess(first[word], second[word], by, share) for word, share in zip(both, apart) if share >= least}


def by_another(words: List[str], by: str) -> List[Pronunciation]:
    """The pronunciations of words, as a lexicon has them, by ESPEAK or NETWORK, in phones of the IPA or with stress; () where there is none."""
    if by == ESPEAK:
        return espeak.pronounce(words, SECOND)
    bare = [bare_of(word) for word in words]
    return [with_s(phones) if possessive else phones for (_, possessive), phones in zip(bare, g2p_network.predict(base for base, _ in bare))]


def differences(phonetics: Phonetics, one: Sequence[Pronunciation], other: Sequence[Pronunciation]) -> List[float]:
    """By how much of their phones pronunciations differ, pair by pair."""
    if not one:
        return []
    away = edit_costs(phonetics.spell(other), phonetics.spell(one), costs(phonetics.symbols))
    return [float(cost) / max(len(a), len(b)) for cost, a, b in zip(away, one, other)]
