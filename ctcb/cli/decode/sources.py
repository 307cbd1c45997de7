"""Where ``ctcb decode`` gets its emissions from: a model that listens, or a file of any model's."""
from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Iterator, Mapping, Optional, Sequence, Tuple, Union

import click

from ctcb.cli.common.options import Decorator, Once, join
from ctcb.ctc.log_probs import SCALES, Emission
from ctcb.ctc.npz import read_npz, with_phones
from ctcb.errors import InputError
from ctcb.phones.phonetics import Phonetics
from ctcb.progress import progress
from ctcb.text.lang import Lang
from ctcb.text.spelling import Spelling, TokenizerSpelling, spelling_of
from ctcb.text.tokens import TokenTable

if TYPE_CHECKING:
    from ctcb.cli.common.recognition import EncoderOf


@dataclass(frozen=True)
class Source:
    """Emissions and what they mean."""

    spelling: Spelling  # how words are spelled in their tokens
    frame_shift: float  # seconds
    utt_ids: Tuple[str, ...]
    emissions: Iterator[Emission]  # in the order of the ids
    scale: str  # a name in SCALES
    phonetics: Optional[Phonetics] = None  # of the phone head, where its emissions come along


@dataclass(frozen=True)
class EmissionOptions:
    """The options of :func:`emission_options`, as they were given."""

    emissions: Optional[str] = None
    tokens: Optional[str] = None
    tokens_model: Optional[str] = None
    blank: Optional[str] = None
    separator: Optional[str] = None
    log_probs: Optional[str] = None
    frame_shift: Optional[float] = None
    phone_emissions: Optional[str] = None

    @property
    def blank_id(self) -> Union[int, str, None]:
        """The blank as an id, where it is one."""
        return int(self.blank) if self.blank and self.blank.isdecimal() else self.blank


OF_TOKENS = ("tokens", "tokens_model", "blank", "separator")  # also of models in ONNX, which do not tell their own


def emission_options() -> Decorator:
    """Options that put a file of emissions in the place of audio."""
    return join(
        click.option("--emissions", cls=Once, type=click.Path(), help="A .npz with an array [frames, tokens] an utterance, instead of INPUTS."),
        click.option("--tokens", type=click.Path(), help="Its tokens, one a line (or `token id`). Without: those of --model; needed with --model onnx:FILE."),
        click.option("--tokens-model", type=click.Path(), help="The sentencepiece model of --tokens, to spell names as it does."),
        click.option("--blank", metavar="ID|SYMBOL", help="The blank among --tokens.  [default: 0, if called like one]"),
        click.option("--separator", metavar="SYMBOL", help="What stands between words in --tokens.  [default: the | or space there]"),
        click.option("--log-probs", type=click.Choice(list(SCALES)), help="What the emissions are.  [default: natural]"),
        click.option("--frame-shift", type=click.FloatRange(min=0, min_open=True), help="Seconds between two frames of --emissions."),
        click.option("--phone-emissions", cls=Once, type=click.Path(), help="A .npz with a phone head's emissions of the same utterances."),
    )


def of_audio(
    inputs: Sequence[str], model: str, batch_seconds: float, jobs: int, phones: Optional[Spelling] = None,
    known: Optional[Mapping[str, float]] = None, tokens: EmissionOptions = EmissionOptions(), encoder: Optional[EncoderOf] = None,
    compared: bool = False, vad: bool = False, adapter: Optional[str] = None,
) -> Source:
    """What a model makes of audio: of its phone head, spelled by ``phones``, where these are given.

    ``known``, ``encoder``, ``compared``, ``vad`` and ``adapter`` as ``listen`` takes them. ``tokens`` of models that do not tell their own.
    """
    from ctcb.acoustic.emit import Emitted
    from ctcb.acoustic.open import Tokens, is_foreign
    from ctcb.cli.common.recognition import listen  # here: imports torch

    stray = [
        field.name for field in fields(tokens)
        if getattr(tokens, field.name) is not None and not (is_foreign(model) and field.name in OF_TOKENS)
    ]
    if stray:
        raise InputError(f"--{stray[0].replace('_', '-')} is for --emissions", hint="leave it out or give --emissions")
    told = Tokens(tokens.tokens, tokens.tokens_model, tokens.blank_id, tokens.separator)
    heard = listen(inputs, model, batch_seconds, jobs, known, told, encoder, compared, vad, adapter)
    ear = heard.ear
    if ear.spelling is None and phones is None:
        raise InputError("this model hears phones and spells no words", file=model, hint="give a graph over phones (--graph; `ctcb graph` makes it)")
    if phones is not None and ear.phone_head is None:
        raise InputError("this model has no phone head", file=model, hint="use a graph over subwords")
    head = 0 if phones is None else ear.phone_head

    def emission(one: Emitted) -> Emission:
        log_probs = one.heads[head] if one.heads else None
        of_phones = one.heads[ear.phone_head] if one.heads and ear.phone_head is not None else None
        plain = one.heads[len(one.heads) // 2 + head] if one.heads and compared and encoder is not None else None
        return Emission(one.utterance.utt_id, log_probs, one.utterance.audio, one.error, of_phones, one.start, one.last, plain)

    spelling = phones or ear.spelling
    return Source(spelling, ear.frame_shift, heard.utt_ids, map(emission, heard.emitted), "natural", ear.phonetics)


def of_file(options: EmissionOptions, model: Optional[str], timed: bool, phones: Optional[Spelling] = None) -> Source:
    """What any model made; with our own ``model`` in the place of tokens. ``timed``: times will be told.

    ``phones`` are the tokens and their spelling where a graph tells these; then ``model`` only tells the times.
    """
    utt_ids, emissions = read_npz(options.emissions)
    frame_shift = options.frame_shift
    if options.tokens is not None:
        table = TokenTable.read(options.tokens, options.blank_id, options.separator, words_apart=phones is None)
        if phones is not None and table != phones.table:
            raise InputError(
                "these are not the tokens of the graph", file=options.tokens, hint="leave --tokens out, or make a graph for them"
            )
        spelling: Spelling = phones or spelling_of(table, options.tokens_model)
    elif model is not None or phones is not None:
        for name in ("tokens_model", "blank", "separator"):
            if getattr(options, name) is not None:
                raise InputError(f"--{name.replace('_', '-')} is for --tokens, and --model tells its own", hint="leave it out")
        if model is not None:
            from ctcb.acoustic.directory import read_model_yaml  # here: imports torch
            from ctcb.text.tokenizer import Tokenizer

            config, features = read_model_yaml(model)
            frame_shift = frame_shift or features.frame_shift * config.subsampling
        spelling = phones or TokenizerSpelling(Tokenizer.load(model))
    else:
        raise InputError(
            "what the columns of the emissions are is not told", file=options.emissions,
            hint="give --tokens FILE, or --model DIR for what `ctcb emit --model DIR` wrote",
        )
    if frame_shift is None and timed:
        raise InputError(
            "how far apart the frames are is not told, so words have no times", file=options.emissions,
            hint="give --frame-shift SECONDS (many models: 0.02 or 0.04), or only print --format text",
        )
    phonetics = None
    if options.phone_emissions is not None:
        # Of other models, only a head for the phones of the CMU dictionary can be used.
        phonetics = Phonetics.default() if options.tokens is not None or model is None else Phonetics.of(Lang.load(model))
        emissions = with_phones(emissions, options.phone_emissions)
    shown = progress(emissions, "decoding", total=len(utt_ids))
    return Source(spelling, frame_shift or 1.0, utt_ids, iter(shown), options.log_probs or "natural", phonetics)
