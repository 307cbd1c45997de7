"""`phones`, `lookup` and `g2g` through the command, on constructed emissions and on audio."""
from __future__ import annotations

import json

import numpy as np
import pytest
from constructed import PIECES, log_probs, write
from tones import sentences, write_manifest

from ctcb.text.lexicon import phone_symbols

# "ann met" and then a word of which "bov" is a little likelier than "bob".
HEARD = ["▁an", "n", "<blk>", "▁met", "<blk>", "▁bo", {"v": 0.5, "b": 0.4}, "<blk>"]
PHONES = phone_symbols()


def phone_frames(*frames):
    """One of eight frames each: a phone, or ``|`` for a blank."""
    return log_probs(PHONES, ["<blk>" if frame == "|" else frame for frame in frames])


BOB = phone_frames("AE", "N", "M", "EH", "T", "B", "AA", "B")
BOV = phone_frames("AE", "N", "M", "EH", "T", "B", "AA", "V")


@pytest.fixture
def decode(ctcb, tmp_path):
    """Decode tokens and phones with a list; the last line of ``hyps.jsonl``."""

    def call(names, *options, tokens=HEARD, phones=BOB):
        (tmp_path / "names.txt").write_text(names)
        np.savez(tmp_path / "p.npz", u1=phones)
        heard = ["--phone-emissions", tmp_path / "p.npz"]
        files = write(tmp_path, {"u1": log_probs(PIECES, tokens)})
        ran = ctcb("decode", *files, "--entities", tmp_path / "names.txt", *heard, "--bias", "none", *options, "--format", "jsonl")
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    return call


@pytest.mark.parametrize("score", ["forward", "path", "edits"])
def test_phone_rescoring_promotes_the_second_hypothesis(decode, score):
    tokens = [*HEARD[:-2], {"n": 0.5, "b": 0.4}, "<blk>"]  # "bon" is in the dictionary as well
    options = ["--with", "phones", "--phone-score", score, "--phone-weight", 5, "--nbest", 12]
    turned = decode("met ann\n", *options, tokens=tokens)
    others = [other["text"] for other in turned["nbest"]]
    assert turned["text"] == "ann met bob" == others[0] and "ann met bon" in others
    bon = phone_frames("AE", "N", "M", "EH", "T", "B", "AA", "N")
    assert decode("met ann\n", *options, tokens=tokens, phones=bon)["text"] == "ann met bon"
    assert decode("met ann\n", tokens=tokens)["text"] == "ann met bon"


def test_without_a_list_the_order_is_that_beside_absent_names(ctcb, tmp_path):
    """With an LM, rescoring acts without a list too; so names that nobody said change nothing."""
    np.savez(tmp_path / "p.npz", u1=BOB)
    files = write(tmp_path, {"u1": log_probs(PIECES, [*HEARD[:-2], {"n": 0.5, "b": 0.4}, "<blk>"])})
    (tmp_path / "absent.txt").write_text("nzz\n")
    (tmp_path / "lm.arpa").write_text("\\data\\\nngram 1=7\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\n-4\t<unk>\n" + "".join(
        f"-1\t{word}\n" for word in ("ann", "met", "bob", "bon")) + "\n\\end\\\n")

    def text(*options):
        ran = ctcb("decode", *files, "--lm", tmp_path / "lm.arpa", "--phone-emissions", tmp_path / "p.npz", *options)
        assert ran.code == 0, ran.err
        return ran.out

    strong = ["--phone-weight", 5]
    assert text("--phone-weight", 0) == "u1 ann met bon\n"
    assert text(*strong) == "u1 ann met bob\n" == text(*strong, "--entities", tmp_path / "absent.txt")


def test_oov_word_is_penalised(decode):
    """With weight 0 on the phones, only the OOV penalty of "bov" can change the order."""
    row = decode("met ann\n", "--with", "phones", "--phone-weight", 0, phones=BOV)
    assert row["text"] == "ann met bob"


