"""recipes/benchmarks/decoders: lists, halves, tuning, the token trie, the harness with a made-up decoder, the real ones."""
from __future__ import annotations

import json
import random
import subprocess
import sys
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from tones import sentences

from ctcb.search.vocabulary import Vocabulary

ROOT = Path(__file__).parents[2]
SITE = ROOT / "exp/peers/site"  # where the recipe's stage 1 puts the peers
sys.path.insert(0, str(ROOT / "recipes/benchmarks/decoders"))
if SITE.is_dir():
    sys.path.append(str(SITE))

import bias_list  # noqa: E402
import compare  # noqa: E402
import measure  # noqa: E402
import table  # noqa: E402
from bias_list import BiasList  # noqa: E402
from peer import Peer, Task, grid  # noqa: E402
from token_trie import TokenTrie  # noqa: E402
from tune import Tried, tune  # noqa: E402

TARGETS = ["max gus", "tom"]
DISTRACTORS = ["ann eve", "pam ida", "kit lee", "oak fox"]


@pytest.fixture(scope="module")
def tokenizer(lang_dir):
    from ctcb.text.tokenizer import Tokenizer

    return Tokenizer.load(lang_dir)


@pytest.fixture(scope="module")
def task(tokenizer):
    return Task(tokenizer.pieces, Vocabulary.from_tokens(tokenizer.pieces), beam=8, top_k=12)


def emissions(tokenizer, text, misheard=(), seed=0):
    """``[T, V]`` log-probabilities of a text; the last token of a misrecognised word is less likely than another."""
    rng = np.random.default_rng(seed)
    rows = []
    for word in text.split():
        tokens = tokenizer.encode(word)
        for place, token in enumerate(tokens, start=1):
            row = rng.normal(-9, 0.5, len(tokenizer))
            row[token] = 3.0
            if word in misheard and place == len(tokens):
                row[token], row[(token + 7) % len(tokenizer) or 5] = 1.5, 3.0
            rows += [row, np.where(np.arange(len(row)) == 0, 4.0, -9.0)]
    scores = np.array(rows or np.zeros((0, len(tokenizer))), np.float32)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


@pytest.fixture
def data(tmp_path, tokenizer):
    """A set in which every target is misrecognised, its emissions and distractors."""
    texts = {}
    for number, text in enumerate(sentences(60, 3)):
        words = [word for word in text.split() if word not in ("max", "gus", "tom", "oak", "kit", "pam")] or ["cat"]
        texts[f"u{number}"] = " ".join([*words, TARGETS[number % 2]] if number % 3 else words)
    folder = tmp_path / "data/tones"
    folder.mkdir(parents=True)
    rows = [f"{utt}\t{utt}.wav\t1\ts\ttones\tnone\t{text}" for utt, text in texts.items()]
    (folder / "manifest.tsv").write_text("\n".join(["utt_id\taudio\tduration_s\tspeaker\tsource\tlicense\ttext", *rows]) + "\n")
    (folder / "entities.txt").write_text("".join(f"{text}\n" for text in TARGETS))
    arrays = {utt: emissions(tokenizer, text, ("max", "tom"), seed) for seed, (utt, text) in enumerate(texts.items())}
    np.savez(tmp_path / "tones.npz", **arrays)
    for number in (0, 1):
        (tmp_path / f"d{number}.txt").write_text("".join(f"{text}\n" for text in DISTRACTORS[2 * number : 2 * number + 2]))
    return tmp_path


class Fake(Peer):
    """Recognises the misrecognised words if it has a list and a weight; weight 2 adds a wrong token."""

    name, version = "fake", "fake 1"
    grid = grid(weight=(0.0, 1.0, 2.0))
    plain = {"weight": 0.0}

    def search(self, bias, setting):
        def search(log_probs):
            second, best = np.argsort(log_probs, axis=1)[:, -2:].T
            if bias is not None and setting["weight"]:
                best = np.where(log_probs.max(axis=1) - log_probs[range(len(best)), second] < 3, second, best)
            tokens = [int(token) for token in best if token]  # every token has a frame of its own
            return tokens + tokens[:1] * int(setting["weight"] == 2.0)

        return search


