"""The formats of a list's lines: our own and those of other toolkits.

A format is a function of one line, without control characters, and of a list to which it appends a note on
each change it makes. It returns the entity and raises Rejected where the line has none.
"""
from __future__ import annotations

import re
from functools import lru_cache
from typing import Callable, Dict, FrozenSet, List, Optional, Sequence, Union

from ctcb.entities.entity import Entity

FIELDS = ("weight", "alias", "pron", "spoken")
# Far above useful weights; larger ones would overflow the graph's float32.
MAX_WEIGHT = 1e6

Format = Callable[[str, List[str]], Entity]


class Rejected(Exception):
    """A line that is not loaded; the message is the reason."""


def plain(line: str, changes: List[str]) -> Entity:
    """``text``, then tab-separated ``weight= alias= pron= spoken=`` in any order, repeated or not."""
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
    """``word<TAB>score``; the score becomes the weight."""
    text, *scores = line.split("\t")
    scores = [score for score in scores if score.strip()]
    if not text.strip():
        raise Rejected("no word before the tab")
    if len(scores) > 1:
        raise Rejected("more than one tab; write word<TAB>score")
    if not scores:
        changes.append("has no score: the weight is 1")
    return Entity(tidy(text, changes), check_weight(scores[0].strip()) if scores else 1.0)


FORMATS: Dict[str, Format] = {"plain": plain, "sherpa": sherpa, "nemo": nemo, "nemo-score": nemo_score}

_SHERPA_SCORE = re.compile(r"\s:\d+(?:\.\d+)?$").search
_NEMO_SPELLING = re.compile(r"[^_\s]_[^_\s]").search
_SCORE_FIELD = re.compile(r"^[^\t]+\t\s*-?\d+(?:\.\d+)?\s*$").match


def suspect(lines: Sequence[str]) -> Optional[str]:
    """A warning where lines read as plain text look like another format; else None.

    sherpa's lines and bare scores do not occur in plain lists, so one such line is enough. Underscores
    do, so at least half of the lines must have one.
    """
    counts = {
        "sherpa": len([line for line in lines if ":" in line and _SHERPA_SCORE(line)]),
        "nemo-score": len([line for line in lines if "\t" in line and _SCORE_FIELD(line)]),
        "nemo": len([line for line in lines if "_" in line and _NEMO_SPELLING(line)]),
    }
    if 2 * counts["nemo"] < len(lines):
        del counts["nemo"]
    name = max(counts, key=lambda name: counts[name])
    if not counts[name]:
        return None
    shape = {"sherpa": "phrase :2.0", "nemo-score": "word<TAB>2.0", "nemo": "word_spelling"}[name]
    return (
        f"{counts[name]:,} of {len(lines):,} lines look like {shape!r} but were read as plain text; "
        f"if that is wrong, give --entities-format {name}"
    )


def tidy(text: str, changes: List[str]) -> str:
    """``text`` with its words one space apart; appends a note to ``changes`` where that changes it."""
    joined = " ".join(text.split())
    if joined != text:
        changes.append("leading, trailing or repeated white space removed")
    return joined


def check_weight(value: Union[str, float]) -> float:
    """A weight as a float. Raises Rejected where it is not in (0, MAX_WEIGHT]."""
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = -1.0
    if not 0.0 < weight <= MAX_WEIGHT:
        raise Rejected(f"the weight {value!r} is not a positive number up to {MAX_WEIGHT:,.0f}; write for example 2.0")
    return weight


def check_pron(value: str, changes: List[str]) -> Optional[str]:
    """Phones in upper case, one space apart; None, with a note in ``changes``, where one is unknown."""
    phones = value.upper().split()
    unknown = [phone for phone in phones if phone not in _phones()]
    if phones and not unknown:
        return " ".join(phones)
    problem = f"{unknown[0]!r} is not a CMU phone, as in Z EH0 L EH1 N S K IY0" if unknown else "it is empty"
    changes.append(f"pron={value} ignored: {problem}")
    return None


@lru_cache(maxsize=None)
def _phones() -> FrozenSet[str]:
    from ctcb.text.lexicon import BLANK, PHONES, phone_symbols  # imports numpy; few lists have pron=

    return frozenset({*phone_symbols(stress=True), *PHONES} - {BLANK})
