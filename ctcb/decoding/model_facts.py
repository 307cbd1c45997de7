"""What a decoder must know of a model, for emissions that are on file or were kept."""
from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ctcb.biasing.tuned_on import TunedOn
from ctcb.decoding.builder import EmissionFacts, words_spelled_by
from ctcb.model_names import is_foreign
from ctcb.phones.phonetics import Phonetics
from ctcb.text.lang import read_pronunciations
from ctcb.text.spelling import Spelling, TokenizerSpelling
from ctcb.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from ctcb.acoustic.model import AcousticModel
    from ctcb.acoustic.open import Tokens


def facts_of(model: str, tokens: Optional[Tokens] = None, phones: Optional[Spelling] = None, pronounced: bool = True) -> EmissionFacts:
    """The facts of the model that ``--model`` names. A model directory's network is not loaded; other models are opened.

    Parameters
    ----------
    tokens : of a model that does not name its own.
    phones : the spelling of a graph over phones, where one is searched.
    pronounced : whether the phone head's pronunciations are wanted, which a model directory reads in half a second.

    Raises InputError and RunError as :func:`ctcb.acoustic.open.open_model` does, and InputError for a model that spells no words.
    """
    if is_foreign(model):
        from ctcb.acoustic.open import Tokens, open_model  # here: import torch

        return facts_of_opened(open_model(model, tokens or Tokens()), model, phones)
    from ctcb.acoustic.directory import read_model_yaml  # here: imports torch
    from ctcb.acoustic.fingerprint import of_directory

    config, features = read_model_yaml(model)
    spelling = phones or TokenizerSpelling(Tokenizer.load(model))
    phonetics = Phonetics(*read_pronunciations(model)) if pronounced and config.phone_head is not None else None
    known_as = TunedOn.of(spelling.table, lambda: of_directory(model), model)
    return EmissionFacts(spelling, features.frame_shift * config.subsampling, phonetics, model=known_as)


def facts_of_opened(opened: AcousticModel, name: str, phones: Optional[Spelling] = None) -> EmissionFacts:
    """:func:`facts_of` for a model that is open, called ``name``."""
    spelling = words_spelled_by(opened, name, phones)
    return EmissionFacts(spelling, opened.frame_shift, opened.phonetics, model=TunedOn.of(spelling.table, lambda: opened.fingerprint, name))
