"""What reading a corpus costs: a synthetic manifest of many cuts is prepared and gone through as training does.

    python recipes/benchmarks/streams/measure_streams.py [--cuts 1000000] [--batches 1000]

Writes a manifest.tsv with so many rows and cuts with (unread) features to a temporary folder, splits the one
as steps/prepare.sh --nj does, and takes one epoch's batches of the other; prints each step's processor time
and the process's highest resident memory after it.
"""
from __future__ import annotations

import argparse
import gzip
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict

from lhotse import CutSet

sys.path.append(str(Path(__file__).resolve().parents[3] / "utils"))
from split_manifest import split  # noqa: E402

from ctcb.data.loader import EpochBatches  # noqa: E402

SECONDS = 4.0  # of a cut


def cut(number: int) -> Dict[str, Any]:
    """A cut with stored features as lhotse writes it; the n-th one's duration differs a little from the others'."""
    name, duration = f"utterance-{number:08d}", SECONDS + number % 100 / 50
    frames = round(100 * duration)
    return {
        "id": name, "start": 0.0, "duration": duration, "channel": 0, "type": "MonoCut",
        "supervisions": [{
            "id": name, "recording_id": name, "start": 0.0, "duration": duration, "channel": 0, "language": "en",
            "text": "we would like to thank the commission for its answer", "speaker": f"s{number % 1000}",
        }],
        "features": {
            "type": "kaldi-fbank", "num_frames": frames, "num_features": 80, "frame_shift": 0.01, "sampling_rate": 16000,
            "start": 0, "duration": duration, "storage_type": "lilcom_chunky", "storage_path": "feats.lca",
            "storage_key": "0,1000", "channels": 0,
        },
        "recording": {
            "id": name, "sources": [{"type": "file", "channels": [0], "source": f"audio/{name}.flac"}],
            "sampling_rate": 16000, "num_samples": round(16000 * duration), "duration": duration, "channel_ids": [0],
        },
    }  # fmt: skip


def report(what: str, began: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {time.process_time() - began:.1f} s of processor time, highest memory so far {peak:.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=1_000_000)
    parser.add_argument("--batches", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, began = Path(name), time.process_time()
        with open(folder / "manifest.tsv", "w") as table, gzip.open(folder / "cuts.jsonl.gz", "wt", compresslevel=1) as cuts:
            table.write("utt_id\taudio\ttext\n")
            for number in range(options.cuts):
                table.write(f"utterance-{number:08d}\taudio/{number}.flac\twe would like to thank the commission\n")
                cuts.write(json.dumps(cut(number)) + "\n")
        report(f"{options.cuts} cuts written", began)
        began = time.process_time()
        parts = split(folder / "manifest.tsv", folder / "parts", 1024)
        report(f"manifest.tsv split into {parts} parts", began)
        began = time.process_time()
        batches = EpochBatches(CutSet.from_file(folder / "cuts.jsonl.gz"), 200.0, seed=1)
        report("copies counted", began)
        began, seen = time.process_time(), 0
        for number, batch in enumerate(batches, start=1):
            seen += len(batch)
            if number == options.batches:
                break
        report(f"{number} batches, {seen} cuts", began)
    if not seen:
        sys.exit(1)


if __name__ == "__main__":
    main()