def test_word_times_come_from_the_phones(decode):
    words = decode("met ann\n", "--with", "phones", "--phone-weight", 1)["words"]
    times = [(word["word"], word["start"], word["end"]) for word in words]
    assert times == [("ann", 0.0, 0.08), ("met", 0.08, 0.2), ("bob", 0.2, 0.32)]


def test_own_pronunciations_are_used(decode):
    """With the subword search both are entities; their own pronunciations decide."""
    names = "bov\tpron=B AA B\nbob\tpron=B IY P\n"
    options = ["--with", "subword", "--with", "phones", "--phone-weight", 1]
    assert decode(names, *options)["text"] == "ann met bov"


def test_lookup_replaces_words_by_a_listed_name(decode):
    tokens = ["▁an", "n", "<blk>", "▁met", "<blk>", "<blk>", "▁bo", "v", "<blk>", "<blk>", "<blk>", "<blk>", "<blk>"]
    phones = phone_frames("AE", "N", "M", "EH", "T", "|", "Z", "EH", "R", "AH", "B", "OW", "|")
    names = "Nzz Bón\tpron=Z EH R AH B OW\nann\n"
    row = decode(names, "--with", "lookup", tokens=tokens, phones=phones)
    assert row["text"] == "ann met nzz bon" == " ".join(word["word"] for word in row["words"])
    listed, found = row["entities"]
    assert (listed["entity"], listed["why"], listed["bonus"]) == ("ann", [], 0.0)  # recognised without any technique
    assert (found["entity"], found["why"], found["replaced"]) == ("Nzz Bón", ["lookup"], "bov") and found["bonus"] > 8
    third, fourth = row["words"][2:]
    assert found["start"] == third["start"] < third["end"] == fourth["start"] < fourth["end"] == found["end"]
    assert decode(names, "--with", "lookup", "--lookup-evidence", 999, tokens=tokens, phones=phones)["text"] == "ann met bov"
    said = phone_frames("AE", "N", "M", "EH", "T", "|", "B", "AA", "V", "|", "|", "|", "|")
    assert decode(names, "--with", "lookup", tokens=tokens, phones=said)["entities"] == row["entities"][:1]


# "an bob" was said; the tokens of "bob" lie below what any boost makes up for, and "annv" is one word to them. It gives way as a whole.
UNLIKELY = ["▁met", "<blk>", "▁an", "<blk>", {"n": 0.98, "▁bo": 8e-4}, {"v": 0.98, "b": 8e-4}, "<blk>", "<blk>"]
FAR = ["--set", "spot.max_loss_per_letter=5"]
SPOTTED = phone_frames("M", "EH", "T", "AE", "B", "AA", "B", "|")


def test_a_spotted_name_is_written_where_no_word_begins(decode):
    boosts = ["--with", "subword", "--set", "beam.boost_gap=7"]
    assert decode("Bob\n", *boosts, tokens=UNLIKELY, phones=SPOTTED)["text"] == "met annv"
    row = decode("Bob\n", *boosts, "--with", "spot", *FAR, tokens=UNLIKELY, phones=SPOTTED)
    assert (row["text"], row["entities"][0]["entity"]) == ("met bob", "Bob")


@pytest.mark.parametrize("options", [["--set", "spot.most=0"], ["--set", "spot.probability=1"], ["--set", "spot.max_loss_per_letter=1"]])
def test_no_name_is_spotted(decode, options):
    row = decode("Bob\n", "--with", "subword", "--with", "spot", *FAR[: 2 * ("letter" not in options[1])], *options, tokens=UNLIKELY, phones=SPOTTED)
    assert row["text"] == "met annv"


def test_phones_of_something_else_raise_no_token(decode):
    said = phone_frames("M", "EH", "T", "AE", "S", "IY", "SH", "|")
    assert decode("Bob\n", "--with", "subword", "--with", "spot", *FAR, tokens=UNLIKELY, phones=said)["text"] == "met annv"


