"""WER against SCTK's sclite and jiwer, all three on the same files; sclite's figures also stand here as it gave them.

sclite is Debian's package ``sctk``; where it is missing, the tests that run it are skipped.
"""
from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import jiwer
import pytest

from ctcb.scoring.alignment import align_weighted
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.score import score
from ctcb.scoring.wer import count_errors

SCLITE = shutil.which("sclite") or next(filter(Path.exists, map(Path, ("/usr/lib/sctk/bin/sclite", "/usr/local/bin/sclite"))), None)
needs_sclite = pytest.mark.skipif(SCLITE is None, reason="sclite is missing; Debian's package sctk has it (apt install sctk)")

# name -> references, hypotheses, and what sclite 2.10 says of them: words, substitutions, deletions, insertions
CORPORA = {
    "english": (
        "please call the doctor now (anna-01)\nthe minister thanked her (anna-02)\nwe meet at noon (ben-01)\n",
        "please call a doctor now (anna-01)\nminister thanked her twice (anna-02)\nwe meet at noon (ben-01)\n",
        (13, 1, 1, 1),
    ),
    "german": (
        "er möchte über die straße gehen (de_001)\nschön dass du da bist (de_002)\n",
        "er mochte die straße entlang gehen (de_001)\nschön dass du (de_002)\n",
        (11, 1, 3, 1),
    ),
    "russian": ("он говорит по русски (r1)\nда (r2)\n", "он говорил по русски (r1)\nну да (r2)\n", (5, 1, 0, 1)),
}


def run_sclite(ref, hyp, kind="trn", *options):
    """Words, substitutions, deletions and insertions of all utterances."""
    done = subprocess.run(
        [str(SCLITE), "-r", ref, kind[0], "-h", hyp, kind[1], *(["-i", "spu_id"] if kind[0] == "trn" else []), "-e", "utf-8", *options, "-o", "rsum", "stdout"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    row = re.search(r"\|\s*Sum\s*\|\s*\d+\s+(\d+)\s*\|\s*\d+\s+(\d+)\s+(\d+)\s+(\d+)\s", done.stdout)
    assert row, done.stdout + done.stderr
    return tuple(map(int, row.groups()))


def written(folder, ref, hyp, kind=("trn", "trn")):
    paths = folder / f"ref.{kind[0]}", folder / f"hyp.{kind[1]}"
    for path, text in zip(paths, (ref, hyp)):
        path.write_text(text, encoding="utf-8")
    return paths


def ours(ref, hyp, **options):
    counts = score(read_transcripts(ref), read_transcripts(hyp), draws=0, **options).wer
    return counts.words, counts.substitutions, counts.deletions, counts.insertions


def texts(path):
    """The texts by a plain reading of ``words (id)``."""
    return {line.rpartition("(")[2].strip(" )"): line.rpartition("(")[0].strip() for line in path.read_text("utf-8").splitlines()}


@pytest.mark.parametrize("name", CORPORA)
def test_same_counts_as_sclite_gave_and_jiwer_gives(tmp_path, name):
    ref, hyp, counts = CORPORA[name]
    paths = written(tmp_path, ref, hyp)
    assert ours(*paths) == counts
    refs, hyps = map(texts, paths)
    theirs = jiwer.process_words([refs[one] for one in refs], [hyps[one] for one in refs])
    assert theirs.substitutions + theirs.deletions + theirs.insertions == sum(counts[1:])
    assert theirs.wer == pytest.approx(sum(counts[1:]) / counts[0])


@needs_sclite
@pytest.mark.parametrize("name", CORPORA)
def test_sclite_still_gives_these_counts(tmp_path, name):
    ref, hyp, counts = CORPORA[name]
    assert run_sclite(*written(tmp_path, ref, hyp), ("trn", "trn")) == counts


@needs_sclite
@pytest.mark.parametrize("seed", range(3))
def test_same_counts_as_sclite_for_random_texts(tmp_path, seed):
    """sclite takes the cheapest alignment at 4 for a substitution and 3 for the others; so does align_weighted, and WER has at most as many errors."""
    draw = random.Random(seed)
    words = ["ab", "cd", "ef", "gh", "ij"]
    refs = {f"s{n % 3}-{n:02}": [draw.choice(words) for _ in range(draw.randint(1, 12))] for n in range(40)}
    hyps = {name: [draw.choice(words) if draw.random() < 0.2 else word for word in text if draw.random() > 0.1] for name, text in refs.items()}
    paths = written(tmp_path, *("".join(f"{' '.join(text)} ({name})\n" for name, text in side.items()) for side in (refs, hyps)))
    theirs = run_sclite(*paths, ("trn", "trn"))
    counts = [count_errors(align_weighted(refs[name], hyps[name])) for name in refs]
    assert theirs[0] == sum(one.words for one in counts)
    assert sum(theirs[1:]) == sum(one.errors for one in counts)
    jiwers = jiwer.process_words([" ".join(text) for text in refs.values()], [" ".join(text) for text in hyps.values()])
    assert sum(ours(*paths)[1:]) == jiwers.substitutions + jiwers.deletions + jiwers.insertions <= sum(theirs[1:])


STM = """talk A anna 0.00 2.00 <O,F> please call { um / @ } doctor miller
talk A ben 2.00 4.00 <O,M> the (uh) report is here
"""
CTM = """talk A 0.10 0.20 please 0.9
talk A 0.40 0.20 call 0.9
talk A 0.80 0.20 doctor 0.9
talk A 1.20 0.40 muller 0.9
talk A 2.10 0.20 the 0.9
talk A 2.50 0.40 report 0.9
talk A 3.00 0.20 is 0.9
talk A 3.30 0.20 here 0.9
talk A 3.60 0.20 now 0.9
"""


def test_times_and_alternatives_as_sclite_gave_them(tmp_path):
    _, *errors = ours(*written(tmp_path, STM, CTM, ("stm", "ctm")))
    assert errors == [1, 0, 1]


@needs_sclite
def test_sclite_still_gives_these_errors_for_times_and_alternatives(tmp_path):
    _, *errors = run_sclite(*written(tmp_path, STM, CTM, ("stm", "ctm")), ("stm", "ctm"), "-D")
    assert errors == [1, 0, 1]
