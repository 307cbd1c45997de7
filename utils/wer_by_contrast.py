"""WER by how far speech stands out of its background: is it the noise that a set suffers from?

    python utils/wer_by_contrast.py MANIFEST SCORE_JSON

An utterance's contrast is the level of its loud 10-ms frames (90th percentile) less that of its quiet
ones (8th percentile), in dB. The utterances are ordered by it and cut into quarters.
"""
from __future__ import annotations

import argparse
import json

import numpy as np

from ctcb.data.audio import SAMPLE_RATE, read_audio
from ctcb.data.manifest import read_manifest
from ctcb.errors import run_script

QUARTERS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest")
    parser.add_argument("score_json")
    options = parser.parse_args()
    with open(options.score_json, encoding="utf-8") as file:
        scored = {utterance["id"]: utterance for utterance in json.load(file)["per_utterance"]}
    rows = np.array([
        (contrast(read_audio(row.audio).samples), len(scored[row.utt_id]["edits"]), len(scored[row.utt_id]["ref"].split()))
        for row in read_manifest(options.manifest) if row.utt_id in scored
    ])  # fmt: skip
    for quarter in np.array_split(rows[np.argsort(rows[:, 0])], QUARTERS):
        print(f"{quarter[0, 0]:3.0f} to {quarter[-1, 0]:3.0f} dB  WER {100 * quarter[:, 1].sum() / quarter[:, 2].sum():5.1f} %")


def contrast(samples: np.ndarray) -> float:
    """Of ``[N]`` samples, in dB."""
    size = SAMPLE_RATE // 100
    energy = np.square(samples[: len(samples) // size * size].reshape(-1, size)).mean(axis=1)
    quiet, loud = np.percentile(10 * np.log10(energy + 1e-12), [8, 90])
    return float(loud - quiet)


if __name__ == "__main__":
    run_script(main, "wer_by_contrast.py")
