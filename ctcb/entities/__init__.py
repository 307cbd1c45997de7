"""The lists of names toward which a recogniser leans: read, checked, and every line accounted for.

A list is UTF-8 text, one entity a line in the form in which it is to be printed. Tab-separated fields
may follow, in any order and repeated: ``weight=2.0``, ``alias=selenski``, ``pron=Z EH0 L EH1 N S K IY0``,
``spoken=k two``. Lines that are blank, ``#``, or start with ``# `` are passed over. Other formats
(:data:`~ctcb.entities.formats.FORMATS`) are read only when asked for.

Every other line is loaded, merged into an earlier one, or rejected; :class:`LoadReport` names each that
was not loaded just as it stands, with its number and the reason.

=============================================  ==============================================================
A line, or a list, with                        Outcome
=============================================  ==============================================================
upper case, accents, digits, punctuation       loaded; printed as it stands, matched as ``normalize`` reads it
letters of another script                      loaded, warning: says how they are read (``Москва``: moskva)
no letter or digit                             rejected, but loaded where ``spoken=`` says how it is said
more than 20 words                             loaded, warning
more than 1,000 characters in a field          rejected
white space at its ends or in a row            changed: taken off or joined
control or invisible characters                changed: taken out (kept: the joiners U+200C and U+200D)
a carriage return inside                       rejected: the line ends are those of an old Mac
the reading of an earlier line (``Ann``/``ann``)  merged: aliases, pronunciations and spoken forms united, the
                                               largest weight, the printed form with the most capitals, accents,
                                               digits and signs; so the order of the lines does not matter
an unknown field, or one that is empty         changed: the field is ignored
``weight=`` that is no number in (0, 10^6]     rejected: no other weight can be what was meant
``weight=`` more than once                     changed: the largest is taken
``pron=`` with an unknown phone                changed: the pronunciation is ignored (case does not matter)
``alias=`` or ``spoken=`` without a word       changed: the field is ignored
fields, but no text before the first tab       rejected
a field after a space instead of a tab         loaded as text, warning
empty columns at its end (tabs)                loaded; not reported
the shape of another format                    loaded as plain text, one warning for the list
a byte-order mark, Windows line ends           loaded without them; not reported
bytes that are not UTF-8, or NUL               InputError naming the line and the byte: where one line is in
                                               another encoding, those that could be read may be wrong too
no entity, or none that could be loaded        InputError (``EntityList.read``), or an empty list (``load``, ``of``)
=============================================  ==============================================================

In sherpa's, NeMo's and the score format, what is said of texts and weights holds as well.
"""
from ctcb.entities.entity import Entity
from ctcb.entities.formats import FORMATS
from ctcb.entities.lists import EntityList
from ctcb.entities.report import LineNote, LoadReport

__all__ = ["FORMATS", "Entity", "EntityList", "LineNote", "LoadReport"]
