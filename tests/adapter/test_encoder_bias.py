"""``--bias encoder``: batches, the cache of encoded lists, the prefilter, attention plots."""
import io
import json
import re
import shutil

import numpy as np
import pytest
import torch
from tones import sentences, write_manifest

from ctcb.acoustic.directory import load_model
from ctcb.adapter.alignment import align_entries, batch_alignment
from ctcb.adapter.cache import CatalogueCache
from ctcb.adapter.competition import recognise
from ctcb.adapter.encoded_list import encode_list, entries_of
from ctcb.adapter.encoder_bias import AttentionMap, EncoderBias
from ctcb.adapter.entries import EntrySpeller, collate
from ctcb.entities import Entity, EntityList
from ctcb.errors import InputError
from ctcb.report.attention import DPI, MAX_PIXELS, attended_rows, attended_stretches, plot_attention
from ctcb.transcript.hypothesis import Word
from ctcb.transcript.transcript import Transcript

NAMES = ["Ann", "Bób", "Max Fox", "Una", "Tom Kit"]


@pytest.fixture(scope="module")
def model(plain_adapter_dir):
    return load_model(plain_adapter_dir)


@pytest.fixture(scope="module")
def aligning(adapter_dir):
    return load_model(adapter_dir)


@pytest.fixture
def encoded(model):
    return encode_list(model, EntityList.of(NAMES).entities)


def heard(batch=3, frames=(90, 60, 75)):
    torch.manual_seed(5)
    return 3 * torch.randn(batch, max(frames), 80), torch.tensor(frames)


def test_emissions_do_not_depend_on_the_batch(model, encoded):
    features, lengths = heard()
    got = EncoderBias(model, encoded).emissions(features, lengths, ["a", "b", "c"])
    entries, _ = entries_of(encoded.entities, EntrySpeller(model.lang, True))
    with torch.no_grad():
        catalogue = model.adapter.encode(collate(entries))
        for row, length in enumerate(lengths.tolist()):
            one = model.network.encode(features[row : row + 1, :length], lengths[row : row + 1])
            last, _ = model.adapter.bias(one.last, one.taps, catalogue)
            wanted = model.network.head(last).log_softmax(-1)[0]
            assert torch.allclose(got.subword[row, : len(wanted)], wanted, atol=2e-2)  # vectors are kept in float16
            assert int(got.lengths[row]) == len(wanted)


def test_aligned_emissions_do_not_depend_on_the_batch(aligning, monkeypatch):
    monkeypatch.setattr("ctcb.adapter.competition.MIN_PIECE_WEIGHT", 0.0)
    features, lengths = heard()
    encoded = encode_list(aligning, EntityList.of(NAMES).entities)
    # What they lose besides: test_penalties.py.
    got = EncoderBias(aligning, encoded, penalties=lambda entry_scores, *_: torch.zeros(len(entry_scores))).emissions(features, lengths, ["a", "b", "c"])
    entries, _ = entries_of(encoded.entities, EntrySpeller(aligning.lang, True))
    network, adapter = aligning.network, aligning.adapter
    with torch.no_grad():
        for row, length in enumerate(lengths.tolist()):
            one = network.encode(features[row : row + 1, :length], lengths[row : row + 1])
            logits = network.head(one.last)
            found = align_entries(one.inter_logits[0][0].log_softmax(-1).numpy(), logits[0].log_softmax(-1).numpy(), entries)
            assert found.entries
            left = [entries[place] for place in found.entries]
            alignment = batch_alignment([found], found.entries, [2 * len(entry.tokens) - 1 for entry in left], logits)
            last, _ = recognise(adapter, one.last, one.taps, adapter.encode(collate(left)), alignment, adapter.final.entry_scores(alignment))
            wanted = network.head(last).log_softmax(-1)[0]
            assert torch.allclose(got.subword[row, : len(wanted)], wanted, atol=5e-2)  # vectors are kept in float16
            assert not torch.allclose(wanted, logits.log_softmax(-1)[0], atol=1e-1)


