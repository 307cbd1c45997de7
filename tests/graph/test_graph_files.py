"""``ctcb graph`` and its output: built once, checked on reading, wrong inputs named."""
from __future__ import annotations

import re

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tones import WORDS, sentences

from ctcb.errors import InputError
from ctcb.graph.store import load_graph


@pytest.fixture(scope="module")
def lm(tmp_path_factory):
    from ctcb.lm.estimate import LmOptions, estimate_lm

    folder = tmp_path_factory.mktemp("lm")
    (folder / "text.txt").write_text("\n".join(sentences(100)))
    estimate_lm([str(folder / "text.txt")], str(folder / "lm.arpa"), LmOptions(order=2), "builtin")
    return folder / "lm.arpa"


@pytest.fixture
def graph(ctcb, lm, lang_dir, tmp_path):
    def make(*more, out="graph", source=lm):
        return tmp_path / out, ctcb("graph", "--lang", lang_dir, "--lm", source, "--out", tmp_path / out, *more)

    return make


@pytest.mark.parametrize("units", ["subword", "phone"])
def test_a_graph_holds_every_word_of_the_lm(graph, lang_dir, units):
    folder, ran = graph("--units", units)
    assert (ran.code, ran.err) == (0, "") and f"{len(WORDS)} words" in ran.out
    found = load_graph(folder)
    assert found.description.units == units and set(WORDS) < set(found.words)
    ended = {found.words[word] for word in found.grammar.word if word >= 0}
    assert ended - {"<unk>"} == set(WORDS)
    assert ("<unk>" in ended) == (units == "subword")
    assert {file.suffix for file in folder.iterdir()} == {".safetensors", ".yaml", ".txt"}


def test_graph_is_rebuilt_only_if_an_input_changed(graph, lm, lang_dir, tmp_path):
    folder, _ = graph()
    stamp = (folder / "graph.safetensors").stat().st_mtime_ns
    _, ran = graph()
    assert "(up to date)" in ran.out and (folder / "graph.safetensors").stat().st_mtime_ns == stamp
    _, ran = graph("--closed")
    assert "up to date" not in ran.out
    other = tmp_path / "other.arpa"
    other.write_text(lm.read_text().replace("-1.", "-2."))
    assert "up to date" not in graph("--closed", source=other)[1].out
    assert "up to date" in graph("--closed", source=other)[1].out
    (folder / "graph.yaml").unlink()  # cut short
    assert "up to date" not in graph("--closed", source=other)[1].out


def test_an_lm_of_another_casing_makes_the_same_graph(graph, lm, tmp_path):
    shouted = tmp_path / "upper.arpa"
    lines = lm.read_text().splitlines()
    shouted.write_text("\n".join(line if "ngram" in line or "\\" in line else line.upper() for line in lines) + "\n")
    for units in ("subword", "phone"):
        folder, ran = graph("--units", units, out=f"upper-{units}", source=shouted)
        assert ran.code == 0 and ran.err.startswith(f"ctcb: warning: {shouted}: {len(WORDS)} of its {len(WORDS)} words") and ran.err.count("\n") == 1
        found, same = load_graph(folder), load_graph(graph("--units", units, out=units)[0])
        assert found.words == same.words
        for ours, theirs in zip(found.grammar.arcs, same.grammar.arcs):
            assert np.array_equal(ours, theirs)


def test_an_lm_of_other_letters_is_named(graph, lm, tmp_path):
    other = tmp_path / "pieces.arpa"
    lines = lm.read_text().splitlines()
    other.write_text("\n".join(line if "ngram" in line else re.sub(r"(?<=[\t ])(?=[a-z])", "▁", line) for line in lines) + "\n")
    _, ran = graph(source=other)
    assert ran.code == 2 and f"{other}: 0 of" in ran.err and "as sentencepiece pieces" in ran.err and "ctcb lm" in ran.err


def test_an_lm_without_unk_is_given_one(graph, tmp_path):
    arpa, same = tmp_path / "no_unk.arpa", tmp_path / "unk.arpa"
    arpa.write_text("\\data\\\nngram 1=3\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\n-1\tann\n\n\\end\\\n")
    same.write_text("\\data\\\nngram 1=4\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\n-1\tann\n-1\t<unk>\n\n\\end\\\n")
    folder, ran = graph(source=arpa)
    assert ran.code == 0 and f"ctcb: warning: {arpa}: has no 1-gram <unk>" in ran.err
    for ours, theirs in zip(load_graph(folder).grammar.arcs, load_graph(graph(source=same, out="same")[0]).grammar.arcs):
        assert np.array_equal(ours, theirs)


