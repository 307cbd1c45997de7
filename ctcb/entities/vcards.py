"""Address books: vCard files, version 2.1, 3.0 or 4.0, through the library vobject (RFC 6350)."""
from __future__ import annotations

import io
from typing import Any, Dict, Iterator, List, Tuple

from ctcb.entities.contacts import Contact, Names
from ctcb.entities.fields import Record
from ctcb.errors import InputError, RunError
from ctcb.io import PathOrStr, read_lines

HINT = "export the address book again as a vCard file (.vcf)"


def read_vcards(path: PathOrStr) -> Iterator[Tuple[int, Record]]:
    """The names of each card with the line at which it begins. Raises InputError, and RunError without vobject.

    Read are FN, N, NICKNAME, ORG, X-PHONETIC-FIRST-NAME and X-PHONETIC-LAST-NAME; pictures, numbers and the like are not.
    """
    names = Names()
    for line, properties in _cards(path):
        yield from names.of(line, _contact(properties))


def _cards(path: PathOrStr) -> Iterator[Tuple[int, Dict[str, str]]]:
    """Each card's line and its properties, the first of each name, as text that is still escaped."""
    try:
        from vobject.base import ParseError, getLogicalLines, textLineToContentLine
    except ModuleNotFoundError:
        raise RunError("vCard files are read through vobject, which is not installed; `pip install vobject`") from None
    text = "\n".join(line for _, line in read_lines(path)) + "\n"
    begun, number = 0, 1
    properties: Dict[str, str] = {}
    try:
        for logical, at in getLogicalLines(io.StringIO(text), allowQP=True):
            number = max(1, at)
            content: Any = textLineToContentLine(logical, at)
            what = (content.name, content.value.strip().upper())
            if what == ("BEGIN", "VCARD"):
                if begun:
                    raise InputError(f"the card that begins in line {begun} does not end before this one", file=path, line=number, hint=HINT)
                begun, properties = number, {}
            elif not begun:
                raise InputError("is not a vCard file: it does not begin with BEGIN:VCARD", file=path, line=number, hint=HINT)
            elif what == ("END", "VCARD"):
                yield begun, properties
                begun = 0
            else:
                properties.setdefault(content.name, content.value)
    except (ParseError, LookupError, UnicodeError) as error:
        reason = str(error).rpartition("line: ")[2] if isinstance(error, ParseError) else str(error)
        raise InputError(f"a line of a card cannot be read ({reason[:60]})", file=path, line=number, hint=HINT) from None
    if begun:
        raise InputError("this card has no END:VCARD: the file is cut off", file=path, line=begun, hint=HINT)


def _contact(properties: Dict[str, str]) -> Contact:
    from vobject.icalendar import stringToTextValues
    from vobject.vcard import splitFields

    def texts(value: str) -> Tuple[str, ...]:
        return tuple(filter(None, map(str.strip, stringToTextValues(value))))

    def parts(value: str) -> List[Tuple[str, ...]]:
        """Fields apart by semicolons, each of values apart by commas."""
        fields = [field if isinstance(field, list) else [field] for field in splitFields(value)]
        return [tuple(filter(None, map(str.strip, field))) for field in fields]

    family, given, additional = (*parts(properties.get("N", "")), (), (), ())[:3]
    organisation = parts(properties.get("ORG", ""))
    return Contact(
        full=" ".join(texts(properties.get("FN", ""))[:1]),
        given=(*given, *additional),
        family=family,
        nick=texts(properties.get("NICKNAME", "")),
        company=", ".join(organisation[0]) if organisation else "",
        given_sound=" ".join(texts(properties.get("X-PHONETIC-FIRST-NAME", ""))),
        family_sound=" ".join(texts(properties.get("X-PHONETIC-LAST-NAME", ""))),
    )
