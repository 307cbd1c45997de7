"""Sentences spoken by a small synthetic voice at many speeds and pitches: audio and a manifest.

    python local/open_en/speak.py sentences.tsv --out DIR [--jobs N]

Wants hibari-tts, soundfile and soxr, for which the recipe makes an environment of its own; it imports nothing of ctcb.
The voice is one. Each sentence is played at a rate of its own between 0.84 and 1.18 of the original, which shifts pitch
and formants as another speaker's throat would, and spoken faster or slower on top of that.
"""
from __future__ import annotations

import argparse
import random
import sys
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path
from typing import Any, Tuple

RATE = 16000  # Hz, of what is written
PITCHES = (0.84, 1.18)
SPEEDS = (0.85, 1.2)
LICENSE = "synthetic; hibari-tts Apache-2.0"
COLUMNS = ("utt_id", "audio", "duration_s", "speaker", "source", "license", "text")


@lru_cache(maxsize=None)
def voice() -> Any:
    """The voice, loaded once a process."""
    from hibari import Hibari

    return Hibari()


def speak(task: Tuple[str, str, Path]) -> str:
    """Say a sentence, write ``OUT/audio/UTT_ID.flac``; the row of the manifest."""
    import soundfile
    import soxr

    utt_id, text, out = task
    draw = random.Random(utt_id)
    pitch, speed = draw.uniform(*PITCHES), draw.uniform(*SPEEDS)
    audio = voice()(text + ".", speed=speed / pitch, seed=draw.randrange(2**31))
    samples = soxr.resample(audio, 24000 * pitch, RATE)
    peak = max(1e-3, float(abs(samples).max()))
    soundfile.write(str(out / "audio" / f"{utt_id}.flac"), samples * (draw.uniform(0.2, 0.9) / peak), RATE)
    row = utt_id, f"audio/{utt_id}.flac", f"{len(samples) / RATE:.3f}", f"hibari-ps{pitch:.2f}", "TTS hibari", LICENSE, text
    return "\t".join(row) + "\n"


def main() -> None:
    """Read the sentences, speak them in several processes, write the manifest last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences", type=Path, help="utt_id TAB sentence")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    given = parser.parse_args()
    lines = [line.split("\t") for line in given.sentences.read_text("utf-8").splitlines()]
    wrong = next((number for number, line in enumerate(lines, start=1) if len(line) != 2), None)
    if wrong is not None:
        sys.exit(f"{given.sentences}:{wrong}: not `utt_id TAB sentence`; local/open_en/choose_sentences.py writes such a file")
    (given.out / "audio").mkdir(parents=True, exist_ok=True)
    with Pool(given.jobs) as pool:
        rows = list(pool.imap(speak, [(utt_id, text, given.out) for utt_id, text in lines], chunksize=8))
    (given.out / "manifest.tsv").write_text("\t".join(COLUMNS) + "\n" + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