def test_list_keeps_targets_and_adds_distractors():
    assert bias_list.fill(["b", "a", "b"], ["a", "c", "d"], 3) == ["b", "a", "c"]
    assert bias_list.fill(["b", "a"], ["c"], 1) == ["b", "a"]
    assert bias_list.fill(["b", "a"], ["c"], 9) == ["b", "a", "c"]


def test_distractors_are_absent_ordered_and_then_made_up():
    files = [["Ann Bo", "cy dee ef"], ["gus", "ann bo", "hal"]]
    got = list(bias_list.distractors(files, {"u": "say hal now", "v": "this ann ef"}))
    assert set(got[:2]) == {"ann bo", "cy dee ef"} and got[2:] == ["gus", "cy bo"]  # "hal", "ann ef" are said
    assert got == list(bias_list.distractors([file[::-1] for file in files], {"v": "this ann ef", "u": "say hal now"}))
    assert list(bias_list.made_up(["a b", "c", "d e", "f g h"])) == ["a e", "d h", "f b", "a h", "d b", "f e"]


def test_halves_are_disjoint_and_order_independent():
    items = [measure.Item("s", f"u{i}", "", np.zeros((1, 2), np.float32)) for i in range(200)]
    tuning, scoring = measure.halves(items)
    assert {i.utt_id for i in tuning} | {i.utt_id for i in scoring} == {i.utt_id for i in items}
    assert len(tuning) + len(scoring) == 200 and 70 < len(tuning) < 130
    again = measure.halves(items[::-1])
    assert [[i.utt_id for i in half] for half in again] == [[i.utt_id for i in half] for half in (tuning, scoring)]


def test_tuning_limits_u_wer():
    reached = {0: (0.5, 0.100), 1: (0.7, 0.101), 2: (0.9, 0.1011), 3: (0.7, 0.100)}

    def attempt(setting):
        return Tried(setting, *reached[setting["w"]])

    settings = grid(w=(0, 1, 2, 3))
    assert tune(settings, attempt, 0.100) == ({"w": 3}, True)
    assert tune(settings, attempt, 0.101) == ({"w": 2}, True)
    assert tune(settings, attempt, 0.050) == ({"w": 3}, False)


def test_slow_decoders_get_fewer_utterances():
    items = [measure.Item("s", str(i), "", np.zeros((10, 2), np.float32)) for i in range(8)]
    assert len(measure.affordable(items, 0.1, 3.0, 1)) == 3
    assert len(measure.affordable(items, 0.1, 3.0, 5)) == 5
    assert len(measure.affordable(items, 0.1, 99.0, 5)) == 8


def best_cover(tokens, sequences, starts):
    """The most tokens that whole, not overlapping sequences cover, each from a word's start to a word's end."""
    best = [0]
    for end in range(1, len(tokens) + 1):
        ways = [best[-1]]
        for sequence in sequences:
            begin = end - len(sequence)
            whole_words = end == len(tokens) or starts[tokens[end]]
            if begin >= 0 and tuple(tokens[begin:end]) == sequence and whole_words:
                ways.append(best[begin] + len(sequence))
        best.append(max(ways))
    return best[-1]


def test_trie_scores_whole_entities():
    starts = np.array([0, 1, 1, 0, 0], bool)
    rng = random.Random(1)
    exact = total = 0
    for _ in range(300):
        sequences = {(rng.choice((1, 2)), *(rng.randint(1, 4) for _ in range(rng.randint(0, 3)))) for _ in range(3)}
        trie = TokenTrie(sequences, starts)
        for tokens in product(range(1, 5), repeat=4):
            node = gained = 0
            for token in tokens:
                node, gain = trie.move(node, token)
                gained += gain
            gained += trie.finish(node)
            most = best_cover(tokens, sequences, starts)
            assert 0 <= gained <= most
            exact, total = exact + (gained == most), total + 1
    assert exact > 0.99 * total  # it goes from left to right, so the best cover may escape it


def test_trie_falls_back_to_a_suffix():
    starts = np.array([0, 1, 1, 0, 0], bool)
    trie = TokenTrie([(1, 3), (1, 3, 2, 4), (2, 3)], starts)

    def gains(*tokens):
        node, found = 0, []
        for token in tokens:
            node, gain = trie.move(node, token)
            found.append(gain)
        return [*found, trie.finish(node)]

    assert gains(1, 3, 2, 4) == [1, 1, 1, 1, 0]
    assert gains(1, 3, 2, 3) == [1, 1, 1, 1, 0]  # the longer one fails; both shorter ones are whole
    assert gains(1, 4, 1, 3) == [1, -1, 1, 1, 0]
    assert gains(1, 3, 4) == [1, 1, -2, 0]  # the word goes on
    assert gains(1) == [1, -1]


