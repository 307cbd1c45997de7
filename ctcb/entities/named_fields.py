"""Entries of tables and of JSON: what their columns and keys are called, and the Record that they make."""
from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ctcb.entities.entity import Entity
from ctcb.entities.fields import Record

# Field -> how other tools' tables and files call it (in lower case, without spaces, hyphens and underscores), the first
# that is there counting. Among them are the columns of vocabularies for Amazon Transcribe, Azure, Deepgram, Google Cloud,
# Speechmatics and FunASR.
NAMES: Dict[str, Tuple[str, ...]] = {
    "text": (
        "text", "displayas", "display", "entity", "name", "phrase", "word", "term", "keyword", "keyterm", "hotword", "value", "content",
        "fullname", "displayname",
    ),
    "weight": ("weight", "score", "boost", "boostvalue"),
    "alias": ("alias", "aliases", "soundslike", "spellings"),
    "pron": ("pron", "prons", "pronunciation", "phones"),
    "spoken": ("spoken", "spokenform", "reading"),
    "lang": ("lang",),
}  # fmt: skip
FIELD_OF = {name: field for field, names in NAMES.items() for name in names}


def field_name(title: str) -> Optional[str]:
    """The field that a column's or key's title means; None for one that means none."""
    return FIELD_OF.get(plain_title(title))


def plain_title(title: str) -> str:
    """A title in lower case, without spaces, hyphens, underscores and dots."""
    return re.sub(r"[\s_.\-]+", "", title.strip().lower())


def record(values: Mapping[str, Any], text: Optional[str] = None) -> Record:
    """The Record of titles and their values; ``text`` stands for a value that has none. Empty values are none.

    Several titles of one field are united, but for text and weight, of which the first in the order of NAMES counts.
    """
    fields: Dict[str, List[Tuple[int, Any]]] = {field: [] for field in NAMES}
    changes = []
    for title, value in values.items():
        field = field_name(title)
        if value is None or value == "" or value == []:
            continue
        if field is None:
            changes.append(f"{title!r} ignored: no such field; the fields are {', '.join(NAMES)}")
        else:
            fields[field].append((NAMES[field].index(plain_title(title)), value))
    texts = [value for _, value in sorted(fields["text"], key=lambda pair: pair[0])]
    weights = [value for _, value in sorted(fields["weight"], key=lambda pair: pair[0])]
    text = texts[0] if text is None and texts else text
    if not isinstance(text, str):
        return Record(Entity("" if text is None else str(text)), problem="has no text that is a string; name the field 'text'")
    try:
        rest = (tuple(_strings(value for _, value in fields[field])) for field in ("alias", "pron", "spoken", "lang"))
        entity = Entity(text, weights[0] if weights else 1.0, *rest)
    except TypeError as error:
        return Record(Entity(text), problem=str(error))
    # The weight is checked, as text or number, when the record is.
    return Record(entity, tuple(changes))


def _strings(values: Iterable[Any]) -> Iterable[str]:
    """The strings of values that are strings or lists of them. Raises TypeError for others."""
    for value in values:
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if not isinstance(one, str):
                raise TypeError(f"{one!r} is not a string or a list of strings")
            if one.strip():
                yield one
