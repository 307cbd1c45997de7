"""Rows of padding are told from emissions; what the message says to do works."""
from __future__ import annotations

import re

import numpy as np
import pytest
from constructed import LETTERS, MET, PIECES, SPOKEN, log_probs, write

from ctcb import CtcDecoder
from ctcb.ctc.padding import Speech, speech_of
from ctcb.errors import InputError

KINDS = {"pieces": (PIECES, MET), "letters": (LETTERS, SPOKEN)}


def padded(array, value, before=0, behind=5):
    rows = np.full((before + behind, array.shape[1]), value, array.dtype)
    return np.concatenate([rows[:before], array, rows[before:]])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0.0, -np.inf, np.nan, -100.0, "uniform"])
@pytest.mark.parametrize("before, behind", [(0, 5), (2, 4), (3, 0)])
@pytest.mark.parametrize("scale", ["natural", "logits"])
def test_padding_is_named_and_the_hint_works(ctcb, tmp_path, kind, value, before, behind, scale):
    symbols, frames = KINDS[kind]
    plain = log_probs(symbols, frames)
    array = padded(plain, -np.log(len(symbols)) if value == "uniform" else value, before, behind)
    options = {"frame_shift": 0.04, "log_probs": scale}
    expected = CtcDecoder(symbols, 0, frame_shift=0.04).decode(plain, ["Bob"])
    assert expected.text == "ann met bob"
    with pytest.raises(InputError, match="padding of a batch.*--trim-padding; in Python trim_padding=True") as error:
        CtcDecoder(symbols, 0, **options).decode(array, ["Bob"])
    first, end = map(int, re.search(r"keep \[(\d+):(\d+)\]", str(error.value)).groups())
    assert np.array_equal(array[first:end], plain)
    trimmed = CtcDecoder(symbols, 0, trim_padding=True, **options).decode(array, ["Bob"])
    assert (trimmed.text, trimmed.words[-1].end, trimmed.seconds) == (expected.text, expected.words[-1].end, expected.seconds)
    assert trimmed.entities[0].start == expected.entities[0].start


@pytest.mark.parametrize("scale", ["natural", "logits"])
def test_command_as_python(ctcb, tmp_path, scale):
    given = write(tmp_path, {"u": padded(log_probs(LETTERS, SPOKEN), 0.0)}, LETTERS)
    (tmp_path / "names.txt").write_text("Bob\n")
    words = ["decode", *given, "--blank", "0", "--entities", tmp_path / "names.txt", "--log-probs", scale]
    ran = ctcb(*words)
    assert ran.code == 2 and "e.npz: utterance 'u': emissions from frame 13 to the last, 17, hold one value" in ran.err
    ran = ctcb(*words, "--trim-padding")
    assert (ran.code, ran.out) == (0, "u ann met bob\n")
    assert ctcb("decode", "--trim-padding", tmp_path / "a.wav").code == 2


def test_phones_are_cut_with_the_tokens():
    from ctcb.text.lexicon import phone_symbols

    tokens = padded(log_probs(PIECES, MET), 0.0)
    phones = padded(log_probs(phone_symbols(), ["AE", "N", "M", "EH", "T", "B", "AA", "B"]), 0.0)
    decoder = CtcDecoder(PIECES, 0, phone_emissions=True, trim_padding=True)
    assert decoder.decode(tokens, ["Bob"], phones=phones).text == "ann met bob"


def test_emissions_without_padding_are_left_alone():
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((20, 6)).astype(np.float32)
    assert speech_of(logits, True) == speech_of(logits) == Speech(0, 20)
    logits[:, 1] = logits[:, 0]  # two tokens alike are no padding
    assert speech_of(logits, True) == Speech(0, 20)
    for odd in (np.zeros((4, 6)), np.zeros((0, 6)), np.zeros(5), np.zeros((3, 1)), np.zeros((3, 4), int)):
        assert speech_of(odd) == Speech(0, len(odd))
    one = padded(log_probs(PIECES, MET), -np.log(len(PIECES)), 0, 1)  # a frame of equal chances may be one
    assert speech_of(one) == Speech(0, len(one)) and speech_of(one, True) == Speech(0, len(one) - 1)
