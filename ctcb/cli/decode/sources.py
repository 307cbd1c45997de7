"""Emissions of any model on file, in the place of audio: their options, and how they are read."""
from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Iterator, Optional, Tuple, Union

import click

from ctcb.cli.common.options import Decorator, Once, join
from ctcb.ctc.emissions import Emitted
from ctcb.ctc.log_probs import SCALES
from ctcb.ctc.npz import read_npz, with_phones
from ctcb.decoding.builder import EmissionFacts
from ctcb.errors import InputError
from ctcb.phones.phonetics import Phonetics
from ctcb.progress import progress
from ctcb.text.lang import Lang
from ctcb.text.spelling import Spelling, TokenizerSpelling, spelling_of
from ctcb.text.tokens import TokenTable

if TYPE_CHECKING:
    from ctcb.acoustic.open import Tokens


@dataclass(frozen=True)
class EmissionOptions:
    """The options of :func:`emission_options`, as they were given."""

    emissions: Optional[str] = None
    tokens: Optional[str] = None
    tokens_model: Optional[str] = None
    blank: Optional[str] = None
    separator: Optional[str] = None
    language: Optional[str] = None
    log_probs: Optional[str] = None
    trim_padding: bool = False
    frame_shift: Optional[float] = None
    phone_emissions: Optional[str] = None
    phone_lang: Optional[str] = None
    features: Optional[str] = None

    @property
    def blank_id(self) -> Union[int, str, None]:
        """The blank as an id, where it is one."""
        return int(self.blank) if self.blank and self.blank.isdecimal() else self.blank


OF_MODEL = ("tokens", "tokens_model", "blank", "separator", "language", "features")  # of models in ONNX, which do not tell their own


def emission_options() -> Decorator:
    """Options that put a file of emissions in the place of audio."""
    return join(
        click.option("--emissions", cls=Once, type=click.Path(), help="A .npz with an array [frames, tokens] an utterance, instead of INPUTS."),
        click.option("--tokens", type=click.Path(), help="Its tokens, one a line (or `token id`). Without: those of --model; with --model onnx:FILE those beside it."),
        click.option("--tokens-model", type=click.Path(), help="The sentencepiece model of --tokens, to spell names as it does."),
        click.option("--blank", metavar="ID|SYMBOL", help="The blank among --tokens.  [default: 0, if called like one]"),
        click.option("--separator", metavar="SYMBOL", help="What stands between words in --tokens.  [default: the | or space there]"),
        click.option("--language", cls=Once, metavar="CODE", help="Of --tokens (de, tr, ...): how letters change case and numbers are read.  [default: as the tokens suggest]"),
        click.option("--log-probs", type=click.Choice(list(SCALES)), help="What the emissions are.  [default: natural]"),
        click.option("--trim-padding", is_flag=True, help="Leave out frames at the ends of --emissions that hold one value for all tokens."),
        click.option("--frame-shift", type=click.FloatRange(min=0, min_open=True), help="Seconds between two frames of --emissions."),
        click.option("--phone-emissions", cls=Once, type=click.Path(), help="A .npz with a phone head's emissions of the same utterances."),
        click.option("--phone-lang", cls=Once, type=click.Path(), metavar="DIR", help="Folder with phones.txt and lexicon.txt of --phone-emissions.  [default: of --model, or CMU phones]"),
        click.option("--features", cls=Once, type=click.Path(), help="YAML file on the features that --model onnx:FILE takes (docs/formats.md).  [default: as its metadata say]"),
    )


def tokens_of(options: EmissionOptions, model: str) -> Tokens:
    """The tokens of a model of ONNX and the like, which do not name their own. Raises InputError for options that are for
    ``--emissions``."""
    from ctcb.acoustic.open import Tokens, is_foreign

    stray = [
        field.name for field in fields(options)
        if getattr(options, field.name) not in (None, False) and not (is_foreign(model) and field.name in OF_MODEL)
    ]
    if stray:
        raise InputError(f"--{stray[0].replace('_', '-')} is for --emissions", hint="leave it out or give --emissions")
    if options.features is not None and not model.startswith("onnx:"):
        raise InputError(f"--features is for models in ONNX, and not for {model}", hint="leave it out, or name one as onnx:FILE")
    return Tokens(options.tokens, options.tokens_model, options.blank_id, options.separator, options.language, options.features)


@dataclass(frozen=True)
class EmissionFile:
    """Emissions on file, and what they are."""

    facts: EmissionFacts
    utt_ids: Tuple[str, ...]
    emitted: Iterator[Emitted]  # in the order of the ids


def read_emissions(options: EmissionOptions, model: Optional[str], timed: bool, phones: Optional[Spelling] = None) -> EmissionFile:
    """The emissions of any model; with our own ``model`` in the place of tokens. ``timed``: times will be written.

    ``phones`` are the tokens and their spelling where a graph has these; then ``model`` only gives the times.
    """
    utt_ids, emitted = read_npz(options.emissions)
    frame_shift = options.frame_shift
    if options.tokens is not None:
        table = TokenTable.read(options.tokens, options.blank_id, options.separator, phones is None, options.language)
        if phones is not None and table != phones.table:
            raise InputError(
                "these are not the tokens of the graph", file=options.tokens, hint="leave --tokens out, or make a graph for them"
            )
        spelling: Spelling = phones or spelling_of(table, options.tokens_model)
    elif model is not None or phones is not None:
        for name in ("tokens_model", "blank", "separator", "language"):
            if getattr(options, name) is not None:
                raise InputError(f"--{name.replace('_', '-')} is for --tokens, and --model has its own", hint="leave it out")
        if model is not None:
            from ctcb.acoustic.directory import read_model_yaml  # here: imports torch
            from ctcb.text.tokenizer import Tokenizer

            config, features = read_model_yaml(model)
            frame_shift = frame_shift or features.frame_shift * config.subsampling
        spelling = phones or TokenizerSpelling(Tokenizer.load(model))
    else:
        raise InputError(
            "it is unknown what the columns of the emissions are", file=options.emissions,
            hint="give --tokens FILE, or --model DIR for what `ctcb emit --model DIR` wrote",
        )
    if frame_shift is None and timed:
        raise InputError(
            "the frame shift is unknown, so words have no times", file=options.emissions,
            hint="give --frame-shift SECONDS (many models: 0.02 or 0.04), or only print --format text",
        )
    phonetics = None
    if options.phone_lang is not None and options.phone_emissions is None:
        raise InputError("--phone-lang is for --phone-emissions", hint="leave it out or give --phone-emissions")
    if options.phone_emissions is not None:
        if options.phone_lang is not None:
            phonetics = Phonetics.read(options.phone_lang)
        else:
            phonetics = Phonetics.default() if options.tokens is not None or model is None else Phonetics.of(Lang.load(model))
        emitted = with_phones(emitted, options.phone_emissions)
    shown = progress(emitted, "decoding", total=len(utt_ids))
    facts = EmissionFacts(spelling, frame_shift or 1.0, phonetics, options.log_probs or "natural", options.trim_padding)
    return EmissionFile(facts, utt_ids, iter(shown))
