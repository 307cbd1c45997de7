"""``ctcb decode --graph``: transcripts, names and times; wrong use; use without k2."""
from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from constructed import MET, PIECES, log_probs, write
from tones import sentences, write_manifest

from ctcb.decoding.builder import Config, EmissionFacts, build_pipeline
from ctcb.entities import Entity, EntityList
from ctcb.graph.options import GraphOptions
from ctcb.graph.store import load_graph
from ctcb.search.graph import GraphSearch, GraphSetting
from ctcb.text.spelling import PieceSpelling

ARPA = """\\data\\
ngram 1=6
ngram 2=2

\\1-grams:
-99\t<s>\t-0.1
-0.9\t</s>
-1.2\t<unk>
-0.9\tann\t-0.2
-0.9\tmet\t-0.2
-0.9\tbov

\\2-grams:
-0.2\tann met
-0.4\tmet </s>

\\end\\
"""
PHONES = ["<blk>", "AE", "N", "M", "EH", "T", "B", "AA", "V"]
LEXICON = "ann\tAE N\nmet\tM EH T\nbov\tB AA V\n"
SAID = ["AE", "N", "<blk>", "M", "EH", "T", "<blk>", "B", "AA", {"V": 0.6, "B": 0.3}, "<blk>"]


@pytest.fixture
def arpa(tmp_path):
    (tmp_path / "lm.arpa").write_text(ARPA)
    return tmp_path / "lm.arpa"


@pytest.fixture
def over_pieces(ctcb, tmp_path, arpa):
    """The options that name emissions saying "ann met bov", and the graph's folder."""
    options = write(tmp_path, {"u": log_probs(PIECES, MET)})
    assert ctcb("graph", "--lm", arpa, "--tokens", tmp_path / "tokens.txt", "--out", tmp_path / "graph").code == 0
    return options, tmp_path / "graph"


@pytest.fixture
def over_phones(ctcb, tmp_path, arpa):
    options = write(tmp_path, {"u": log_probs(PHONES, SAID)}, PHONES)
    (tmp_path / "lexicon.txt").write_text(LEXICON)
    ran = ctcb("graph", "--lm", arpa, "--tokens", tmp_path / "tokens.txt", "--lexicon", tmp_path / "lexicon.txt", "--units", "phone",
               "--out", tmp_path / "graph")  # fmt: skip
    assert ran.code == 0, ran.err
    return options, tmp_path / "graph"


