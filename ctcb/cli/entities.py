"""``ctcb entities``: how a list is loaded, spelled and pronounced, and lists of other formats in ours."""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import islice, repeat
from typing import Any, Dict, Optional, Sequence, Tuple, Union

import click

from ctcb.biasing.confusable import Confusable, confusable_names
from ctcb.biasing.doubts import pronunciation_doubts
from ctcb.bundled import BUNDLED_MODEL
from ctcb.cli.common.help import Group
from ctcb.cli.common.options import Once, blank_of, entities_format_option, model_option, token_options
from ctcb.entities import FORMATS, EntityList
from ctcb.entities.check import EntityCheck, check_entities
from ctcb.entities.writer import write_list
from ctcb.errors import InputError
from ctcb.graph.spellings import PhoneSpelling
from ctcb.io import atomic_write
from ctcb.model_names import is_foreign
from ctcb.phones.phonetics import BLANK
from ctcb.progress import progress
from ctcb.text.lang import COMMON_FILE, Lang, read_common, read_pronunciations
from ctcb.text.lexicon import Lexicon
from ctcb.text.spelling import Spelling, TokenizerSpelling, spelling_of
from ctcb.text.tokens import TokenTable

LINES_NAMED = 10  # of the names with a kind of warning


@click.group(cls=Group)
def command() -> None:
    """Check a list of names before it is used; convert lists of other tools."""


@command.command(short_help="Report how a list is loaded, spelled and pronounced.", sections={
    "Input": "model",
    "List": "entities-format",
    "Output": "limit json g2g",
})
@click.argument("list_file", metavar="LIST", type=click.Path())
@model_option()
@token_options()
@click.option("--phone-lang", cls=Once, type=click.Path(), metavar="DIR", help="Folder with phones.txt and lexicon.txt, for the pronunciations beside --tokens.")
@entities_format_option()
@click.option("--json", "json_file", type=click.Path(), help="Write the whole report, with every entity, as JSON.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True,
    help="Maximum number of entities, and of lines of each outcome, to print; 0: all.",
)  # fmt: skip
@click.option("--g2g", type=click.IntRange(min=0), default=0, metavar="N", help="Also show N spelling variants (G2G) of each name.")
def check(
    list_file: str, model: str, tokens: Optional[str], tokens_model: Optional[str], blank: Optional[str], separator: Optional[str],
    language: Optional[str], features: Optional[str], phone_lang: Optional[str], entities_format: str, json_file: Optional[str], limit: int, g2g: int,
) -> None:
    """Report how each line of LIST is loaded, and how the model spells and pronounces each entity.

    On stderr: the number of loaded entities, and each line that was rejected, merged or changed, with
    the reason. On stdout, for each entity: its normalised words, their subword pieces, its
    pronunciations where the model has a phone head, and warnings: of pronunciations that may be guessed wrong, and of other
    names and common words that sound, or without phones are written, nearly the same. The exit code is 2 if no entity was loaded.
    --tokens in the place of --model checks for a model of which only these are there.

    \b
    ctcb entities check list.txt
    ctcb entities check --entities-format sherpa --json report.json hotwords.txt
    ctcb entities check --model hf:NAME list.txt
    ctcb entities check --tokens tokens.txt list.txt
    """
    entities = EntityList.load(list_file, entities_format)
    click.echo(entities.report.render(limit or None), err=True, nl=False)
    checks = iter(())
    if entities:
        spelling, lexicon, common = _spelling(model, tokens, tokens_model, blank_of(blank), separator, language, features, phone_lang)
        if lexicon is None:
            click.echo(f"ctcb: note: {model if tokens is None else tokens}: no phone head, so names have no pronunciations", err=True)
        confusable = confusable_names(entities, spelling.writing, lexicon, common, lambda batches: progress(batches, "pronouncing", len(batches)))
        doubts = [()] * len(entities) if lexicon is None else pronunciation_doubts(entities.entities, lexicon)
        checks = map(SoundCheck, check_entities(entities, spelling, lexicon, g2g), doubts, confusable, repeat("letters" if lexicon is None else "phones"))
        _count_warnings(entities, doubts, confusable)
    shown = limit or len(entities)
    if json_file is None:
        for entity_check in islice(checks, shown):
            click.echo(_text(entity_check))
    else:
        all_checks = list(progress(checks, "checking", len(entities)))
        for entity_check in all_checks[:shown]:
            click.echo(_text(entity_check))
        with atomic_write(json_file) as file:
            data = {**entities.report.to_dict(), "entities": [entity_check.to_dict() for entity_check in all_checks]}
            json.dump(data, file, ensure_ascii=False, indent=1)
            file.write("\n")
    if shown < len(entities):
        click.echo(f"... and {len(entities) - shown:,} more; --limit 0 prints all, --json FILE writes all", err=True)
    entities.require()