def test_emissions_without_a_list_equal_the_base_bit_by_bit(model, encoded):
    features, lengths = heard()
    with torch.no_grad():
        plain, _ = model.network(features, lengths)
    got = EncoderBias(model, encoded, places={"b": (1, 4)}).emissions(features, lengths, ["a", "b", "c"])
    for row in (0, 2):
        assert torch.equal(got.subword[row], plain.subword[row])
    assert not torch.allclose(got.subword[1], plain.subword[1])


def test_each_utterance_has_its_own_list(model, encoded):
    features, lengths = heard()
    got = EncoderBias(model, encoded, places={"a": (3,), "c": (0, 2)}).emissions(features, lengths, ["a", "b", "c"])
    for row, utt_id, names in ((0, "a", ["Una"]), (2, "c", ["Ann", "Max Fox"])):
        own = EncoderBias(model, encode_list(model, EntityList.of(names).entities)).emissions(features, lengths, ["a", "b", "c"])
        frames = int(got.lengths[row])
        assert torch.allclose(got.subword[row, :frames], own.subword[row, :frames], atol=1e-4)


def test_likeliest_entries_of_a_long_list_are_kept(model, encoded):
    features, lengths = heard()
    maps = {}
    EncoderBias(model, encoded, max_active=2, watch=maps.__setitem__).emissions(features, lengths, ["a", "b", "c"])
    with torch.no_grad():
        phones = model.network(features, lengths)[0].inter[0]
    for row, utt_id in enumerate("abc"):
        frames = maps[utt_id].weights.shape[0]
        scores = encoded.prefilter.scores(phones[row, :frames].numpy())
        best = sorted(np.argsort(-scores, kind="stable")[:2])
        assert list(maps[utt_id].names) == [NAMES[place] for place in best]
        assert np.allclose(maps[utt_id].weights.sum(axis=1), 1, atol=1e-5)
    with pytest.raises(InputError, match="--max-active-entities is 0"):
        EncoderBias(model, encoded, max_active=0)


def test_every_pronunciation_and_alias_becomes_an_entry(model):
    entities = EntityList.of([Entity("K2", spoken=("kay two",), aliases=("ann",)), Entity("Bob", prons=("B AA B", "B OW B"))])
    speller = EntrySpeller(model.lang, True)
    entries, entity_of = entries_of(entities.entities, speller)
    assert entity_of == [0, 0, 1, 1]
    assert entries == [speller.entry("kay two"), speller.entry("ann"), speller.entry("bob", "B AA B"), speller.entry("bob", "B OW B")]
    maps = {}
    features, lengths = heard(1, (90,))
    EncoderBias(model, encode_list(model, entities.entities), watch=maps.__setitem__).emissions(features, lengths, ["a"])
    assert maps["a"].names == ("K2", "Bob") and maps["a"].weights.shape[1] == 3


def test_encoded_lists_are_cached_by_content(model, tmp_path, monkeypatch):
    monkeypatch.setattr("ctcb.adapter.encoded_list.MANY", 3)
    cache = CatalogueCache(tmp_path)
    entities = EntityList.of(NAMES).entities
    first = encode_list(model, entities, cache)
    assert len(list(cache.folder.iterdir())) == 1
    monkeypatch.setattr("ctcb.adapter.encoded_list.encode", None)  # would fail
    again = encode_list(model, [Entity(entity.text.upper(), weight=3.0) for entity in entities], cache)
    assert again.entries == first.entries and torch.equal(again.entity_of, first.entity_of)
    assert torch.equal(again.whole.final.keys, first.whole.final.keys) and again.entities[0].text == "ANN"
    monkeypatch.undo()
    encode_list(model, EntityList.of([*NAMES, "Rex"]).entities * 100, cache)
    assert len(list(cache.folder.iterdir())) == 2
    for file in cache.folder.iterdir():
        file.write_bytes(b"half")
    assert torch.equal(encode_list(model, entities * 100, cache).entity_of, torch.arange(500))


