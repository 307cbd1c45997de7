"""Names in a corpus's text: by their capitals, or from SLUE's annotation of VoxPopuli."""
from __future__ import annotations

import csv
import re
from ast import literal_eval
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

from training_words import TrainingWords

from ctcb.errors import InputError
from ctcb.text.normalize import normalize

# Between two capitalised words they are part of a name; at its edge they are not.
PARTICLES = frozenset("de da del della den der des di do dos du el la le van von und y zu af al bin ibn".split())
_WORD = re.compile(r"[^\W\d_][^\W\d_'’-]*(?:['’-][^\W\d_]+)*")
_ENDS_SENTENCE = re.compile(r"[.!?:]")
_BREAKS = re.compile(r"[^\s'’\"“”-]")  # a sign between two words that no name goes across
_POSSESSIVE = re.compile(r"['’]s$")
# People, places, organisations among the types of OntoNotes, which SLUE uses.
SLUE_TYPES = frozenset({"PERSON", "GPE", "LOC", "FAC", "ORG"})


def capitalised(text: str, training: TrainingWords) -> Iterator[str]:
    """The rare names of a text that has its capitals, as they are printed there.

    A name is an unbroken run of words that begin with a capital and hold a lower-case letter (words
    all in capitals may be spelled out), with PARTICLES between. The first word of a sentence counts
    only if training never writes it in lower case. Words that are common in training are cut off at
    the name's edges, so that titles go, and one of those that are left must be rare.
    """
    run: List[str] = []
    starts, end = True, 0
    for match in _WORD.finditer(text):
        between, word = text[end : match.start()], _POSSESSIVE.sub("", match.group())
        end = match.end()
        starts = starts or bool(_ENDS_SENTENCE.search(between))
        if _BREAKS.search(between):
            yield from _name(run, training)
            run = []
        is_name = word[0].isupper() and not word.isupper() and not (starts and normalize(word) in training.lower)
        if is_name or run and word in PARTICLES:
            run.append(word)
        else:
            yield from _name(run, training)
            run = []
        if word != match.group():  # a possessive ends a name
            yield from _name(run, training)
            run = []
        starts = False
    yield from _name(run, training)


def _name(run: Sequence[str], training: TrainingWords) -> Iterator[str]:
    while run and run[-1] in PARTICLES:
        run = run[:-1]
    words = list(training.rare_part(run))
    while words and words[0] in PARTICLES:
        words = words[1:]
    while words and words[-1] in PARTICLES:
        words = words[:-1]
    if words:
        yield " ".join(words)


def read_slue(path: Path) -> Dict[str, List[str]]:
    """The names of each utterance in ``slue-voxpopuli_{fine-tune,dev,test}.tsv``.

    ``normalized_ner`` holds ``[[type, first character, length], ...]`` or ``None``, about ``normalized_text``.
    """
    names: Dict[str, List[str]] = {}
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        for column in ("id", "normalized_text", "normalized_ner"):
            if column not in (reader.fieldnames or ()):
                raise InputError(f"no column {column!r}", file=path, line=1, hint="name a file of SLUE-VoxPopuli with its annotation")
        for row in reader:
            try:
                spans = literal_eval(row["normalized_ner"] or "None") or []
                names[row["id"]] = [
                    row["normalized_text"][first : first + length] for kind, first, length in spans if kind in SLUE_TYPES
                ]
            except (ValueError, SyntaxError, TypeError):
                raise InputError("normalized_ner cannot be read", file=path, line=reader.line_num, hint="download it again") from None
    return names
