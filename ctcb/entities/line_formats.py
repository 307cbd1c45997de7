"""Formats with one entity a line: our own and those of other toolkits.

Each is a function of one line, without control characters, and of a list to which it appends a note on
each change it makes. It returns the entity and raises Rejected where the line has none.
"""
from __future__ import annotations

from typing import Dict, List

from ctcb.entities.entity import Entity
from ctcb.entities.fields import FIELDS, Rejected, check_pron, check_weight, tidy

# FunASR's weights are whole numbers from 1 to 100, and 20 is what its own examples give: it is the weight 1.
FUNASR_WEIGHT = 20.0


def plain(line: str, changes: List[str]) -> Entity:
    """``text``, then tab-separated ``weight= alias= pron= spoken= lang=`` in any order, repeated or not."""
    text, *fields = line.split("\t")
    if not fields:
        return Entity(tidy(text, changes))
    if not text.strip():
        raise Rejected("no entity before the first tab; begin the line with it")
    values: Dict[str, List[str]] = {name: [] for name in FIELDS}
    for field in filter(str.strip, fields):  # exported tables may end their rows with tabs
        name, equals, value = field.partition("=")
        name, value = name.strip(), " ".join(value.split())
        if not equals or name not in values:
            fields_help = ", ".join(f"{field_name}=" for field_name in FIELDS)
            changes.append(f"{field.strip()!r} ignored: no such field; the fields are {fields_help}")
        elif not value:
            changes.append(f"{name}= ignored: it is empty")
        else:
            values[name].append(value)
    weights = values["weight"]
    weight = max(map(check_weight, weights)) if weights else 1.0
    if len(weights) > 1:
        changes.append(f"weight= is given {len(weights)} times: the largest, {weight:g}, is used")
    prons = (check_pron(value, changes) for value in values["pron"])
    return Entity(
        tidy(text, changes),
        weight,
        aliases=tuple(values["alias"]),
        prons=tuple(pron for pron in prons if pron is not None),
        spoken=tuple(values["spoken"]),
        languages=tuple(values["lang"]),
    )


def sherpa(line: str, changes: List[str]) -> Entity:
    """sherpa's and icefall's ``PHRASE :2.0``; the phrase may be in pieces (``▁HE LL O``).

    The number, which sherpa adds to each token's score, is read as the weight, which is a factor here.
    Fields that begin with ``#`` (a threshold) or ``@`` (a name) are for keyword spotting and are ignored.
    """
    words = line.split()
    weight = 1.0
    while words and words[-1][0] in ":#@" and len(words[-1]) > 1:
        mark = words.pop()
        if mark[0] == ":":
            weight = check_weight(mark[1:])
        else:
            changes.append(f"{mark!r} ignored: it is for keyword spotting")
    if not words:
        raise Rejected("no phrase before the score")
    if not any("▁" in word for word in words):
        return Entity(" ".join(words), weight)
    text = " ".join("".join(words).replace("▁", " ").split())
    changes.append(f"its pieces are joined to {text!r}")
    return Entity(text, weight)


def nemo(line: str, changes: List[str]) -> Entity:
    """NeMo's context biasing list: ``word_spelling_spelling``; the spellings become aliases."""
    text, *spellings = (" ".join(part.split()) for part in line.split("_"))
    if not text:
        raise Rejected("no word before the first underscore")
    return Entity(text, aliases=tuple(spelling for spelling in spellings if spelling and spelling != text))


def nemo_score(line: str, changes: List[str]) -> Entity:
    """``word<TAB>score``; the score becomes the weight. A negative one pushes the word away by as many nats."""
    text, *scores = line.split("\t")
    scores = [score for score in scores if score.strip()]
    if not text.strip():
        raise Rejected("no word before the tab")
    if len(scores) > 1:
        raise Rejected("more than one tab; write word<TAB>score")
    if not scores:
        changes.append("has no score: the weight is 1")
    return Entity(tidy(text, changes), check_weight(scores[0].strip()) if scores else 1.0)


def funasr(line: str, changes: List[str]) -> Entity:
    """FunASR's hotwords: ``phrase 20``, the weight a number behind the last space.

    A weight of FUNASR_WEIGHT is 1 here, and others are in proportion; a negative one is taken as it is.
    """
    words = line.split()
    number = _number(words[-1]) if len(words) > 1 else None
    if number is None:
        changes.append("has no weight: the weight is 1")
        return Entity(" ".join(words))
    weight = check_weight(words[-1])
    return Entity(" ".join(words[:-1]), weight if weight < 0 else weight / FUNASR_WEIGHT)


def _number(word: str) -> object:
    try:
        return float(word)
    except ValueError:
        return None