def test_long_list_is_encoded_where_it_aligns(aligning, monkeypatch):
    """The vectors are those of the list encoded at once, up to rounding, and do not depend on the utterances before."""
    monkeypatch.setattr("ctcb.adapter.competition.MIN_PIECE_WEIGHT", 0.0)
    entities = EntityList.of(NAMES).entities
    whole = encode_list(aligning, entities)
    monkeypatch.setattr("ctcb.adapter.encoded_list.AT_ONCE", 3)
    monkeypatch.setattr("ctcb.adapter.encoded_list.encode", None)  # would fail
    some = torch.tensor([0, 2, 4])
    for one, other in zip(whole.pick(some).final, encode_list(aligning, entities).pick(some).final):
        assert torch.allclose(one, other, atol=2e-3)
    assert torch.equal(whole.pick(some).owner, encode_list(aligning, entities).pick(some).owner)

    def emitted(encoded, *rows):
        bias = EncoderBias(aligning, encoded, penalties=lambda entry_scores, *_: torch.zeros(len(entry_scores)))
        features, lengths = heard()
        for row in rows:
            found = bias.emissions(features[row : row + 1, : lengths[row]], lengths[row : row + 1], ["a"]).subword[0]
        return found

    late = encode_list(aligning, entities)
    assert torch.equal(emitted(late, 0, 2, 1), emitted(encode_list(aligning, entities), 1))
    assert torch.allclose(emitted(late, 1), emitted(whole, 1), atol=5e-2)
    features, lengths = heard()
    assert not torch.allclose(emitted(late, 1), aligning.network(features, lengths)[0].subword[1, : len(emitted(late, 1))], atol=1e-1)


def test_vectors_of_a_long_list_are_kept_up_to_a_number(aligning, monkeypatch):
    monkeypatch.setattr("ctcb.adapter.encoded_list.AT_ONCE", 3)
    monkeypatch.setattr("ctcb.adapter.encoded_list.KEPT", 2)
    encode, counts = aligning.adapter.encode, []
    monkeypatch.setattr(aligning.adapter, "encode", lambda batch: counts.append(len(batch.lengths)) or encode(batch))
    encoded = encode_list(aligning, EntityList.of(NAMES).entities)
    assert not counts
    for some, new in (([0, 1], 2), ([1, 0], 0), ([2], 1), ([0, 2], 0), ([1], 1), ([2], 0)):
        before = len(counts)
        encoded.pick(torch.tensor(some))
        assert counts[before:] == [1] * new


def test_adapter_that_attends_to_all_encodes_long_lists_at_once(model, monkeypatch):
    monkeypatch.setattr("ctcb.adapter.encoded_list.AT_ONCE", 3)
    assert encode_list(model, EntityList.of(NAMES).entities).whole.final.keys.dtype == torch.float32


def test_longest_lists_bias_the_decoder_alone(ctcb, adapter_dir, talk, tmp_path, monkeypatch):
    words = ("decode", "--model", adapter_dir, "--entities", tmp_path / "names.txt", "--bias", "joint", "--format", "jsonl", talk)
    without = ctcb(*words, "--without", "adapter")
    monkeypatch.setattr("ctcb.adapter.encoded_list.MOST", 4)
    ran = ctcb(*words)
    assert (ran.code, ran.out) == (0, without.out)
    assert ran.err.splitlines() == ["ctcb: warning: the list has 5 names: above 4 the adapter is left out, and the decoder alone is biased"]


def test_full_cache_drops_the_oldest_lists(model, tmp_path, monkeypatch):
    monkeypatch.setattr("ctcb.adapter.encoded_list.MANY", 1)
    monkeypatch.setattr("ctcb.adapter.cache.MOST_BYTES", 1)
    cache = CatalogueCache(tmp_path)
    for name in NAMES:
        encode_list(model, EntityList.of([name]).entities, cache)
    assert len(list(cache.folder.iterdir())) == 1


@pytest.fixture
def talk(tmp_path, monkeypatch):
    monkeypatch.setenv("CTCB_CACHE", str(tmp_path / "cache"))
    manifest = write_manifest(tmp_path / "talk", sentences(3))
    (tmp_path / "names.txt").write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    return manifest


