"""The names of a person or company in an address book."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, Tuple

from ctcb.entities.entity import Entity
from ctcb.entities.fields import Record


@dataclass(frozen=True)
class Contact:
    """One entry of an address book."""

    full: str = ""  # as it is printed
    given: Tuple[str, ...] = ()  # first and middle names
    family: Tuple[str, ...] = ()
    nick: Tuple[str, ...] = ()
    company: str = ""
    given_sound: str = ""  # how the names sound, in letters
    family_sound: str = ""


class Names:
    """The names of the contacts of a book, each once, although many people have the same first name or company."""

    def __init__(self) -> None:
        self._known: Dict[str, None] = {}

    def of(self, line: int, contact: Contact) -> Iterator[Tuple[int, Record]]:
        """The names of a contact as entries of their own, for each may be spoken alone and is printed as it is: the
        full name, first and last names, first and last together, nicknames, the company. How the first or last name
        sounds becomes an alias of it. A single character is left out: an initial, or one syllable of many names.
        """
        sounds = {"".join(contact.given): contact.given_sound, "".join(contact.family): contact.family_sound}
        whole = " ".join((*contact.given[:1], *contact.family))
        texts = [contact.full, *contact.given, *contact.family, *contact.nick, contact.company]
        if whole.isascii() or not contact.full:  # elsewhere names are not always joined so
            texts.insert(1, whole)
        for text in texts:
            text = " ".join(text.split())
            if sum(map(str.isalnum, text)) > 1 and text not in self._known:
                self._known[text] = None
                sound = sounds.get(text, "")
                yield line, Record(Entity(text, aliases=(sound,) if sound else ()))