def test_a_malformed_arpa_is_named_with_its_line(graph, tmp_path):
    arpa = tmp_path / "bad.arpa"
    arpa.write_text("\\data\\\nngram 1=3\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\nx\t<unk>\n\n\\end\\\n")
    _, ran = graph(source=arpa)
    assert ran.code == 2 and f"{arpa}:7: " in ran.err


@pytest.mark.parametrize("line, problem", [
    ("bob\t▁ b zz", "'zz' is not one of the model's"), ("bob ▁ b o b", "is not: word, tab, tokens"), ("Bob\t▁ b o b", "'Bob' is not a word as the model writes it; write 'bob'"),
    ("bob\t▁ <blk> b", "'<blk>' is not one of"),
])  # fmt: skip
def test_a_lexicon_that_does_not_fit_is_named_with_its_line(graph, tmp_path, line, problem):
    (tmp_path / "lexicon.txt").write_text(f"ann\t▁ a n n\n{line}\n")
    _, ran = graph("--lexicon", tmp_path / "lexicon.txt")
    assert ran.code == 2 and f"lexicon.txt:2: {problem}" in ran.err


def test_words_without_a_spelling_are_counted(graph, tmp_path):
    (tmp_path / "lexicon.txt").write_text("ann\t▁ a n n\nbob\t▁ b o b\n")
    folder, ran = graph("--lexicon", tmp_path / "lexicon.txt")
    assert ran.code == 0 and f"{len(WORDS) - 2} of the LM's {len(WORDS)} words have no spelling" in ran.err


def test_phones_of_another_model_need_a_lexicon(ctcb, lm, tmp_path):
    (tmp_path / "tokens.txt").write_text("<blank>\næ\nn\nb\nɒ\n")
    (tmp_path / "lexicon.txt").write_text("ann\tæ n\nbob\tb ɒ b\n")
    base = ["graph", "--lm", lm, "--tokens", tmp_path / "tokens.txt", "--units", "phone", "--out", tmp_path / "g"]
    ran = ctcb(*base)
    assert ran.code == 2 and "give --lexicon" in ran.err
    ran = ctcb(*base, "--lexicon", tmp_path / "lexicon.txt")
    assert ran.code == 0 and "2 words" in ran.out
    said = load_graph(tmp_path / "g").phones
    assert said.spell(["ann bob", "cat"]) == [[(1, 2, 3, 4, 3)], []] and "(cat)" in said.unspellable_reason("cat")


def test_modified_graph_is_refused(graph):
    folder, _ = graph()
    arrays = load_file(folder / "graph.safetensors")
    for name, value, problem in (("arcs.label", 40, "a token out of range"), ("arcs.dst", -1, "a state out of range"),
                                 ("arcs.label", 0, "the blank occurs as a token")):  # fmt: skip
        spoilt = {key: array.copy() for key, array in arrays.items()}
        spoilt[name][3] = value
        save_file(spoilt, folder / "graph.safetensors")
        with pytest.raises(InputError, match=problem):
            load_graph(folder)
    del arrays["word"]
    save_file(arrays, folder / "graph.safetensors")
    with pytest.raises(InputError, match="has no array 'word'"):
        load_graph(folder)
    (folder / "graph.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_graph(folder)
    (folder / "graph.yaml").write_text("format_version: 0\n")
    with pytest.raises(InputError, match="format_version is 0"):
        load_graph(folder)
    with pytest.raises(InputError, match="is not a graph"):
        load_graph(folder / "nowhere")


def test_start_state_has_all_first_words(graph, lm):
    """From the start state, every first word has the LM's P(word | <s>)."""
    from ctcb.lm.arrays import ArrayLm, advance

    folder, _ = graph("--closed")
    grammar, model = load_graph(folder).grammar, ArrayLm.load(lm)
    leaving = {}
    for i in np.argsort(grammar.arcs.src, kind="stable"):
        leaving.setdefault(int(grammar.arcs.src[i]), []).append(i)
    best, stack = {}, [(0, 0.0)]
    while stack:
        state, score = stack.pop()
        for i in leaving[state]:
            total = score + grammar.arcs.score[i]
            word = grammar.word[i]
            if word < 0:
                stack.append((int(grammar.arcs.dst[i]), total))
            else:  # the way to the history itself costs nothing more
                best[word] = max(best.get(word, -np.inf), total)
    assert len(best) == len(WORDS)
    for word, score in best.items():
        assert score == pytest.approx(advance(model.arrays, model.begin, word)[0], abs=1e-4)