def test_decode_command_with_encoder_bias(ctcb, adapter_dir, plain_adapter_dir, model_dir, talk, tmp_path):
    names = ("--entities", tmp_path / "names.txt")
    for method in ("greedy", "beam"):
        words = ("decode", "--model", plain_adapter_dir, *names, "--bias", "encoder", "--method", method, "--format", "jsonl")
        leaned, off = ctcb(*words, talk), ctcb(*words, "--without", "adapter", talk)
        assert (leaned.code, leaned.err, off.code) == (0, "", 0) and leaned.out != off.out
    plain = ctcb("decode", "--model", model_dir, "--method", "greedy", "--format", "jsonl", talk)
    off = ctcb(
        "decode", "--model", plain_adapter_dir, *names, "--bias", "encoder", "--without", "adapter", "--method", "greedy",
        "--format", "jsonl", talk,
    )
    assert off.out == plain.out
    few = ctcb("decode", "--model", plain_adapter_dir, *names, "--bias", "encoder", "--method", "greedy", "--max-active-entities", 1, talk)
    assert few.code == 0
    aligned = ctcb("decode", "--model", adapter_dir, *names, "--bias", "joint", talk)
    assert (aligned.code, aligned.err) == (0, "")


def test_python_result_equals_the_command(ctcb, adapter_dir, talk, tmp_path):
    import ctcb as package

    ran = ctcb(
        "decode", "--model", adapter_dir, "--entities", tmp_path / "names.txt", "--bias", "encoder", "--format", "jsonl",
        talk.parent / "audio/u000.wav",
    )
    found = package.load(adapter_dir, bias="encoder").transcribe(talk.parent / "audio/u000.wav", entities=NAMES)
    assert json.loads(ran.out)["text"] == found.text


def test_wrong_use_gives_one_line(ctcb, adapter_dir, model_dir, talk, tmp_path):
    names = ("--entities", tmp_path / "names.txt")
    np.savez(tmp_path / "e.npz", u=np.zeros((3, 40), np.float32))
    for words, said in [
        (["--model", model_dir, *names, "--bias", "encoder", talk], f"{model_dir}: this model has no adapter"),
        (["--model", adapter_dir, *names, "--bias", "encoder", "--emissions", tmp_path / "e.npz"], "the adapter takes audio"),
        (["--model", adapter_dir, *names, "--attention-plot", tmp_path, talk], "--attention-plot is for the adapter"),
        (["--model", adapter_dir, "--max-active-entities", 3, talk], "--max-active-entities is for the adapter"),
    ]:
        ran = ctcb("decode", *words)
        assert ran.code == 2 and said in ran.err and len(ran.err.splitlines()) == 1
    broken = tmp_path / "broken"
    shutil.copytree(adapter_dir, broken)
    (broken / "adapter.safetensors").unlink()
    ran = ctcb("decode", "--model", broken, talk)
    assert ran.code == 2 and "adapter.safetensors: no such file" in ran.err


def attention(frames, **weights):
    """A map in which the names have some weight on some frames, and `<no-bias>` the rest."""
    array = np.zeros((frames, 1 + len(weights)), np.float32)
    for column, held in enumerate(weights.values(), start=1):
        for frame, weight in held.items():
            array[frame, column] = weight
    array[:, 0] = 1 - array[:, 1:].sum(axis=1)
    return AttentionMap(tuple(weights), array)


def test_plot_has_only_rows_with_attention():
    many = {f"name{n}": {} for n in range(300)}
    names, rows = attended_rows(attention(50, **{**many, "late": {40: 0.9}, "early": {3: 0.2}, "faint": {9: 0.05}}))
    assert names == ["early", "late"] and rows.shape == (2, 50)
    assert rows[0, 3] == np.float32(0.2) and rows[1, 40] == np.float32(0.9)
    crowd, _ = attended_rows(attention(50, **{f"name{n}": {n % 50: 0.2} for n in range(300)}))
    assert len(crowd) == 20


