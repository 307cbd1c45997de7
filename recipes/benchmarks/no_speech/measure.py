"""What is recognised where nobody speaks, as a table: words and names in silence, noise, hum and music.

    python recipes/benchmarks/no_speech/measure.py --distractors FILE [--model DIR] [--lm FILE] [--results results/no_speech.md]

Each sound lasts 20 s and is made five times, from other random numbers and at levels from -40 to -6 dB; digital silence
is the same each time. The list holds 1,000 names, of which none is spoken. Right is: no word, no name.
"""
from __future__ import annotations

import random
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import click
import numpy as np

import ctcb
from ctcb.bundled import BUNDLED_MODEL
from ctcb.entities import EntityList
from ctcb.report.markdown import markdown, write_block

BLOCK = "no_speech"  # of the results file
RATE, SECONDS, TIMES, NAMES = 16000, 20, 5, 1000
HEADER = ("sound", "times", "words without the list", "words with it", "names", "what came out")


def silence(rng: np.random.Generator) -> np.ndarray:
    """Nothing."""
    return np.zeros(RATE * SECONDS)


def white(rng: np.random.Generator) -> np.ndarray:
    """The same energy in each hertz."""
    return rng.normal(size=RATE * SECONDS)


def pink(rng: np.random.Generator) -> np.ndarray:
    """The same energy in each octave."""
    spectrum = np.fft.rfft(rng.normal(size=RATE * SECONDS))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), RATE * SECONDS)


def hum(rng: np.random.Generator) -> np.ndarray:
    """Mains hum: 50 or 60 Hz and its overtones, over a little noise."""
    time, pitch = np.arange(RATE * SECONDS) / RATE, rng.choice([50, 60])
    tones = sum(rng.uniform(0.1, 1) / n * np.sin(2 * np.pi * pitch * n * time + rng.uniform(0, 6)) for n in range(1, 9))
    return tones + 0.01 * rng.normal(size=len(time))


def music(rng: np.random.Generator) -> np.ndarray:
    """Plucked chords of a major scale, with overtones that decay."""
    found, scale = np.zeros(RATE * SECONDS + 4 * RATE), [0, 2, 4, 5, 7, 9, 11]
    at = 0
    while at < RATE * SECONDS:
        length = int(RATE * rng.choice([0.25, 0.5, 1.0]))
        for _ in range(rng.integers(1, 4)):
            pitch = 220 * 2 ** ((rng.choice(scale) + 12 * rng.integers(0, 2)) / 12)
            time = np.arange(2 * length) / RATE
            note = sum(np.sin(2 * np.pi * pitch * n * time) * np.exp(-time * (2 + n)) / n for n in range(1, 7))
            found[at : at + 2 * length] += note
        at += length
    return found[: RATE * SECONDS]


SOUNDS: Dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "digital silence": silence, "white noise": white, "pink noise": pink, "hum": hum, "music": music,
}


def measure(recognizer: ctcb.Recognizer, names: EntityList, name: str) -> Sequence[str]:
    """The row of a kind of sound."""
    plain: List[int] = []
    biased: List[Tuple[int, int]] = []
    texts: List[str] = []
    for number in range(1 if name == "digital silence" else TIMES):
        rng = np.random.default_rng(number)
        samples = SOUNDS[name](rng)
        samples = samples * 10 ** (np.linspace(-40, -6, TIMES)[number] / 20) / max(1e-9, np.abs(samples).max())
        plain.append(len(recognizer.transcribe(samples).words))
        found = recognizer.transcribe(samples, names)
        biased.append((len(found.words), len(found.entities)))
        texts += [found.text] if found.text else []
    return (name, str(len(plain)), _range(plain), _range([words for words, _ in biased]), _range([count for _, count in biased]), "; ".join(texts))


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


@click.command(help=__doc__.split("\n", 1)[0])
@click.option("--model", default=str(BUNDLED_MODEL), help="Model directory.  [default: the bundled one]")
@click.option("--lm", help="An ARPA file.")
@click.option("--bias", default="joint", show_default=True, help="A preset.")
@click.option("--distractors", required=True, help="Names, one a line; 1,000 of them are taken.")
@click.option("--results", type=click.Path(dir_okay=False), help="Put the table into this Markdown file, too.")
def main(model: str, lm: Optional[str], bias: str, distractors: str, results: Optional[str]) -> None:
    recognizer = ctcb.load(model, lm=lm, bias=bias)
    pool = list(EntityList.read(distractors).entities)
    names = EntityList.of(random.Random(0).sample(pool, min(NAMES, len(pool))))
    lines = markdown(HEADER, [measure(recognizer, names, name) for name in SOUNDS])[:-1]
    click.echo("\n".join(lines))
    if results is not None:
        write_block(results, BLOCK, lines)


if __name__ == "__main__":
    main()
