"""Prepared lists: spelling, errors that name the line, techniques; and threads that keep the order."""
from __future__ import annotations

import pytest
import sentencepiece
from constructed import MET, PIECES, log_probs

from ctcb.biasing.registry import PRESETS, TECHNIQUES, choose
from ctcb.ctc.emissions import Emissions
from ctcb.decoding.builder import Config, EmissionFacts, build_pipeline
from ctcb.entities import EntityList
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import InputError
from ctcb.text.spelling import PieceSpelling, SentencepieceSpelling
from ctcb.text.tokens import TokenTable
from ctcb.threads import in_order

SPELLING = PieceSpelling(TokenTable.of(PIECES))


def test_every_form_of_an_entity_is_spelled():
    pipeline = build_pipeline(Config(), EmissionFacts(SPELLING, 0.04))
    spelled = pipeline.spell(EntityList.of(["ann", "bob"]))
    ways = [[" ".join(PIECES[token] for token in ids) for ids in phrase] for phrase in spelled.phrases]
    assert ways == [["▁an n"], ["▁bo b"]]
    context = pipeline.prepare_each(spelled, EntitiesPerUtt(spelled.entities, {"u": (1,)})).of("u")
    assert [entity.text for entity in context.entities] == ["bob"] and context.graph.num_entities == 1
    assert pipeline.decode("u", Emissions(log_probs(PIECES, MET)), context).text == "ann met bob"


def test_context_graph_error_names_the_line(tmp_path):
    """A sentencepiece model without a leading word start: its pieces begin inside words."""
    texts = (tmp_path / "text.txt").write_text("\n".join(["ann met bob", "bob met ann", "nan"] * 20)) and tmp_path / "text.txt"
    sentencepiece.SentencePieceTrainer.train(
        input=str(texts), model_prefix=str(tmp_path / "sp"), vocab_size=14, add_dummy_prefix=False, minloglevel=2,
        bos_id=-1, eos_id=-1, hard_vocab_limit=False,
    )  # fmt: skip
    processor = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "sp.model"))
    table = TokenTable.of(["<blk>", *(processor.id_to_piece(i) for i in range(processor.get_piece_size()))])
    (tmp_path / "names.txt").write_text("# names\nann\n")
    pipeline = build_pipeline(Config(), EmissionFacts(SentencepieceSpelling(table, tmp_path / "sp.model"), 0.04))
    with pytest.raises(InputError, match=r"names.txt:2: 'ann' begins with token \d+, which does not begin a word"):
        pipeline.prepare(pipeline.spell(EntityList.read(tmp_path / "names.txt")))


def test_per_utterance_lists_are_prepared_once(tmp_path, monkeypatch):
    (tmp_path / "t.tsv").write_text("a\tbob|ann\nb\tbob|ann\nc\t\n")
    lists = EntitiesPerUtt.read(tmp_path / "t.tsv")
    pipeline = build_pipeline(Config(), EmissionFacts(SPELLING, 0.04))
    context_of = pipeline.prepare_each(pipeline.spell(lists.entities), lists).of
    assert context_of("a") is context_of("b") and context_of("d") is None
    assert context_of("c").graph.num_sequences == 0


def test_presets_and_techniques():
    assert choose("none") == () and [technique.name for technique in choose("decoder")] == ["g2g", "subword"]
    assert choose("none", with_=["subword", "g2g"]) == choose("decoder")
    assert choose("decoder", lm=True, phones=True, without=["subword", "g2g", "unigram"]) == choose("none", with_=["lookup", "phones", "spot", "verify"])
    assert all(technique.name == name and technique.summary for name, technique in TECHNIQUES.items())
    assert all(name in TECHNIQUES for names in PRESETS.values() for name in names)
    with pytest.raises(InputError, match="'magic' is no technique"):
        choose("decoder", with_=["magic"])
    with pytest.raises(InputError, match="greedy decoding takes no list"):
        build_pipeline(Config(method="greedy"), EmissionFacts(SPELLING, 0.04))


@pytest.mark.parametrize("jobs", [1, 3])
def test_threads_keep_order_and_bound_reading_ahead(jobs):
    read = []

    def items():
        for number in range(100):
            read.append(number)
            yield number

    results = in_order(lambda number: number * number, items(), jobs)
    assert next(results) == 0 and len(read) <= 4 * jobs + 1
    assert list(results) == [number * number for number in range(1, 100)]

    def fail(number):
        if number == 5:
            raise InputError("five")
        return number

    results = in_order(fail, range(9), jobs)
    assert [next(results) for _ in range(5)] == list(range(5))
    with pytest.raises(InputError, match="five"):
        next(results)