def test_stretches_by_hand():
    """Frames of 40 ms: 12 before and behind an attended frame, those nearer than 12 to each other in one, and the highest weights first."""
    weights = np.zeros((2, 1000), np.float32)
    weights[0, [100, 110, 500, 995]] = 0.2, 0.9, 0.5, 0.7
    weights[1, 150] = 0.3
    assert attended_stretches(weights, 0.04) == ([(88, 123), (138, 163), (488, 513), (983, 1000)], 0)
    assert attended_stretches(weights, 0.04, most=2.2) == ([(88, 123), (983, 1000)], 2)
    assert attended_stretches(weights, 0.04, most=0.4) == ([(88, 98)], 3)
    assert attended_stretches(np.zeros((0, 50)), 0.04) == ([], 0)


@pytest.mark.parametrize("names", [{"Ann": {6: 0.9}}, {f"name{n}": {20 * n: 0.3} for n in range(60)}, {"A" * 300: {n: 1.0 for n in range(1500)}}])
def test_pictures_are_light_and_not_too_wide(names):
    image = pytest.importorskip("matplotlib.image")
    figure = plot_attention(Transcript("u1", "ann", -1.0, (Word("ann", 0.2, 0.4, 0.9),)), attention(1500, **names), 0.04)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI)
    file.seek(0)
    pixels = image.imread(file)  # [height, width, 4], 0 to 1
    assert pixels.shape[1] <= MAX_PIXELS and pixels[:, :, :3].mean() > 0.4


def test_no_picture_where_no_name_has_attention():
    pytest.importorskip("matplotlib")
    assert plot_attention(Transcript("u1", "", -1.0, ()), attention(50, faint={9: 0.05}), 0.04) is None


def test_plot_shows_names_and_words():
    pytest.importorskip("matplotlib")
    words = (Word("ann", 0.2, 0.4, 0.9), Word("met", 0.8, 1.0, 0.8))
    figure = plot_attention(Transcript("u1", "ann met", -1.0, words), attention(50, Ann={6: 0.9}, Bob={30: 0.8}), 0.04)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Ann", "Bob"]
    (above,) = axes.child_axes
    assert [label.get_text() for label in above.get_xticklabels()] == ["ann", "met"]
    assert list(above.get_xticks()) == pytest.approx([0.3, 0.9])
    assert figure.axes[0].images[0].get_extent()[:2] == pytest.approx([0.0, 1.72])  # 0.5 s behind frame 30


def test_attention_plots_are_written(ctcb, adapter_dir, talk, tmp_path):
    pytest.importorskip("matplotlib")
    ran = ctcb(
        "decode", "--model", adapter_dir, "--entities", tmp_path / "names.txt", "--bias", "encoder",
        "--attention-plot", tmp_path / "plots", talk,
    )
    assert ran.code == 0, ran.err
    # Those with attention on a name are drawn, the others are counted.
    files = sorted((tmp_path / "plots").glob("*")) if (tmp_path / "plots").exists() else []
    drawn, told = len({file.stem for file in files}), re.search(r"ctcb: (\d) attention plots in ", ran.err)
    assert told and int(told[1]) == drawn and {file.suffix for file in files} == ({".png", ".svg"} if files else set())
    assert drawn == 3 or f"{3 - drawn} utterances in which no name has attention have none" in ran.err


def test_explain_reports_the_adapter(ctcb, plain_adapter_dir, model_dir, talk, tmp_path):
    """What the report calls recognised without the list was recognised without the adapter."""
    words = ("decode", "--model", plain_adapter_dir, "--format", "jsonl", "--method", "beam")
    ran = ctcb(*words, "--entities", tmp_path / "names.txt", "--bias", "encoder", "--explain", talk)
    assert ran.code == 0, ran.err
    plain = [json.loads(line)["text"] for line in ctcb(*words, talk).out.splitlines()]
    leaned = ctcb(*words, "--entities", tmp_path / "names.txt", "--bias", "encoder", talk)
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [row["before"] for row in rows] == plain
    assert [row["text"] for row in rows] == [json.loads(line)["text"] for line in leaned.out.splitlines()]
    assert any(row["score"] != json.loads(line)["score"] for row, line in zip(rows, ctcb(*words, talk).out.splitlines()))
