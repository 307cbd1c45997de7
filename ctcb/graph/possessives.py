"""Names with a possessive in a graph's class: what follows a name in a graph begins a word, so *Brion's* is a name of its own."""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

from ctcb.graph.options import GraphOptions
from ctcb.text.possessives import POSSESSIVES, has_possessives, possessive_of
from ctcb.text.spelling import TokenIds
from ctcb.text.tokens import TokenTable


class Names(NamedTuple):
    """The names of a list, then those of them that take the first possessive, and so on."""

    names: Tuple[str, ...]  # the words of each
    phrases: Sequence[Sequence[TokenIds]]  # their token sequences
    weights: Sequence[float]
    costs: Optional[Sequence[Sequence[float]]]  # of the phrases
    entity: Sequence[int]  # the entity that each stands for,
    ending: Sequence[int]  # and how many tokens of a possessive are at its end


def endings_of(table: TokenTable) -> List[Tuple[TokenIds, str]]:
    """The token sequences of possessives, and what each writes; none where the language has none."""
    if not has_possessives(table.language):
        return []
    ways = [way for text in sorted(POSSESSIVES) for way in dict.fromkeys(((text,), tuple(text)))]
    return [(tuple(table.written[symbol] for symbol in way), "".join(way)) for way in ways if all(symbol in table.written for symbol in way)]


def with_possessives(
    names: Sequence[str], phrases: Sequence[Sequence[TokenIds]], weights: Sequence[float], costs: Optional[Sequence[Sequence[float]]],
    table: Optional[TokenTable], options: GraphOptions,
) -> Names:
    """The names of a list, and with each possessive those that may have it; an ending earns no ``token_bonus``.

    ``table``: the tokens that spell names; None where they are phones, which write no ending.
    """
    entity, ending = list(range(len(names))), [0] * len(names)
    every: List[str] = list(names)
    longer = [list(own) for own in phrases]
    paid = [list(own) for own in costs] if costs else [[0.0] * len(own) for own in phrases]
    for tokens, text in () if table is None else endings_of(table):
        penalty = len(tokens) * options.token_bonus / options.lm_weight if options.lm_weight else 0.0
        for place, name in enumerate(names):
            if phrases[place] and possessive_of(name + text) == text:
                entity.append(place)
                ending.append(len(tokens))
                every.append(name + text)
                longer.append([(*sequence, *tokens) for sequence in phrases[place]])
                paid.append([cost + penalty for cost in paid[place]])
    if len(every) == len(names):
        return Names(tuple(names), phrases, weights, costs, entity, ending)
    return Names(tuple(every), longer, [weights[place] for place in entity], paid, entity, ending)
