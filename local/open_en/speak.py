"""Sentences spoken by a small synthetic voice at many speeds and pitches: audio and a manifest.

    python local/open_en/speak.py sentences.tsv --out DIR [--jobs N]

Wants hibari-tts (recipes/open_en/voice_requirements.txt). The voice is one. Each sentence is played at a rate of its own
between 0.84 and 1.18 of the original, which shifts pitch and formants as another speaker's throat would, and spoken
faster or slower on top of that.
"""
from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from speech import Spoken, write_speech  # noqa: E402
from voices import HIBARI_RATE, hibari  # noqa: E402

from ctcb.cli import run
from ctcb.errors import InputError
from ctcb.io import read_lines

PITCHES = (0.84, 1.18)
PACES = (0.85, 1.2)
PEAKS = (0.2, 0.9)
LICENSE = "synthetic; hibari-tts Apache-2.0"


class Prompt(NamedTuple):
    """A sentence, and how it is spoken."""

    text: str
    pitch: float  # 1: the voice's own
    pace: float  # 1: the voice's own
    seed: int
    peak: float  # the loudest sample


def say(prompt: Prompt) -> np.ndarray:
    """``[N]`` samples at 16 kHz."""
    samples = hibari(f"{prompt.text}.", prompt.pace / prompt.pitch, prompt.seed, round(HIBARI_RATE * prompt.pitch))
    return samples * (prompt.peak / max(1e-3, float(np.abs(samples).max())))


def utterance(utt_id: str, text: str) -> Spoken:
    """The sentence with a voice that its id determines."""
    draw = random.Random(utt_id)
    prompt = Prompt(text, draw.uniform(*PITCHES), draw.uniform(*PACES), draw.randrange(2**31), draw.uniform(*PEAKS))
    return Spoken(utt_id, prompt, f"hibari-ps{prompt.pitch:.2f}", "TTS hibari", LICENSE, text, text)


@click.command()
@click.argument("sentences", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the audio and manifest.tsv.")
@click.option("--jobs", default=2, show_default=True, help="Processes at a time.")
def command(sentences: Path, out: Path, jobs: int) -> None:
    """Speak sentences, each of them a line utt_id TAB sentence."""
    utterances = []
    for number, line in read_lines(sentences):
        fields = line.split("\t")
        if len(fields) != 2:
            raise InputError("not `utt_id TAB sentence`", file=sentences, line=number, hint="local/open_en/choose_sentences.py writes such a file")
        utterances.append(utterance(*fields))
    seconds = write_speech(out, utterances, say, jobs)
    click.echo(f"{len(utterances)} utterances, {seconds / 3600:.2f} h of synthetic speech", err=True)


if __name__ == "__main__":
    run(command, "speak")