def read(data, task):
    tones = data / "data/tones"
    return compare.read_set("synthetic", tones, data / "tones.npz", [data / "d0.txt", data / "d1.txt"], len(task.pieces))


def rows_of(data, task, tokenizer, peers, sizes=(0, 4), budget=compare.Budget(5.0, 60.0, 0.2)):
    loaded = {**compare.load_peers((), task), **peers}
    comparison = compare.Comparison(loaded, [read(data, task)], tokenizer, budget)
    return {(row["size"], row["peer"]): row for size in sizes for row in comparison.rows(size, 0.04)}


def test_comparison_of_all_decoders(data, task, tokenizer):
    rows = rows_of(data, task, tokenizer, {"fake": Fake(task)})
    f1 = {key: row["measures"]["entity_f1"]["value"] for key, row in rows.items()}
    assert f1[0, "greedy"] == f1[0, "fake"] == f1[4, "greedy"] == 0 and f1[0, "boosted"] == 0
    assert f1[4, "boosted"] > 0.9 and f1[4, "fake"] == 1
    assert rows[4, "fake"]["chosen"]["setting"] == {"weight": 1.0}  # 2 finds as many, but adds words
    assert rows[4, "fake"]["chosen"]["within"] and rows[4, "fake"]["chosen"]["utterances"] == rows[4, "fake"]["tuning_half"]
    assert all(row["rtf"] > 0 for row in rows.values())
    assert rows[4, "fake"]["less_ours"]["entity_f1"]["difference"] == pytest.approx(1 - f1[4, "boosted"])
    json.dumps(list(rows.values()))


def test_pairs_are_compared_on_common_utterances(data, task, tokenizer):
    tones = read(data, task)
    lists = {tones.name: bias_list.BiasList.of(tones.targets, tokenizer, task.vocabulary)}
    whole, part = (measure.evaluate(tones.items[:n], [item.text for item in tones.items[:n]], lists) for n in (9, 4))
    assert whole.against(part)["wer"].difference == part.against(whole)["wer"].difference == 0


def test_slow_settings_are_skipped_and_reported(data, task, tokenizer, monkeypatch):
    real, slow = measure.timed, 0.0

    def slowly(search, log_probs):
        answer, seconds = real(search, log_probs)
        return answer, seconds + slow * len(log_probs)

    monkeypatch.setattr(measure, "timed", slowly)
    comparison = compare.Comparison(
        {**compare.load_peers((), task), "fake": Fake(task)}, [read(data, task)], tokenizer, compare.Budget(5.0, 60.0, 60.0))
    comparison.rows(3, 0.04)
    slow = 9.0  # seconds a frame
    rows = {row["peer"]: row for row in comparison.rows(4, 0.04)}
    fake = rows["fake"]
    assert fake["chosen"]["size"] == 3 and fake["chosen"]["setting"] == {"weight": 1.0}
    assert (fake["scored_on"], fake["timed_on"]) == (compare.LEAST_SCORING, compare.LEAST_SPEED)
    notes = table.cells(fake, rows["boosted"])[-1]
    assert "too slow to be tuned: the setting of 3 entities" in notes
    assert f"scored on {compare.LEAST_SCORING} of {fake['scoring_half']}" in notes and f"timed on {compare.LEAST_SPEED} of" in notes


def test_too_few_distractors_is_an_error(data, task, tokenizer):
    with pytest.raises(compare.InputError, match="tones has .* and 5000 are asked for"):
        rows_of(data, task, tokenizer, {}, sizes=(5000,))


