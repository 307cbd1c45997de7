"""Biasing lists: lists of names, read and checked, with a report on every line.

A list is UTF-8 text, one entity on each line in the form in which it is printed. Tab-separated fields may
follow, in any order and repeated: ``weight=2.0``, ``alias=selenski``, ``pron=Z EH0 L EH1 N S K IY0``,
``spoken=k two``, ``lang=de`` (it is pronounced in that language too, by espeak-ng). Lines that are blank, ``#``, or start with ``# `` are skipped. Other formats
(:data:`~ctcb.entities.formats.FORMATS`) are read only on request: lists of sherpa, NeMo and FunASR, names apart by commas,
tables (CSV), JSON, and address books (vCard); docs/formats.md describes them.

A negative weight pushes a phrase away: each of its occurrences as whole words loses so many nats in the beam search. It is
then no name that is looked for.

Every other line is loaded, merged into an earlier one, or rejected. :class:`LoadReport` names each line that
was changed, merged or rejected, with its number and the reason.

=============================================  ==============================================================
A line, or a list, with                        Outcome
=============================================  ==============================================================
upper case, accents, digits, punctuation       loaded; printed unchanged, matched as the model's tokens can write it
letters of another script                      loaded; where the tokens lack them, matched in those that they have
no letter or digit                             rejected, but loaded where ``spoken=`` gives its spoken form
more than 20 words                             loaded, warning
more than 1,000 characters in a field          rejected
leading, trailing or repeated white space      changed: removed
control or invisible characters                changed: removed (kept: the joiners U+200C and U+200D)
a carriage return inside                       rejected: the file has the line ends of an old Mac
the words of an earlier line, but for case     merged (``Ann``/``ann``, and not ``Jose``/``José``): aliases, pronunciations, spoken forms and languages
                                               united, the largest weight, the printed form with the most capitals,
                                               accents, digits and signs; so the order of the lines does not matter
an unknown or empty field                      changed: the field is ignored
``weight=`` that is no number, 0, or beyond    rejected: taken for a mistake
10^6 on either side of 0
``weight=`` more than once                     changed: the largest is used
``pron=`` with a phone that is neither the     changed: the pronunciation is ignored (the case of CMU phones does not matter)
CMU dictionary's nor the IPA's
``lang=`` with an unknown code                 InputError naming the line
``alias=`` or ``spoken=`` without a word       changed: the field is ignored
fields, but no text before the first tab       rejected
a field after something else than a tab        loaded as text, warning
empty columns at its end (tabs)                loaded; not reported
the shape of another format                    loaded as plain text, one warning for the list that names the format
                                               (``LoadReport.looks_like``)
a byte-order mark, Windows line ends           loaded without them; not reported
bytes that are not UTF-8, or NUL               InputError naming the line and the byte: where one line is in
                                               another encoding, those that could be read may be wrong too
no entity, or none that could be loaded        InputError (``EntityList.read``), or an empty list (``load``, ``of``)
=============================================  ==============================================================

The rules for texts and weights also hold for the other formats.
"""
from ctcb.entities.entity import Entity
from ctcb.entities.formats import FORMATS
from ctcb.entities.lists import EntityList
from ctcb.entities.report import LineNote, LoadReport

__all__ = ["FORMATS", "Entity", "EntityList", "LineNote", "LoadReport"]
