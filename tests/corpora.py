"""Corpora in the layouts and formats of their publishers, filled with speech that the tests make."""
from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import List, Sequence, Tuple

import numpy as np
import soundfile
from tones import RATE, say, sentences

VOXPOPULI_COLUMNS = (
    "session_id id_ original_text normed_text speaker_id split gender start_time end_time vad is_gold_transcript accent".split()
)
INTERJECTION = "max max"  # said between the pieces of an utterance, and not transcribed


def make_voxpopuli(corpus: Path, utterances: int = 6) -> List[dict]:
    """raw_audios/original/YEAR/SESSION_original.ogg and transcribed_data/en/asr_en.tsv.gz; the rows.

    Two sessions a split; every other utterance consists of two pieces with an interjection between. Dev and
    test hold a name, Zed Quill, that training lacks.
    """
    rows = []
    for number, (split, year) in enumerate([("train", 2012), ("train", 2013), ("dev", 2017), ("dev", 2018), ("test", 2018), ("test", 2019)]):
        session = f"{year}0{number + 1}10-0900-PLENARY-{number}"
        parts: List[np.ndarray] = []
        for index, text in enumerate(sentences(utterances, seed=number)):
            original = text.capitalize() + "."
            if split != "train" and index % 2:
                text, original = f"{text} zed quill", f"{text.capitalize()} Zed Quill."
            pieces = _add(parts, [text] if index % 2 else text.split(" ", 1), seed=index)
            rows.append(dict(zip(VOXPOPULI_COLUMNS, (
                session, f"en_{session[:8]}-09:0{index}:00_{index}", original, text, f"{number}", split, "female",
                str(pieces[0][0]), str(pieces[-1][1]), repr([list(piece) for piece in pieces]),
                str(split == "test" and index % 2 == 0), "None",
            ))))  # fmt: skip
        path = corpus / f"raw_audios/original/{year}/{session}_original.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(str(path), np.concatenate(parts), RATE, format="OGG", subtype="VORBIS")
    path = corpus / "transcribed_data/en/asr_en.tsv.gz"
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, VOXPOPULI_COLUMNS, delimiter="|", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        writer.writerow({**rows[0], "id_": "en_unaligned", "split": "invalid"})  # the file has such, too
    return rows


def _add(parts: List[np.ndarray], texts: Sequence[str], seed: int) -> List[Tuple[float, float]]:
    """Synthesise the texts one after the other, with interjections between; their spans in seconds."""
    pieces = []
    for number, text in enumerate(texts):
        for said, keep in ((INTERJECTION, False), (text, True)) if number else ((text, True),):
            start = sum(map(len, parts)) / RATE
            parts.append(say(said, seed))
            if keep:
                pieces.append((round(start, 2), round(sum(map(len, parts)) / RATE, 2)))
    parts.append(np.zeros(RATE // 2, np.float32))
    return pieces


def make_medical(corpus: Path) -> List[Tuple[str, str, float, float, str]]:
    """audio/NAME.mp3, cleantext/NAME.txt and medical_{train,dev,test}.info; (split, name, start, end, text) a line.

    Each interview consists of six turns; the last two are one stretch of the .info, the others have one each.
    """
    lines = []
    (corpus / "audio").mkdir(parents=True)
    (corpus / "cleantext").mkdir()
    for number, split in enumerate(("train", "train", "dev", "test")):
        name = f"RES{number:04d}"
        parts: List[np.ndarray] = []
        turns = [f"{text} zedocain" if split != "train" and turn % 2 else text for turn, text in enumerate(sentences(6, seed=50 + number))]
        times = []
        for text in turns:
            start = sum(map(len, parts)) / RATE
            parts.append(say(text, seed=number))
            times.append((round(start, 2), round(sum(map(len, parts)) / RATE, 2)))
            parts.append(np.zeros(RATE // 2, np.float32))
        soundfile.write(str(corpus / f"audio/{name}.mp3"), np.concatenate(parts), RATE, format="MP3")
        (corpus / f"cleantext/{name}.txt").write_text(
            "\n\n".join(f"{'DP'[turn % 2]}: {text.capitalize()}." for turn, text in enumerate(turns)) + "\n"
        )
        lines += [(split, name, *times[turn], turns[turn]) for turn in range(4)]
        lines.append((split, name, times[4][0], times[5][1], " ".join(turns[4:])))
    for split in ("train", "dev", "test"):
        text = "".join(f"audio/{name}.mp3[{start},{end}]\t{text}\n" for which, name, start, end, text in lines if which == split)
        (corpus / f"medical_{split}.info").write_text(text)
    return lines
