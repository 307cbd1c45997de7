"""Tables (CSV) and lines of several names, apart by commas."""
from __future__ import annotations

import csv
import re
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from ctcb.entities.contacts import Contact, Names
from ctcb.entities.entity import Entity
from ctcb.entities.fields import Record
from ctcb.entities.named_fields import field_name, plain_title, record
from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines

DELIMITERS = ",;\t"
# Between the values of one cell.
BAR = "|"
# Between the names of a line: those of Latin, Chinese and Japanese, and Arabic texts.
COMMAS = ",;，；、،؛"
split_names = re.compile(f"[{COMMAS}]").split

# The columns of address books (Google's and Outlook's exports among them) -> the fields of Contact.
CONTACT_COLUMNS = {
    "firstname": "given", "givenname": "given", "middlename": "given", "additionalname": "given", "lastname": "family",
    "familyname": "family", "surname": "family", "nickname": "nick", "organization": "company", "organizationname": "company",
    "organization1name": "company", "company": "company", "companyname": "company", "name": "full", "fullname": "full",
    "displayname": "full", "phoneticfirstname": "given_sound", "phoneticlastname": "family_sound",
}  # fmt: skip


def read_csv(path: PathOrStr) -> Iterator[Tuple[int, Record]]:
    """The rows of a table with their line numbers. Raises InputError.

    Columns are apart by commas, semicolons or tabs, whichever the first row has most of. A first row with the title of a
    known field is a header. Without one, the first column is the text, and the second, where there is one, the weight.
    A header with first and last names is an address book's.
    """
    lines = [line + "\n" for _, line in read_lines(path)]
    first = next(filter(str.strip, lines), "")
    delimiter = max(DELIMITERS, key=lambda mark: len(_cells(first, mark)))
    rows = list(_rows(path, lines, delimiter))
    if not rows:
        return
    titles = [cell.strip() for cell in rows[0][1]]
    if is_address_book(titles):
        names = Names()
        for line, cells in rows[1:]:
            yield from names.of(line, _contact(titles, cells))
    elif is_header(titles):
        for line, cells in rows[1:]:
            yield line, _record(titles, cells)
    else:
        if any(map(field_name, titles)):
            raise InputError("the header names no column of texts", file=path, line=rows[0][0], hint="call that column text")
        for line, cells in rows:
            yield line, _record(("text", "weight", *(f"column {i}" for i in range(3, len(cells) + 1))), cells)


def is_header(titles: Sequence[str]) -> bool:
    """Whether a row of cells is a header: a title of the text's column is among them."""
    return "text" in map(field_name, titles)


def is_address_book(titles: Sequence[str]) -> bool:
    """Whether a row of cells is the header of an address book: first and last names are among its columns."""
    return {"given", "family"} <= {CONTACT_COLUMNS.get(plain_title(title)) for title in titles}


def _cells(line: str, delimiter: str) -> List[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a carriage return inside, which _rows names with its line
        return []


def _rows(path: PathOrStr, lines: Iterable[str], delimiter: str) -> Iterator[Tuple[int, List[str]]]:
    """The rows that are not empty, each with the number of its first line: a quoted cell may hold line feeds."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            hint = "save it with line feeds" if "new-line" in str(error) else "close the quotes, or double those inside"
            raise InputError(f"is not a table from here on ({error})", file=path, line=number, hint=hint) from None
        if cells is None:
            return
        if any(map(str.strip, cells)):
            yield number, cells


def _record(titles: Sequence[str], cells: Sequence[str]) -> Record:
    values: Dict[str, object] = {}
    for title, cell in zip(titles, cells):
        parts = [part.strip() for part in cell.split(BAR)] if field_name(title) in ("alias", "pron", "spoken", "lang") else cell.strip()
        values.setdefault(title, parts)
    spare = [cell for cell in cells[len(titles) :] if cell.strip()]
    found = record(values)
    if not spare:
        return found
    return Record(found.entity, (*found.changes, f"{spare[0]!r} ignored: the header has no such column"), found.problem)


def _contact(titles: Sequence[str], cells: Sequence[str]) -> Contact:
    values: Dict[str, List[str]] = {}
    for title, cell in zip(titles, cells):
        field = CONTACT_COLUMNS.get(plain_title(title))
        if field and cell.strip():
            values.setdefault(field, []).append(cell.strip())

    def single(field: str) -> str:
        return " ".join(values.get(field, ())[:1])

    def several(field: str) -> Tuple[str, ...]:
        return tuple(values.get(field, ()))

    return Contact(
        single("full"), several("given"), several("family"), several("nick"), single("company"), single("given_sound"), single("family_sound")
    )


def read_commas(path: PathOrStr) -> Iterator[Tuple[int, Record]]:
    """The names of lines such as ``Zelenskyy, Marta Novak``, apart by commas or semicolons of any script. Raises InputError."""
    for number, line in read_lines(path):
        for name in split_names(line):
            if name.strip():
                yield number, Record(Entity(name.strip()))
