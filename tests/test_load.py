"""Load: memory does not grow with the number of utterances, threads do not change a byte, long input takes linear time."""
from __future__ import annotations

import gc
import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
from constructed import PIECES, log_probs, write
from growth import linear
from tones import RATE, WORDS, say, sentences, write_manifest

from ctcb.entities import EntityList
from ctcb.text.normalize import normalize

COUNT = 10_000


def resident():
    """Bytes of memory that this process holds."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def slope(decoded, count):
    """Bytes an utterance by which memory grows over the last nine tenths of a run."""
    places, held = [], []
    for number, one in enumerate(decoded):
        assert one.error is None
        if number % (count // 50) == 0 and number >= count // 10:
            places.append(number)
            held.append(resident())
    assert number == count - 1
    return float(np.polyfit(places, held, 1)[0])


@pytest.mark.slow
def test_memory_over_10000_utterances(model_dir, tmp_path):
    from ctcb.data.inputs import find_utterances
    from ctcb.decoding.builder import Config, build
    from ctcb.decoding.list_preparation import Contexts

    for number in range(20):
        soundfile.write(str(tmp_path / f"{number}.wav"), say(WORDS[number], seed=number), RATE)
    rows = [f"u{number}\t{number % 20}.wav\t" for number in range(COUNT)]
    (tmp_path / "m.tsv").write_text("\n".join(["utt_id\taudio\ttext", *rows]) + "\n")
    recognizer = build(Config(model_dir, bias="none", with_=("subword",)))
    contexts = Contexts.alike(recognizer.prepare(EntityList.of(["Kit Lee", "Zed", "Ann"])))
    emitted = recognizer.emit(find_utterances([str(tmp_path / "m.tsv")]), contexts)
    found = slope(recognizer.pipeline.decode_many(emitted, contexts, nbest=3, jobs=2), COUNT)
    print(f"memory grows by {found:.0f} bytes an utterance")
    assert found < 500  # an utterance's id and place are kept; its audio, emissions and transcript are some 100 KB


@pytest.mark.slow
def test_output_does_not_depend_on_jobs_or_threads(adapter_dir, tmp_path):
    """MKL's sums depend on its number of threads in the last bits, so a score may differ in its last digit."""
    manifest = write_manifest(tmp_path / "in", sentences(20, seed=9))
    (tmp_path / "names.txt").write_text("zed\nkit lee\nann\n")
    found = {}
    for threads, jobs in ((1, 1), (2, 1), (2, 3), (1, 4)):
        environment = {**os.environ, **{name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}}
        words = [sys.executable, "-m", "ctcb", "decode", "--model", str(adapter_dir), "--jobs", str(jobs), "--format", "jsonl", "--nbest", "3"]
        ran = subprocess.run([*words, "--entities", str(tmp_path / "names.txt"), str(manifest)], capture_output=True, env=environment)
        assert ran.returncode == 0, ran.stderr
        found.setdefault(threads, set()).add(ran.stdout)
    (one,), (other,) = found[1], found[2]
    rows = [tuple(map(json.loads, lines)) for lines in zip(one.splitlines(), other.splitlines())]
    assert len(rows) == 20
    for first, second in rows:
        assert first["text"] == second["text"] and [w["start"] for w in first["words"]] == [w["start"] for w in second["words"]]
        assert abs(first["score"] - second["score"]) < 0.0025


def test_kernel_is_thread_safe():
    """One decoder with many utterances at once gives the results of single calls."""
    from ctcb import CtcDecoder

    decoder = CtcDecoder(PIECES, frame_shift=0.04)
    rng = np.random.default_rng(0)
    emissions = []
    for _ in range(60):
        logits = rng.normal(size=(rng.integers(1, 60), len(PIECES))) * 3
        emissions.append((logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32))
    alone = [decoder.decode(one, ["bob", "met ann"]) for one in emissions]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda one: decoder.decode(one, ["bob", "met ann"]), emissions * 5)) == alone * 5


@pytest.mark.parametrize(
    "text",
    ["1,111", "1,111 $", "1,111,111st ", "1.", "9", "1 ", "1⁄", "a'", "$1", "1:0", "-", "é", "北", "\u200d", "Mr.", "½", "1 hundred ", " :1.0"],
)
def test_normalisation_takes_linear_time(text):
    linear(lambda n: normalize(("1" if text[0] == "," else "") + text * n), 4000)
    linear(lambda n: normalize("1" + text[1:] * n), 4000)


def test_sentence_of_10000_words_is_scored(ctcb, tmp_path):
    rng = np.random.default_rng(0)
    said = rng.choice(WORDS, 10_000)
    heard = np.where(rng.random(10_000) < 0.1, "oops", said)
    (tmp_path / "ref").write_text(f"u {' '.join(said)}\n")
    (tmp_path / "hyp").write_text(f"u {' '.join(heard)}\n")
    (tmp_path / "names").write_text("kit\nann bob\n" + "cat " * 240 + "\n")
    files = ["--ref", tmp_path / "ref", "--hyp", tmp_path / "hyp", "--ref-format", "kaldi"]
    ran = ctcb("score", *files, "--entities", tmp_path / "names", "--json", tmp_path / "json")
    assert ran.code == 0
    assert abs(json.loads((tmp_path / "json").read_text())["measures"]["wer"]["value"] - (heard != said).mean()) < 0.002


def test_names_with_a_common_prefix_load_fast(ctcb, tmp_path):
    """Depth and suffixes of the context graph: names of up to 300 letters, each a prefix of the next."""
    given = write(tmp_path, {"u": log_probs(["<blk>", "▁", "a", "b", "▁bo"], ["▁bo", "b"])}, ["<blk>", "▁", "a", "b", "▁bo"])

    def decode(letters):
        names = math.isqrt(letters)  # whose lengths grow evenly: their letters are about the square of their number
        (tmp_path / "names.txt").write_text("".join("ab" * n + "\n" for n in range(1, names)) + "bob\n")
        ran = ctcb("decode", *given, "--entities", tmp_path / "names.txt")
        assert ran.code == 0 and ran.out == "u bob\n"

    linear(decode, 75**2)


def test_many_fields_and_duplicate_names_load_fast(tmp_path):
    def fields(count):
        (tmp_path / "n.txt").write_text("Bob" + "".join(f"\talias=b{n}" for n in range(count)) + "\nAnn" + "\talias=!" * count + "\n")
        assert len(EntityList.read(tmp_path / "n.txt").entities[0].aliases) == count

    def duplicates(count):
        (tmp_path / "n.txt").write_text("Bob\n" * count)
        assert len(EntityList.read(tmp_path / "n.txt")) == 1

    linear(fields, 5000)
    linear(duplicates, 12_500)
