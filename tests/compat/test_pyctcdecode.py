"""pyctcdecode's interface: its labels and shapes, its weights, and transformers' Wav2Vec2ProcessorWithLM on it."""
from __future__ import annotations

import json
import multiprocessing
import sys
import warnings

import numpy as np
import pytest
from hf_models import LETTERS, save_hf

from ctcb.compat import pyctcdecode
from ctcb.compat.pyctcdecode import BeamSearchDecoderCTC, build_ctcdecoder
from ctcb.compat.pyctcdecode.warned import warn_once
from ctcb.errors import InputError, InputWarning

UPPER = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABDEMNOTR", "'"]
ARPA = """\\data\\
ngram 1=7
ngram 2=4

\\1-grams:
-99\t<s>\t-0.3
-1.2\t</s>
-2.0\t<unk>
-0.9\tMET\t-0.2
-0.8\tANN\t-0.2
-1.0\tBOB\t-0.2
-3.0\tBOD\t-0.2

\\2-grams:
-0.3\t<s> ANN
-0.2\tANN MET
-0.1\tMET BOB
-0.4\tBOB </s>

\\end\\
"""


@pytest.fixture(autouse=True)
def warns_anew():
    warn_once.cache_clear()


@pytest.fixture
def arpa(tmp_path):
    (tmp_path / "lm.arpa").write_text(ARPA)
    return str(tmp_path / "lm.arpa")


def spoken(text, labels, blank, space, instead=None, share=0.3):
    """Logits in which a frame of each character is followed by one of the blank; ``instead[place]`` is nearly as likely there."""
    rows = []
    for place, letter in enumerate(text):
        row = np.full(len(labels), -9.0)
        row[space if letter == " " else labels.index(letter)] = 5.0
        if instead and place in instead:
            row[labels.index(instead[place])] = 5.0 + np.log(share)
        between = np.full(len(labels), -9.0)
        between[blank] = 5.0
        rows += [row, between]
    return np.array(rows, np.float32)


def upper(text, **kw):
    return spoken(text, UPPER, 0, 4, **kw)


def test_labels_are_normalised():
    decoder = build_ctcdecoder(UPPER)
    assert decoder._alphabet.labels[:5] == ["", "<s>", "</s>", "⁇", " "] and not decoder._alphabet.is_bpe
    assert build_ctcdecoder([" ", *"ab", "_"])._alphabet.labels == [" ", "a", "b", ""]
    assert build_ctcdecoder([" ", *"ab"])._alphabet.labels == [" ", "a", "b", ""]  # the blank comes behind them
    assert build_ctcdecoder(["[UNK]", "an", "##n", "bob", "[PAD]"])._alphabet.labels == ["▁⁇▁", "▁an", "n", "▁bob", ""]
    with pytest.raises(ValueError, match="'a' comes twice"):
        build_ctcdecoder([" ", "a", "a"])
    with pytest.raises(InputError, match="ctc_token_type is 'word'"):
        build_ctcdecoder([" ", "a"], ctc_token_type="word")


def test_beams_have_the_shapes_of_pyctcdecode():
    decoder = build_ctcdecoder(UPPER)
    logits = upper("ANN MET BOB", instead={10: "D"})
    beams = decoder.decode_beams(logits, beam_width=10)
    assert [beam[0] for beam in beams[:2]] == ["ANN MET BOB", "ANN MET BOD"] and 2 <= len(beams) <= 10
    text, state, frames, logit_score, score = beams[0]
    assert state is None and logit_score == score < 0 and all(isinstance(one, float) for one in (logit_score, score))
    assert [word for word, _ in frames] == text.split() and frames[0][1][0] == 0 and frames[1][1][0] == 8
    assert decoder.decode(logits) == text == decoder.decode(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))
    assert decoder.decode_batch(None, [logits, upper("BOB")]) == [text, "BOB"]
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert decoder.decode_beams_batch(pool, [logits], beam_width=10) == [[(*beam[:1], *beam[2:]) for beam in beams]]
    assert decoder.decode(np.zeros((0, len(UPPER)), np.float32)) == ""
    with pytest.raises(InputError, match="tokens a frame"):
        decoder.decode(logits[:, :-1])
    bpe = build_ctcdecoder(["<unk>", "▁ann", "▁b", "ob"])
    assert bpe.decode(_pieces([1, 2, 3], 5)) == "ann bob"


