"""Corpora in the layouts and formats of their publishers, filled with speech that the tests make."""
from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np
import soundfile
from tones import RATE, WORDS, say, sentences

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


LIBRISPEECH_PARTS = {"train-clean-100": 24, "dev-clean": 8, "test-clean": 6, "test-other": 6}  # utterances
IS21_SIZES = (100, 500, 1000, 2000)


def make_librispeech(corpus: Path) -> Dict[str, Dict[str, str]]:
    """LibriSpeech/PART/SPEAKER/CHAPTER/*.flac and *.trans.txt, is21_deep_bias/ref/*.tsv and words/*.txt; part -> id -> text.

    Two speakers a part. Every other utterance of dev and test holds one of two words that training lacks, zed and quill. The
    distractors are random letters.
    """
    texts: Dict[str, Dict[str, str]] = {}
    for number, (part, count) in enumerate(LIBRISPEECH_PARTS.items()):
        texts[part] = {}
        for index, text in enumerate(sentences(count, seed=80 + number)):
            if not part.startswith("train") and index % 2:
                text = f"{text} {('zed', 'quill')[index // 2 % 2]}"
            speaker = 100 * (number + 1) + index % 2
            utt_id = f"{speaker}-{speaker}7-{index:04d}"
            folder = corpus / f"LibriSpeech/{part}/{speaker}/{speaker}7"
            folder.mkdir(parents=True, exist_ok=True)
            soundfile.write(str(folder / f"{utt_id}.flac"), say(text, seed=index), RATE)
            with open(folder / f"{speaker}-{speaker}7.trans.txt", "a") as file:
                file.write(f"{utt_id} {text.upper()}\n")
            texts[part][utt_id] = text
    rng = np.random.default_rng(0)
    others = sorted({"".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 7)) for _ in range(2500)})
    for name, words in (("common_words_5k", WORDS), ("all_rare_words", [*others, "zed", "quill"])):
        file = corpus / f"is21_deep_bias/words/{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(words) + "\n")
    for part in ("test-clean", "test-other"):
        for size in IS21_SIZES:
            file = corpus / f"is21_deep_bias/ref/{part}.biasing_{size}.tsv"
            file.parent.mkdir(parents=True, exist_ok=True)
            with open(file, "w") as table:
                for utt_id, text in texts[part].items():
                    rare = sorted({"zed", "quill"} & set(text.split()))
                    table.write("\t".join([utt_id, text, json.dumps(rare), json.dumps(sorted([*rng.choice(others, size - len(rare), False), *rare]))]) + "\n")
    return texts