def test_tokens_lack_what_phones_lack():
    """Raised tokens: what the best path of "bob" lacks is ``cost`` times what the phones lack, and no other token changes."""
    from ctcb.biasing.options import TechniqueOptions
    from ctcb.biasing.prepared_list import Context, Setting, SpelledList
    from ctcb.biasing.spotting import Spotting
    from ctcb.biasing.technique import SearchedEmissions
    from ctcb.entities import EntityList
    from ctcb.phones.graph import floored
    from ctcb.phones.options import SpotOptions
    from ctcb.phones.phonetics import Phonetics
    from ctcb.phones.spotting import spot
    from ctcb.search.vocabulary import Vocabulary
    from ctcb.text.spelling import PieceSpelling
    from ctcb.text.tokens import TokenTable

    spelling = PieceSpelling(TokenTable.of(PIECES))
    said = phone_frames("M", "EH", "T", "AE", "B", "AA", "B", "|")
    said[4] = log_probs(PHONES, [{"B": 0.3, "P": 0.6}])[0]
    for cost in (0.0, 1.0, 3.0):
        options = TechniqueOptions(spot=SpotOptions(cost=cost, max_loss_per_letter=5))
        setting = Setting(Vocabulary.from_tokens(PIECES), spelling, Phonetics.default(), options)
        technique, tokens = Spotting(), log_probs(PIECES, UNLIKELY)
        context = technique.prepare(Context.of(SpelledList.of(EntityList.of(["bob"]), spelling), setting))
        [found] = spot(floored(said, options.phonetic.floor), context.sounds, 1, options.spot.probability)
        assert (found.first, found.end) == (4, 7) and found.loss > 0.1
        raised = technique.bias(SearchedEmissions(tokens, said), context)
        assert np.exp(raised).sum(axis=1) == pytest.approx(1, abs=1e-3)
        where = [(4, PIECES.index("▁bo")), (5, PIECES.index("b")), (6, PIECES.index("<blk>"))]
        lacking = sum(float(raised[t].max() - raised[t, token]) for t, token in where)
        assert lacking == pytest.approx(cost * found.loss, abs=1e-3)
        changed = np.abs(np.diff(raised, axis=1) - np.diff(tokens, axis=1)) > 1e-3
        assert set(np.flatnonzero(changed.any(axis=1))) <= {4, 5}


def test_variants_are_written_as_the_name(decode):
    tokens = ["▁met", "<blk>", "▁an", {"v": 0.6, "b": 0.3}, "<blk>", "<blk>", "<blk>", "<blk>"]
    names, options = "Anbb\n", ["--with", "subword", "--with", "g2g"]
    row = decode(names, *options, tokens=tokens)
    (found,) = row["entities"]
    assert (row["text"], row["words"][1]["word"]) == ("met anbb", "anbb")
    assert (found["entity"], found["why"], found["replaced"]) == ("Anbb", ["subword", "g2g"], "anb")
    assert decode(names, "--with", "subword", tokens=tokens)["text"] == "met anv"
    assert decode(names, *options, "--g2g", 0, tokens=tokens)["text"] == "met anv"
    assert decode(names, *options, "--g2g-cost", 50, tokens=tokens)["text"] == "met anv"


def test_variants_are_replaced_without_boosting(decode):
    tokens = ["▁met", "<blk>", "▁an", "b", "<blk>", "<blk>", "<blk>", "<blk>"]
    row = decode("Anbb\n", "--with", "g2g", tokens=tokens)
    (found,) = row["entities"]
    assert (row["text"], found["entity"], found["why"], found["replaced"]) == ("met anbb", "Anbb", ["g2g"], "anb")
    assert decode("Anbb\n", "--with", "g2g", "--g2g", 0, tokens=tokens)["text"] == "met anb"


