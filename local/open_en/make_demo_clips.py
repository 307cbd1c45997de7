"""Synthesise the demo's sentences with hibari-tts (Apache-2.0, its voice ships inside the PyPI package).

    pip install hibari-tts && python local/open_en/make_demo_clips.py ctcb/assets/demo

The sentences and names are the project's own. Writes Ogg/Opus clips, manifest.tsv and entities.txt.
"""
from __future__ import annotations

import sys
from pathlib import Path

import soundfile
import torch
from hibari import Hibari
from lhotse.augmentation import get_or_create_resampler

RATE = 16_000  # Hz
SENTENCES = (
    "Please call Marlo Vandersteen before the meeting on Thursday.",
    "The minister thanked Odile Brancaforte for her work on the report.",
    "She was given two tablets of velotoxine in the morning.",
    "We will travel from Harrowmere to the city of Quillbrook by train.",
    "Could you ask Teodora Lindqvale to send me the letter again?",
    "The doctor said that fenturamide may cause a headache.",
    "It was a long winter, and nobody came to the house.",
    "I would like to thank the commission for this good proposal.",
)
ENTITIES = (
    "Marlo Vandersteen", "Odile Brancaforte", "velotoxine", "Harrowmere", "Quillbrook", "Teodora Lindqvale", "fenturamide",
)


def main(folder: Path) -> None:
    """Write the clips, their manifest and the list."""
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    voice = Hibari()
    resample = get_or_create_resampler(voice.sample_rate, RATE)
    lines = ["utt_id\taudio\tduration_s\tspeaker\tsource\tlicense\ttext"]
    for number, sentence in enumerate(SENTENCES, start=1):
        samples = resample(torch.from_numpy(voice(sentence, seed=number))).numpy()
        name = f"audio/demo_{number:02d}.ogg"
        soundfile.write(str(folder / name), samples, RATE, format="OGG", subtype="OPUS")
        seconds = soundfile.info(str(folder / name)).duration
        lines.append(f"demo_{number:02d}\t{name}\t{seconds:.3f}\thibari-heart\thibari-tts\tCC0-1.0\t{sentence}")
    (folder / "manifest.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "entities.txt").write_text("\n".join(ENTITIES) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
