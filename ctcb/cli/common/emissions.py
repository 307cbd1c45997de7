"""Emissions of any model on file, in the place of audio: their options, and how they are read."""
from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Iterator, Optional, Tuple, Union

import click

from ctcb.biasing.tuned_on import TunedOn
from ctcb.cli.common.options import Decorator, Once, blank_of, join, token_options
from ctcb.ctc.emissions import Emitted
from ctcb.ctc.log_probs import SCALES
from ctcb.ctc.npz import read_npz, with_phones
from ctcb.decoding.builder import EmissionFacts
from ctcb.decoding.model_facts import facts_of
from ctcb.errors import InputError
from ctcb.model_names import is_foreign
from ctcb.phones.phonetics import Phonetics
from ctcb.progress import progress
from ctcb.text.spelling import Spelling, spelling_of
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
        return blank_of(self.blank)


OF_MODEL = ("tokens", "tokens_model", "blank", "separator", "language", "features")  # of models in ONNX, which do not tell their own


def emission_options() -> Decorator:
    """Options that put a file of emissions in the place of audio."""
    return join(
        click.option("--emissions", cls=Once, type=click.Path(), help="A .npz with an array [frames, tokens] an utterance, instead of INPUTS."),
        token_options(),
        shape_options(),
        click.option("--phone-emissions", cls=Once, type=click.Path(), help="A .npz with a phone head's emissions of the same utterances."),
    )


def shape_options() -> Decorator:
    """Options that say what emissions on file are."""
    return join(
        click.option("--log-probs", type=click.Choice(list(SCALES)), help="What the emissions are.  [default: natural]"),
        click.option("--trim-padding", is_flag=True, help="Leave out frames at the ends of --emissions that hold one value for all tokens."),
        click.option("--frame-shift", type=click.FloatRange(min=0, min_open=True), help="Seconds between two frames of --emissions."),
        click.option("--phone-lang", cls=Once, type=click.Path(), metavar="DIR", help="Folder with phones.txt and lexicon.txt of --phone-emissions.  [default: of --model, or CMU phones]"),
    )


def tokens_of(options: EmissionOptions, model: str) -> Tokens:
    """The tokens of a model of ONNX and the like, which do not name their own. Raises InputError for options that are for
    ``--emissions``."""
    from ctcb.acoustic.open import Tokens

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
    """The emissions of any model; with the ``model`` that made them in the place of tokens. ``timed``: times will be written.

    The others as in :func:`facts_of_emissions`, which also says what is raised.
    """
    utt_ids, emitted = read_npz(options.emissions)
    facts = facts_of_emissions(options, model, phones)
    if facts.frame_shift is None and timed:
        raise InputError(
            "the frame shift is unknown, so words have no times", file=options.emissions,
            hint="give --frame-shift SECONDS (many models: 0.02 or 0.04), or only print --format text",
        )
    if options.phone_emissions is not None:
        emitted = with_phones(emitted, options.phone_emissions)
    shown = progress(emitted, "decoding", total=len(utt_ids))
    return EmissionFile(replace(facts, frame_shift=facts.frame_shift or 1.0), utt_ids, iter(shown))


def facts_of_emissions(options: EmissionOptions, model: Optional[str], phones: Optional[Spelling] = None) -> EmissionFacts:
    """What a decoder must know of emissions on file; their frame shift is None where nothing tells it.

    Parameters
    ----------
    model : that made them, in the place of tokens.
    phones : the tokens and their spelling where a graph has these; then ``model`` only gives the times.

    Raises InputError where neither tokens nor a model are named, and for options that do not go together.
    """
    if options.phone_lang is not None and options.phone_emissions is None:
        raise InputError("--phone-lang is for --phone-emissions", hint="leave it out or give --phone-emissions")
    if options.tokens is not None:
        table = TokenTable.read(options.tokens, options.blank_id, options.separator, phones is None, options.language)
        if phones is not None and table != phones.table:
            raise InputError(
                "these are not the tokens of the graph", file=options.tokens, hint="leave --tokens out, or make a graph for them"
            )
        facts = EmissionFacts(phones or spelling_of(table, options.tokens_model), None, model=TunedOn.of(table))
    elif model is not None or phones is not None:
        for name in ("tokens_model", "blank", "separator", "language"):
            if getattr(options, name) is not None:
                raise InputError(f"--{name.replace('_', '-')} is for --tokens, and --model has its own", hint="leave it out")
        pronounced = options.phone_emissions is not None and options.phone_lang is None
        facts = EmissionFacts(phones, None) if model is None else facts_of(model, None, phones, pronounced)
    else:
        raise InputError(
            "it is unknown what the columns of the emissions are", file=options.emissions,
            hint="give --tokens FILE, or --model MODEL for what `ctcb emit --model MODEL` wrote",
        )
    phonetics = None
    if options.phone_emissions is not None:
        phonetics = facts.phonetics or Phonetics.default() if options.phone_lang is None else Phonetics.read(options.phone_lang)
    return replace(
        facts, frame_shift=options.frame_shift or facts.frame_shift, phonetics=phonetics, scale=options.log_probs or "natural",
        trim_padding=options.trim_padding,
    )
