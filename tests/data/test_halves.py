"""The one split of data sets, which all code must use."""
from __future__ import annotations

import ast
import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from tones import write_manifest

from ctcb.data.halves import HALVES, half_of
from ctcb.evaluation.dataset import read_set

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "recipes/benchmarks/lm"), str(ROOT / "recipes/benchmarks/decoders")]

import lm_systems  # noqa: E402
import measure  # noqa: E402

IDS = [f"u{number:03d}" for number in range(200)]


def test_half_is_the_parity_of_the_first_hash_byte():
    # `printf u000 | sha256sum` begins with c1, that of u001 with 99, of u002 with 34.
    assert [half_of(utt_id) for utt_id in ("u000", "u001", "u002")] == ["2", "2", "1"]
    assert sum(half_of(utt_id) == HALVES[0] for utt_id in IDS) == pytest.approx(100, abs=25)


def test_recipes_tune_on_half_1_and_score_on_half_2(tmp_path):
    items = [measure.Item("s", utt_id, "", np.zeros((1, 2), np.float32)) for utt_id in IDS]
    tuning, scoring = ({item.utt_id for item in half} for half in measure.halves(items))
    of_lm = lm_systems.DataSet("human", "s", "general", dict.fromkeys(IDS, "a"), (), (), tmp_path)
    folder = write_manifest(tmp_path / "set", ["ann met bob"] * len(IDS)).parent
    (folder / "entities.txt").write_text("Bob\n")
    for half, peers, lm in (("1", tuning, of_lm.ids(tuning=True)), ("2", scoring, of_lm.ids())):
        ladder = {row.utt_id for row in read_set(folder, half=half).rows}
        assert peers == set(lm) == ladder == {utt_id for utt_id in IDS if half_of(utt_id) == half}


def test_utterances_of_a_half_are_ordered_by_hash():
    items = [measure.Item("s", utt_id, "", np.zeros((1, 2), np.float32)) for utt_id in IDS]
    for half in measure.halves(items):
        hashes = [hashlib.sha256(item.utt_id.encode()).hexdigest() for item in half]
        assert hashes == sorted(hashes)


def test_half_of_is_the_only_split():
    """No module beside halves.py takes anything modulo 2 in a function that also hashes."""
    split = []
    for path in (path for folder in ("ctcb", "recipes", "local", "utils") for path in (ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        hashes = {
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
            and any(isinstance(name, ast.Attribute) and name.attr in ("sha256", "md5", "sha1", "crc32") for name in ast.walk(node))
        }
        for node in ast.walk(tree):
            by_two = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and getattr(node.right, "value", None) == 2
            called = {getattr(call.func, "id", getattr(call.func, "attr", "")) for call in ast.walk(node) if isinstance(call, ast.Call)}
            if by_two and called & (hashes | {"sha256", "hexdigest", "digest", "hash", "crc32"}):
                split.append(path.relative_to(ROOT).as_posix())
    assert split == ["ctcb/data/halves.py"]