def _pieces(ids, width):
    logits = np.full((2 * len(ids), width), -9.0, np.float32)
    logits[1::2, width - 1] = 5.0
    logits[np.arange(0, 2 * len(ids), 2), ids] = 5.0
    return logits


def test_hotwords_have_weights():
    decoder = build_ctcdecoder(UPPER)
    logits = upper("ANN MET BOD", instead={10: "B"}, share=0.4)
    assert decoder.decode(logits) == "ANN MET BOD"
    for given in (["bob"], ["BOB"], iter(["MET BOB"])):
        assert decoder.decode(logits, hotwords=given) == "ANN MET BOB"
    assert decoder.decode(logits, hotwords=["BOB"], hotword_weight=0) == "ANN MET BOD"
    assert decoder.decode(logits, hotwords=["BOB"], hotword_weight=0.1) == "ANN MET BOD"
    assert decoder.decode(upper("ANN MET BOB", instead={10: "D"}), hotwords=["BOB"], hotword_weight=-30) == "ANN MET BOD"
    with pytest.warns(InputWarning, match="hotwords"):
        assert decoder.decode(logits, hotwords=["Ωζ"]) == "ANN MET BOD"
    with pytest.raises(InputError, match="one string"):
        decoder.decode(logits, hotwords="BOB")


def test_language_model(arpa):
    logits = upper("ANN MET BOD", instead={10: "B"}, share=0.4)
    plain, decoder = build_ctcdecoder(UPPER), build_ctcdecoder(UPPER, arpa, alpha=0.5, beta=1.5)
    assert plain.decode(logits) == "ANN MET BOD" and decoder.decode(logits) == "ANN MET BOB"
    _, state, _, logit_score, score = decoder.decode_beams(logits)[0]
    log10 = np.log(10)
    assert score - logit_score == pytest.approx(0.5 * log10 * (-0.3 - 0.2 - 0.1 - 0.4) + 3 * 1.5, abs=1e-3)
    decoder.reset_params(alpha=0.0, beta=0.0)
    assert decoder.decode(logits) == "ANN MET BOD" and BeamSearchDecoderCTC.model_container[decoder._model_key].alpha == 0.0
    decoder.reset_params(alpha=1.0, beta=0.0)
    # The history of the piece before: after "ANN MET", "BOB" needs no backoff.
    history = decoder.decode_beams(upper("ANN MET"))[0][1]
    fresh, after = (decoder.decode_beams(upper("BOB"), lm_start_state=start)[0] for start in (None, history))
    assert fresh[4] - fresh[3] == pytest.approx((-0.3 - 1.0 - 0.4) * log10, abs=1e-3)
    assert after[4] - after[3] == pytest.approx((-0.1 - 0.4) * log10, abs=1e-3)


def test_options_without_counterpart_warn_once(arpa, tmp_path):
    decoder = build_ctcdecoder(UPPER)
    for given, said in (({"beam_prune_logp": -5.0}, "beam_prune_logp"), ({"prune_history": True}, "prune_history")):
        with pytest.warns(InputWarning, match=said):
            decoder.decode_beams(upper("ANN"), **given)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            decoder.decode_beams(upper("ANN"), **given)
    with pytest.warns(InputWarning, match="unigrams"):
        decoder = build_ctcdecoder(UPPER, arpa, unigrams=["ANN"], lm_score_boundary=False)
    with pytest.warns(InputWarning, match="lm_score_boundary"):
        decoder.decode(upper("ANN"))
    (tmp_path / "lm.bin").write_bytes(b"mmap lm http://kheafield.com/code format version 5\n\0")
    with pytest.raises(InputError, match="binary file of kenlm.*give the ARPA file"):
        build_ctcdecoder(UPPER, tmp_path / "lm.bin")