def test_missing_phone_head_is_refused(ctcb, tmp_path):
    (tmp_path / "names.txt").write_text("bob\n")
    np.savez(tmp_path / "p.npz", other=BOB, u2=BOB[:-1])
    np.savez(tmp_path / "narrow.npz", u1=BOB[:, :-1])
    files = write(tmp_path, {"u1": log_probs(PIECES, HEARD), "u2": log_probs(PIECES, HEARD)})
    decode = ["decode", *files, "--entities", tmp_path / "names.txt"]
    ran = ctcb(*decode, "--with", "lookup")
    assert ran.code == 2 and "'lookup' needs the emissions of a phone head; give --phone-emissions" in ran.err
    ran = ctcb(*decode, "--with", "phones", "--phone-emissions", tmp_path / "p.npz")
    assert ran.code == 2 and "'u1': has no phone emissions" in ran.err and "7 frames of phone emissions, 8 of the others" in ran.err
    ran = ctcb(*decode, "--with", "phones", "--phone-emissions", tmp_path / "narrow.npz")
    assert "emissions have 39 tokens a frame, but the vocabulary has 40" in ran.err
    ran = ctcb(*decode, "--with", "phones", "--phone-weight", -1)
    assert ran.code == 2 and "phones.weight is -1.0" in ran.err
    ran = ctcb(*decode, "--phone-emissions", tmp_path / "none.npz")
    assert ran.code == 2 and "none.npz: no such file" in ran.err


def test_emissions_from_file_decode_like_audio(ctcb, model_dir, tmp_path):
    audio = write_manifest(tmp_path / "in", sentences(4)).with_name("audio")  # without the speakers, which emissions do not tell
    (tmp_path / "names.txt").write_text("Ann Bob\nOak\nTom Una\nSam\n")
    emitted = ctcb("emit", "--model", model_dir, audio, "--out", tmp_path / "e.npz", "--phones", tmp_path / "p.npz")
    assert emitted.code == 0
    with np.load(tmp_path / "e.npz") as tokens, np.load(tmp_path / "p.npz") as phones:
        assert tokens.files == phones.files and all(len(tokens[name]) == len(phones[name]) for name in tokens.files)
    assert (tmp_path / "p.npz.tokens.txt").read_text().split() == list(PHONES)
    with_all = [word for name in ("phones", "lookup", "g2g") for word in ("--with", name)]
    decode = ["decode", "--model", model_dir, "--entities", tmp_path / "names.txt", "--format", "jsonl", "--nbest", 3, *with_all]
    heard = ctcb(*decode, audio)
    read = ctcb(*decode, "--emissions", tmp_path / "e.npz", "--phone-emissions", tmp_path / "p.npz")
    assert heard == read and heard.code == 0 and len(heard.out.splitlines()) == 4
    assert ctcb(*decode, "--jobs", 3, audio) == heard


def test_short_names_are_penalised_in_long_lists():
    from ctcb.biasing.in_search import _with_short_names
    from ctcb.biasing.prepared_list import Context, Setting
    from ctcb.entities import Entity
    from ctcb.search.vocabulary import Vocabulary
    from ctcb.text.spelling import PieceSpelling
    from ctcb.text.tokens import TokenTable

    def costs(count, before=None):
        names = [Entity("Bob"), Entity("Bob Catson"), *(Entity(f"name {number}") for number in range(count - 2))]
        setting = Setting(Vocabulary.from_tokens(PIECES), PieceSpelling(TokenTable.of(PIECES)))
        made = Context(tuple(names), (), None, (), tuple(((1, 2), (3,)) for _ in names), setting, costs=before)
        return _with_short_names(made, 0.5)

    # "bob" lacks five of eight letters: half a nat each, all of it in a list of 1,000, half of it in one of 100.
    assert costs(1000)[:2] == ((2.5, 2.5), (0.0, 0.0)) and costs(5000)[0] == (2.5, 2.5)
    assert costs(100)[0] == pytest.approx((1.25, 1.25))
    assert costs(10) is None
    before = ((1.0, 2.0),) * 1000
    assert costs(1000, before)[0] == (3.5, 4.5)