class TestWithK2:
    @pytest.fixture(autouse=True)
    def k2(self):
        pytest.importorskip("k2")

    def decode(self, ctcb, options, graph, *more):
        ran = ctcb("decode", *options, "--graph", graph, "--format", "jsonl", *more)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    def test_listed_name_replaces_a_known_word(self, ctcb, over_pieces, tmp_path):
        options, graph = over_pieces
        assert self.decode(ctcb, options, graph)["text"] == "ann met bov"
        (tmp_path / "names.txt").write_text("Bob\n")
        row = self.decode(ctcb, options, graph, "--entities", tmp_path / "names.txt", "--class-bonus", 4)
        assert row["text"] == "ann met bob"
        (entity,) = row["entities"]
        assert (entity["entity"], entity["why"], entity["start"], entity["end"]) == ("Bob", ["unigram"], 0.2, 0.28)
        assert entity["bonus"] == pytest.approx(4 * GraphOptions.lm_weight + 2 * GraphOptions.token_bonus)
        assert [word["start"] for word in row["words"]] == [0.0, 0.12, 0.2]
        row = self.decode(ctcb, options, graph, "--entities", tmp_path / "names.txt", "--bias", "none")
        assert row["text"] == "ann met bov" and row["entities"] == []

    def test_unknown_word_is_spelled_by_subwords(self, ctcb, over_pieces, tmp_path):
        options, graph = over_pieces
        write(tmp_path, {"u": log_probs(PIECES, ["▁an", "n", "▁met", "▁", "z", "n", "<blk>", "n"])})
        assert self.decode(ctcb, options, graph)["text"] == "ann met znn"

    def test_nbest_texts_differ_and_scores_fall(self, ctcb, over_pieces):
        options, graph = over_pieces
        row = self.decode(ctcb, options, graph, "--nbest", 4, "--lattice-beam", 30)
        texts, scores = zip(*((other["text"], other["score"]) for other in row["nbest"]))
        assert texts[0] == row["text"] == "ann met bov" and len(set(texts)) == 4
        assert list(scores) == sorted(scores, reverse=True) and scores[0] == row["score"]

    def test_scores_add_up(self, over_pieces):
        graph = load_graph(over_pieces[1])
        pipeline = build_pipeline(Config(method="graph", graph=GraphSetting(graph)), EmissionFacts(PieceSpelling(graph.table), 0.04))
        biasing = pipeline.prepare(pipeline.spell(EntityList.of(["bob"])))
        emissions = log_probs(PIECES, MET)
        for given in (None, biasing.graph):
            (found,) = pipeline.search.decode(emissions, given)
            labels = [PIECES.index(max(frame, key=frame.get) if isinstance(frame, dict) else frame) for frame in MET]
            if given is not None:
                labels[6] = PIECES.index("b")
            assert found.acoustic == pytest.approx(float(emissions[range(len(MET)), labels].sum()), abs=1e-4)
            third = -0.9 if given is None else -1.2
            lm = np.log(10) * (-0.1 - 0.9 - 0.2 - 0.2 + third - 0.9)  # <s> backs off; "ann met"; "met" backs off
            assert found.lm == pytest.approx(GraphOptions.lm_weight * lm + 3 * GraphOptions.word_bonus, abs=1e-3)
            assert found.score == pytest.approx(found.acoustic + found.bonus + found.lm)

    def test_phone_graph_recognises_words_and_names(self, ctcb, over_phones, tmp_path):
        options, graph = over_phones
        row = self.decode(ctcb, options, graph)
        assert row["text"] == "ann met bov"
        assert [(word["start"], word["end"]) for word in row["words"]] == [(0.0, 0.08), (0.12, 0.24), (0.28, 0.4)]
        (tmp_path / "names.txt").write_text("Bo B\tpron=B AA B\nAnn\nzip\n")
        ran = ctcb("decode", *options, "--graph", graph, "--format", "jsonl", "--entities", tmp_path / "names.txt", "--class-bonus", 4)
        assert ran.code == 0 and "zip" in ran.err and "no pronunciation" in ran.err
        row = json.loads(ran.out)
        assert row["text"] == "ann met bo b" and [word["start"] for word in row["words"][2:]] == [0.28, 0.36]
        assert [entity["entity"] for entity in row["entities"]] == ["Ann", "Bo B"]

    def test_names_outside_the_lexicon_use_the_dictionary(self, ctcb, lang_dir, arpa, tmp_path):
        assert ctcb("graph", "--lang", lang_dir, "--lm", arpa, "--units", "phone", "--out", tmp_path / "g").code == 0
        graph = load_graph(tmp_path / "g")
        pipeline = build_pipeline(Config(method="graph", graph=GraphSetting(graph)), EmissionFacts(graph.phones, 0.04))
        spelled = pipeline.spell(EntityList.of([Entity("Michael", prons=("B AA1 B",)), Entity("K2", spoken=("k two",))]))
        said = [[" ".join(graph.table.symbols[token] for token in ids) for ids in phrase] for phrase in spelled.phrases]
        assert said == [["M AY K AH L", "B AA B"], ["K EY T UW"]]

    def test_audio_uses_the_head_of_the_graph(self, ctcb, model_dir, arpa, tmp_path):
        audio = write_manifest(tmp_path / "in", sentences(3))
        for units in ("subword", "phone"):
            assert ctcb("graph", "--model", model_dir, "--lm", arpa, "--units", units, "--out", tmp_path / units).code == 0
            ran = ctcb("decode", "--model", model_dir, "--graph", tmp_path / units, audio)
            assert ran.code == 0 and [line.split()[0] for line in ran.out.splitlines()] == ["u000", "u001", "u002"]

    def test_output_does_not_depend_on_jobs(self, ctcb, over_pieces, tmp_path):
        options, graph = over_pieces
        rng = np.random.default_rng(0)
        logits = 2 * rng.standard_normal((12, 40, len(PIECES)))
        table = (logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))).astype(np.float32)
        write(tmp_path, {f"u{i}": one for i, one in enumerate(table)})
        (tmp_path / "names.txt").write_text("Bob\nann zann\n")
        runs = [ctcb("decode", *options, "--graph", graph, "--format", "jsonl", "--entities", tmp_path / "names.txt", "--jobs", jobs)
                for jobs in (1, 3)]  # fmt: skip
        assert runs[0] == runs[1] and runs[0].code == 0

    def test_silence_and_impossible_emissions(self, over_pieces):
        graph = load_graph(over_pieces[1])
        search = GraphSearch(build_pipeline(Config(), EmissionFacts(PieceSpelling(graph.table), 0.04)).setting.vocabulary, GraphSetting(graph))
        assert search.decode(np.zeros((0, len(PIECES)), np.float32))[0].tokens == ()
        only = np.full((2, len(PIECES)), -np.inf, np.float32)
        only[:, PIECES.index("▁met")] = 0
        assert search.decode(only)[0].tokens == (PIECES.index("▁met"),)

    def test_a_graph_of_another_model_is_refused(self, ctcb, over_pieces, tmp_path, model_dir):
        options, graph = over_pieces
        for symbols in ([*PIECES, "q"], [*PIECES[:-2], "z", "v"]):
            other = write(tmp_path, {"u": log_probs(symbols, MET)}, symbols)
            ran = ctcb("decode", *other, "--graph", graph)
            assert ran.code == 2 and f"{graph}: this graph was made for another model" in ran.err and "`ctcb graph`" in ran.err
        ran = ctcb("decode", "--model", model_dir, "--graph", graph, write_manifest(tmp_path / "in", sentences(1)))
        assert ran.code == 2 and "made for another model" in ran.err

    def test_other_phones_are_refused(self, ctcb, over_phones, tmp_path):
        _, graph = over_phones
        other = write(tmp_path, {"u": log_probs(PHONES, SAID)}, [*PHONES[:-1], "ZH"])
        ran = ctcb("decode", *other, "--graph", graph)
        assert ran.code == 2 and "tokens.txt: these are not the tokens of the graph" in ran.err


