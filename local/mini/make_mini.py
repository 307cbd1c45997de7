"""A synthetic corpus: OUT/{train,dev,test}/manifest.tsv and their audio.

    python local/mini/make_mini.py --out DIR [--train N] [--dev N] [--test N] [--jobs N]

Sentences come from templates with up to two names. The names are words of the CMU dictionary, assigned to the sets
by their hashes, so that no two sets share a name. The voices of dev and test do not occur in training, although
they come from the same engines (local/shared/voices.py). The distractors.txt of dev and test has names of the same kind
that occur in no sentence, so neither the model nor an LM of the training texts knows them. The corpus is
deterministic.
"""
from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from typing import Dict, List

import click
import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from speech import Spoken, write_speech  # noqa: E402
from voices import Prompt, synthesise  # noqa: E402

from ctcb.cli import run
from ctcb.io import atomic_write
from ctcb.text.lexicon import dictionary_words
from ctcb.text.normalize import normalize

TEMPLATES = """
please call {} before noon|i would like to talk to {} about the report|{} will be here at nine in the morning
could you ask {} to send me the letter|we met {} in the town of {}|the train to {} leaves in ten minutes
{} and {} are waiting for you at the station|my friend {} lives in {}|thank you {} for your help with the garden
did you hear what {} said last night|the house of {} is on the hill|they moved from {} to {} in the spring
send this message to {} right away|i think that {} is the best player in the team|the road to {} is closed today
{} has written a book about the sea|tell {} that dinner is ready|we are looking for {} and her brother {}
the doctor told {} to stay in bed|on sunday we will visit {} in {}|{} bought a new car for the summer
the children went to school with {}|show me the way to {} please|the letter from {} came too late
the weather is fine and the water is warm|we had bread and cheese for lunch|it was a long and cold winter
nobody knows what time the shop will open|the dog ran over the field and into the wood
i have never seen such a beautiful picture|there is more than one way to do it|the last bus leaves at half past seven
"""
NAME = re.compile(r"[a-z]{5,9}")
TWO_WORDS = 0.4  # share of names
ABSENT = 1500  # names that occur in no sentence, in distractors.txt
SHARES = {"train": 70, "dev": 15, "test": 15}  # of the names, in percent
VOICES = {
    "train": (
        "hibari-20", "hibari-22", "hibari-24", "hibari-26", "hibari-28",
        "en-us", "en-us+m1", "en-us+m3", "en-us+m7", "en-us+f1", "en-us+f2", "en-us+f4", "en-us+klatt2",
    ),
    "dev": ("hibari-25", "en-us+m5", "en-us+f3"),
    "test": ("hibari-25", "en-us+m4", "en-us+f5"),
}  # fmt: skip
NEURAL = 0.6  # share of sentences that hibari synthesises


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the three sets.")
@click.option("--train", default=3000, show_default=True, help="Training sentences.")
@click.option("--dev", default=150, show_default=True, help="Dev sentences.")
@click.option("--test", default=150, show_default=True, help="Test sentences.")
@click.option("--jobs", default=2, show_default=True, help="Processes at a time.")
def command(out: Path, train: int, dev: int, test: int, jobs: int) -> None:
    """Write and synthesise the three sets."""
    names = name_words()
    for split, count in (("train", train), ("dev", dev), ("test", test)):
        lines = [write_line(split, number, names[split]) for number in range(count)]
        seconds = write_speech(out / split, lines, synthesise, jobs)
        if split != "train":
            spoken = {word for line in lines for word in normalize(line.prompt.text).split()}
            write_distractors(out / split / "distractors.txt", [word for word in names[split] if word not in spoken], split)
        click.echo(f"{split}: {count} utterances, {seconds / 3600:.2f} h of synthetic speech", err=True)


def name_words() -> Dict[str, List[str]]:
    """Words for each set's names, without those of the templates."""
    known = set(normalize(TEMPLATES.replace("{}", " ")).split())
    words: Dict[str, List[str]] = {split: [] for split in SHARES}
    for word in sorted(dictionary_words()):
        if NAME.fullmatch(word) and word not in known:
            at = _hash(word) % 100
            for split, share in SHARES.items():
                if 0 <= at < share:
                    words[split].append(word)
                at -= share
    return words


def write_line(split: str, number: int, words: List[str]) -> Spoken:
    """The sentence with this number, with its voice and pace."""
    random = np.random.default_rng(_hash(f"{split} {number}"))
    templates = [template for row in TEMPLATES.strip().splitlines() for template in row.split("|")]
    text = templates[random.integers(len(templates))]
    while "{}" in text:
        text = text.replace("{}", _name(random, words), 1)
    neural = random.random() < NEURAL
    voices = [voice for voice in VOICES[split] if voice.startswith("hibari") == neural]
    voice = voices[random.integers(len(voices))]
    prompt = Prompt(f"{text[0].upper()}{text[1:]}.", voice, round(random.uniform(0.9, 1.1), 3), number)
    return Spoken(f"{split}-{number:05d}", prompt, voice, "mini", "CC0-1.0", normalize(prompt.text), prompt.text)


def write_distractors(path: Path, words: List[str], split: str) -> None:
    """Write names of the same kind, made of words that the set does not contain."""
    random = np.random.default_rng(_hash(f"{split} unsaid"))
    with atomic_write(path) as file:
        file.writelines(f"{name}\n" for name in sorted({_name(random, words) for _ in range(ABSENT)}))


def _name(random: np.random.Generator, words: List[str]) -> str:
    return " ".join(word.capitalize() for word in random.choice(words, 1 + (random.random() < TWO_WORDS)))


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


if __name__ == "__main__":
    run(command, "make_mini")