def test_table_of_results(data, task, tokenizer, tmp_path):
    rows = list(rows_of(data, task, tokenizer, {"fake": Fake(task)}).values())
    result = {
        "date": "2024-01-01", "beam": 8, "top_k": 12, "segmentations": 8, "most_varied": 2000, "rows": rows,
        "budget": {"tuning": 5.0, "scoring": 60.0, "speed": 0.2},
        "sets": [{"kind": "synthetic", "name": "tones", "utterances": 60, "targets": 2}],
    }
    results, out = tmp_path / "results.json", tmp_path / "decoders.md"
    results.write_text(json.dumps(result))
    out.write_text("# Results\n\nkept\n")
    for _ in range(2):
        ran = subprocess.run([sys.executable, "recipes/benchmarks/decoders/table.py", results, "--out", out], cwd=ROOT, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
    text = out.read_text()
    lines = [line.split(" | ") for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    assert text.startswith("# Results\n\nkept\n\n<!-- begin peers -->") and text.count("begin peers") == 1
    assert len(lines) == 1 + len(rows) and {len(line) for line in lines} == {len(table.COLUMNS)}
    ours = next(line for line in lines if line[:2] == ["| 4", "ctcb beam, boosted"])
    assert ours[table.COLUMNS.index("time, ours = 1")] == "1" and ours[table.COLUMNS.index("F1 less ours (95 %)")] == ""
    assert "**Synthetic speech:** tones (2 entities)" in text


NEEDS = {"flashlight": "flashlight", "torchaudio": "flashlight", "kaldi": "kaldi_decoder", "pyctcdecode": "pyctcdecode",
         "nemo-spotter": "nemo", "nemo-tree": "nemo", "nemo-tree-greedy": "nemo"}


def test_every_decoder_has_its_test():
    assert set(NEEDS) | {"greedy", "boosted", "unboosted"} == set(compare.PEERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", NEEDS)
def test_real_decoders_recognise_names(data, task, tokenizer, name):
    """Each recognises clear speech as greedy does, and at some weight the misrecognised names."""
    if find_spec(NEEDS[name]) is None:
        pytest.skip("not installed: recipes/benchmarks/decoders/run.sh --data-dir DIR --stop-stage 1 installs it")
    peer = compare.load_peers([name], task)[name]
    for text in ("ann bob cat", "sam", "lee lee max una"):
        assert measure.as_text(peer.search(None, peer.plain)(emissions(tokenizer, text)), tokenizer).split() == text.split()
    rows = rows_of(data, task, tokenizer, {name: peer})
    f1 = {key: row["measures"]["entity_f1"]["value"] for key, row in rows.items()}
    assert f1[0, name] == f1[4, "greedy"] == 0
    assert f1[4, name] > 0.5 and rows[4, name]["measures"]["u_wer"]["value"] <= 0.02


@pytest.mark.slow
def test_flashlight_and_torchaudio_agree(data, task, tokenizer):
    """Two builds of one search, with hooks of their own; torchaudio's must be its own build."""
    if find_spec("flashlight") is None:
        pytest.skip("not installed: recipes/benchmarks/decoders/run.sh --data-dir DIR --stop-stage 1 installs it")
    peers = compare.load_peers(["flashlight", "torchaudio"], task)
    from torchaudio.models.decoder import _ctc_decoder

    assert _ctc_decoder._LexiconFreeDecoder.__module__.startswith("torchaudio.")
    bias = BiasList.of([*TARGETS, *DISTRACTORS], tokenizer, task.vocabulary)
    searches = [peers[name].search(bias, {"weight": 1.5, "threshold": 50.0}) for name in ("flashlight", "torchaudio")]
    for item in read(data, task).items:
        first, second = (search(item.log_probs) for search in searches)
        assert list(first) == list(second)


def test_wrong_use_is_refused(tmp_path):
    for words, told in (([], "--data-dir is missing"), (["--peer", "x"], "no such option: --peer")):
        ran = subprocess.run(["recipes/benchmarks/decoders/run.sh", *words], cwd=ROOT, capture_output=True, text=True)
        assert ran.returncode == 2 and told in ran.stderr


def test_interrupted_comparison_resumes_under_the_same_conditions(tmp_path):
    results = tmp_path / "results.json"
    assert compare.rows_so_far(results, {"beam": 16}) == []
    results.write_text(json.dumps({"date": "2026-01-01", "beam": 16, "rows": [{"size": 0}]}), encoding="utf-8")
    assert compare.rows_so_far(results, {"beam": 16}) == [{"size": 0}]
    assert compare.rows_so_far(results, {"beam": 8}) == []
