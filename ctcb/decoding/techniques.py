"""The ways in which a decoder leans toward a list, each an object with a name, in one table."""
from __future__ import annotations

from dataclasses import replace
from typing import Collection, Dict, Protocol, Tuple

from ctcb.decoding.biasing import Biasing
from ctcb.decoding.search.context_graph import ContextGraph, EntityError
from ctcb.decoding.vocabulary import Vocabulary
from ctcb.errors import InputError


class Technique(Protocol):
    """One way to lean toward a list."""

    name: str
    summary: str  # for the help

    def prepare(self, biasing: Biasing, vocabulary: Vocabulary) -> Biasing:
        """The list with this technique's part added; once a list, on any thread."""


class SubwordBoosting:
    """Adaptive subword boosting (``boosting.py``) by a context graph that runs beside the beam."""

    name = "subword"
    summary = "boosts the tokens of listed names in the beam search"

    def prepare(self, biasing: Biasing, vocabulary: Vocabulary) -> Biasing:
        """Build the graph. Raises InputError naming the line of an entity that cannot be in one."""
        weights = [entity.weight for entity in biasing.entities]
        names = [entity.text for entity in biasing.entities]
        try:
            return replace(biasing, graph=ContextGraph.build(biasing.phrases, vocabulary, weights, names=names))
        except EntityError as error:
            raise InputError(
                f"{names[error.entity]!r} {error.what}", file=biasing.file, line=biasing.lines[error.entity], mend=error.mend
            ) from None


class EncoderBiasing:
    """The contextual adapter (``encoder_bias.py``): acts on the encoder, before any search."""

    name = "adapter"
    summary = "leans the encoder toward the listed names that it hears (a model with an adapter, audio)"

    def prepare(self, biasing: Biasing, vocabulary: Vocabulary) -> Biasing:
        """Nothing: what the search finds is leaned already."""
        return biasing


def in_encoder(techniques: Collection[Technique]) -> bool:
    """Whether some of them act on the encoder."""
    return any(isinstance(technique, EncoderBiasing) for technique in techniques)


def in_search(techniques: Collection[Technique]) -> bool:
    """Whether some of them act on the search."""
    return not all(isinstance(technique, EncoderBiasing) for technique in techniques)


# In the order in which they add their parts.
TECHNIQUES: Dict[str, Technique] = {technique.name: technique for technique in (EncoderBiasing(), SubwordBoosting())}

PRESETS: Dict[str, Tuple[str, ...]] = {"none": (), "encoder": ("adapter",), "decoder": ("subword",)}


def choose(preset: str, plus: Collection[str] = (), minus: Collection[str] = ()) -> Tuple[Technique, ...]:
    """The techniques of a preset, with some added and some taken away, in the table's order.

    Raises InputError for an unknown name, or one that is both added and taken away.
    """
    for name in (*plus, *minus):
        if name not in TECHNIQUES:
            raise InputError(f"{name!r} is no technique", mend=f"choose from {', '.join(TECHNIQUES)}")
        if name in plus and name in minus:
            raise InputError(f"the technique {name!r} is both asked for and turned off", mend="do one of them")
    if preset not in PRESETS:
        raise InputError(f"{preset!r} is no way to lean toward a list", mend=f"choose from {', '.join(PRESETS)}")
    wanted = {*PRESETS[preset], *plus} - {*minus}
    return tuple(technique for name, technique in TECHNIQUES.items() if name in wanted)