@pytest.mark.parametrize("words, problem", [
    (["--graph", "g", "--with", "subword", "--entities", "names.txt"], "'subword' is for the beam search"),
    (["--method", "graph"], "give --graph DIR"), (["--token-bonus", 1], "--token-bonus is for the graph search"),
    (["--method", "beam", "--graph", "g"], "--graph is for the graph search"), (["--graph", "g", "--alpha", 1], "--alpha is for the beam search"),
    (["--graph", "nowhere"], "nowhere: is not a graph"),
])  # fmt: skip
def test_incompatible_options_are_named(ctcb, tmp_path, words, problem):
    ran = ctcb("decode", *write(tmp_path, {"u": log_probs(PIECES, MET)}), *words)
    assert ran.code == 2 and problem in ran.err


@pytest.mark.parametrize("name, value", [("lm_weight", -1.0), ("max_active", 0), ("class_bonus", float("nan")), ("token_bonus", float("inf"))])
def test_settings_out_of_range_are_refused(name, value):
    from ctcb.errors import InputError

    with pytest.raises(InputError, match=name):
        GraphOptions(**{name: value})


def test_only_graph_search_needs_k2(ctcb, over_pieces, monkeypatch):
    options, graph = over_pieces
    monkeypatch.setitem(sys.modules, "k2", None)
    assert ctcb("decode", *options, "--method", "beam").out == "u ann met bov\n"
    ran = ctcb("decode", *options, "--graph", graph)
    assert ran.code == 1 and "k2, which is not installed" in ran.err and "utils/setup_env.sh" in ran.err and "k2-fsa.github.io" in ran.err


def test_only_graph_search_imports_k2():
    code = "import sys, ctcb.cli.decode.command, ctcb.cli.graph, ctcb.graph.compiling; assert not {'k2', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