def test_saved_and_loaded(arpa, tmp_path):
    decoder = build_ctcdecoder(UPPER, arpa, unigrams=["ANN", "BOB"], alpha=0.7)
    decoder.save_to_dir(tmp_path / "saved")
    assert json.loads((tmp_path / "saved/language_model/attrs.json").read_text())["alpha"] == 0.7
    assert (tmp_path / "saved/language_model/unigrams.txt").read_text().split() == ["ANN", "BOB"]
    again = BeamSearchDecoderCTC.load_from_dir(tmp_path / "saved")
    logits = upper("ANN MET BOD", instead={10: "B"}, share=0.4)
    assert again.decode_beams(logits) == decoder.decode_beams(logits)
    (tmp_path / "saved/language_model/lm.arpa").unlink()
    with pytest.raises(InputError, match="one ARPA file is needed"):
        BeamSearchDecoderCTC.load_from_dir(tmp_path / "saved")
    with pytest.raises(ValueError, match="alphabet.json"):
        BeamSearchDecoderCTC.load_from_dir(tmp_path)


def test_pyctcdecode_answers_the_same(arpa):
    theirs = pytest.importorskip("pyctcdecode")
    logits = upper("ANN MET BOD", instead={10: "B"}, share=0.4)
    for model in (None, arpa):
        one, other = (library.build_ctcdecoder(list(UPPER), model) for library in (theirs, pyctcdecode))
        mine, yours = other.decode_beams(logits, beam_width=20), one.decode_beams(logits, beam_width=20)
        assert [beam[0] for beam in mine[:2]] == [beam[0] for beam in yours[:2]]
        assert mine[0][3] == pytest.approx(yours[0][3], abs=0.02) and len(mine[0]) == len(yours[0])
        assert [word for word, _ in mine[0][2]] == [word for word, _ in yours[0][2]]
        assert all(abs(a - b) <= 2 for (_, one), (_, other) in zip(mine[0][2], yours[0][2]) for a, b in zip(one, other))
        assert other._alphabet.labels == one._alphabet.labels
        if model is not None:
            assert mine[0][4] - mine[0][3] == pytest.approx(yours[0][4] - yours[0][3], abs=0.01)
    assert one.decode(logits, hotwords=["BOD"]) == other.decode(logits, hotwords=["BOD"]) == "ANN MET BOD"


def test_processor_of_transformers_runs_unchanged(arpa, tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    import transformers.utils.import_utils

    for name in list(sys.modules):
        if name.split(".")[0] == "pyctcdecode":
            monkeypatch.delitem(sys.modules, name)
    for name in ("", ".alphabet", ".constants", ".decoder", ".language_model"):
        monkeypatch.setitem(sys.modules, f"pyctcdecode{name}", None)  # put back behind the test
    monkeypatch.setattr(transformers.utils.import_utils, "_pyctcdecode_available", False)
    pyctcdecode.install()
    from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ProcessorWithLM

    model, _ = save_hf(tmp_path / "hf", "wav2vec2")
    extractor, tokenizer = Wav2Vec2FeatureExtractor.from_pretrained(tmp_path / "hf"), Wav2Vec2CTCTokenizer.from_pretrained(tmp_path / "hf")
    labels = [label for label, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    assert labels == LETTERS == UPPER
    processor = Wav2Vec2ProcessorWithLM(extractor, tokenizer, build_ctcdecoder(labels, arpa))
    logits = upper("ANN MET BOD", instead={10: "B"}, share=0.4)
    found = processor.decode(logits, output_word_offsets=True, alpha=0.0, beta=0.0)
    assert found.text == "ANN MET BOD" and found.word_offsets[1]["word"] == "MET" and found.word_offsets[1]["start_offset"] == 8
    assert processor.decode(logits, alpha=0.5, beta=1.5).text == "ANN MET BOB"
    best = processor.decode(logits, hotwords=["BOD"], hotword_weight=20.0, n_best=2)
    assert best.text[0] == "ANN MET BOD" and len(best.text) == len(best.lm_score) == 2
    padded = np.stack([logits, np.concatenate([upper("BOB"), np.full((len(logits) - 6, len(UPPER)), -100.0, np.float32)])])
    batch = processor.batch_decode(padded, num_processes=1, output_word_offsets=True)
    assert batch.text == ["ANN MET BOB", "BOB"] and len(batch.word_offsets) == 2
    processor.save_pretrained(tmp_path / "saved")
    again = Wav2Vec2ProcessorWithLM.from_pretrained(tmp_path / "saved", alpha=0.25)
    assert again.language_model.alpha == 0.25 and again.decode(logits).text == "ANN MET BOB"
    assert isinstance(again.decoder, BeamSearchDecoderCTC)