@command.command(short_help="Write a list of another tool as a plain one.")
@click.argument("list_file", metavar="LIST", type=click.Path())
@click.option("--out", required=True, type=click.Path(), metavar="FILE", help="The list in the plain format.")
@click.option(
    "--entities-format", cls=Once, type=click.Choice(FORMATS), default=None, show_default="plain, for a list that looks so",
    help="Format of LIST; it is never guessed.",
)  # fmt: skip
def convert(list_file: str, out: str, entities_format: Optional[str]) -> None:
    """Write a list of another tool, or an address book, in the plain format.

    On stderr: the number of entities, and each entry that was rejected, merged or changed, with the reason. The exit code
    is 2 if no entity was loaded, and if LIST looks like another format and none is named.

    \b
    ctcb entities convert contacts.vcf --entities-format vcard --out names.txt
    ctcb entities convert vocabulary.json --entities-format json --out names.txt
    """
    entities = EntityList.load(list_file, entities_format or "plain")
    like = entities.report.looks_like
    if entities_format is None and like is not None:
        problem = entities.report.warnings[0].partition(" but w")[0]
        raise InputError(problem, file=list_file, hint=f"give --entities-format {like}, or plain if it is a plain list")
    click.echo(entities.report.render(), err=True, nl=False)
    entities.require()
    write_list(out, entities)


def _spelling(
    model: str, tokens: Optional[str], tokens_model: Optional[str], blank: Union[int, str, None], separator: Optional[str],
    language: Optional[str], features: Optional[str], phone_lang: Optional[str],
) -> Tuple[Spelling, Optional[Lexicon], Sequence[str]]:
    """How a model, or one of which only the tokens are there, spells words; its pronunciations, if it has a phone head; and common words."""
    foreign = is_foreign(model)
    if features is not None and not model.startswith("onnx:"):
        raise InputError("--features is for --model onnx:FILE", hint="leave it out")
    if not foreign and tokens is None:
        for name, value in (("tokens-model", tokens_model), ("blank", blank), ("separator", separator), ("language", language), ("phone-lang", phone_lang)):
            if value is not None:
                raise InputError(f"--{name} is for --tokens, and a model directory has its own", hint="leave it out")
        lang = Lang.load(model)
        spelling: Spelling = TokenizerSpelling(lang.tokenizer)
        return spelling, lang.lexicon, lang.common or _common_words(spelling)
    lexicon = None if phone_lang is None else read_pronunciations(phone_lang, need_lexicon=False)[1]
    if not foreign:
        spelling = spelling_of(TokenTable.read(tokens, blank, separator, language=language), tokens_model)
        return spelling, lexicon, _common_words(spelling)
    from ctcb.acoustic.open import Tokens, open_model  # here: import torch

    opened = open_model(model, Tokens(tokens, tokens_model, blank, separator, language, features))
    if opened.phonetics is None:
        return opened.spelling, lexicon, _common_words(opened.spelling)
    phones = PhoneSpelling(TokenTable(opened.phonetics.symbols, BLANK), {})  # of a model that emits phones alone
    return opened.spelling or phones, lexicon or opened.phonetics.lexicon, _common_words(opened.spelling or phones)


def _common_words(spelling: Spelling) -> Sequence[str]:
    """The commonest words of the language that a model writes, where that is English."""
    return read_common(BUNDLED_MODEL / COMMON_FILE) if spelling.writing.is_english else ()


@dataclass(frozen=True)
class SoundCheck:
    """One entity, and what is like it."""

    entity_check: EntityCheck
    doubts: Tuple[str, ...]  # why its pronunciation may be another one
    confusable: Tuple[Confusable, ...]
    unit: str  # in which the latter are compared: phones or letters

    def to_dict(self) -> Dict[str, Any]:
        """The check as plain values for JSON."""
        return {**self.entity_check.to_dict(), "doubts": list(self.doubts), "confusable": list(map(asdict, self.confusable))}


def _count_warnings(entities: EntityList, doubts: Sequence[Tuple[str, ...]], confusable: Sequence[Tuple[Confusable, ...]]) -> None:
    """How many names have each kind of warning, on stderr, with the first lines: the names themselves may be too many to print."""
    near_name, near_word = ([any((one.line is None) == is_word for one in near) for near in confusable] for is_word in (False, True))
    kinds = (
        ("may be pronounced otherwise than guessed", map(bool, doubts)), ("are near another name", near_name), ("are near a common word", near_word),
    )
    for what, flags in kinds:
        lines = [str(line) for line, flag in zip(entities.lines, flags) if flag]
        if lines:
            more = ", ..." if len(lines) > LINES_NAMED else ""
            click.echo(f"  {what}: {len(lines):,} (line{'s' * (len(lines) > 1)} {', '.join(lines[:LINES_NAMED])}{more})", err=True)


def _text(check: SoundCheck) -> str:
    """The lines of one entity."""
    entity_check = check.entity_check
    entity = entity_check.entity
    rows = [f"{entity.text}  (line {entity_check.line}{f', weight {entity.weight:g}' if entity.weight != 1.0 else ''})"]
    rows += [f"    {form}: {' '.join(pieces)}" for form, pieces in zip(entity_check.forms, entity_check.pieces)]
    if entity_check.origin:
        rows.append(f"    pronunciations ({entity_check.origin}): {' | '.join(entity_check.pronunciations)}")
    if entity_check.variants:
        rows.append("    spelling variants: " + ", ".join(f"{variant.text} ({variant.cost:.1f})" for variant in entity_check.variants))
    warnings = (*entity_check.warnings, *check.doubts, *(near.warning(check.unit) for near in check.confusable))
    rows += [f"    WARNING: {warning}" for warning in warnings]
    return "\n".join(rows)
