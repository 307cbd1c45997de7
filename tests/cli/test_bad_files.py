"""The rows of docs/bad_input.md about everything but audio: one line with the file and a hint, and exit code 2."""
from __future__ import annotations

import json
import os
import pickle
import shutil
import zipfile

import numpy as np
import pytest
from constructed import MET, PIECES, log_probs, write
from safetensors.numpy import load_file, save_file
from tones import sentences, write_manifest

from ctcb.config import read_yaml
from ctcb.ctc.npz import read_npz
from ctcb.data.manifest import read_manifest
from ctcb.errors import InputError
from ctcb.io import read_lines
from ctcb.lm.arpa import read_arpa
from ctcb.lm.ngram import NgramLm

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi")
)


class Payload:
    """What a pickle does when it is loaded."""

    def __reduce__(self):
        return os.mkdir, (os.environ["PAYLOAD"],)


@pytest.fixture(autouse=True)
def harmless(tmp_path, monkeypatch):
    """Reading a file must not execute its content."""
    monkeypatch.setenv("PAYLOAD", str(tmp_path / "ran"))
    yield
    assert not (tmp_path / "ran").exists()


def one_line(ran, said, code=2):
    assert ran.code == code and said in ran.err and len(ran.err.splitlines()) == 1, (ran.code, ran.err)
    assert ran.err.rstrip("\n").isprintable() and "Traceback" not in ran.err


# --- lists ---

LISTS = {  # row -> (bytes, what is said on stderr, the text that comes out of MET with it)
    "a 1 MB line": (b"bob\n" + b"Ann " * 250_000 + b"\n", "rejected: ", "bob"),
    "control characters": (b"b\x07o\x1b[31mb\nbob\n", "U+001B", "bob"),
    "right-to-left text and its overrides": ("bob\n\u202ebob\u202c\nאבג\n".encode(), "U+202E", "bob"),
    "emoji alone": ("bob\n😀\n".encode(), "holds no letter or digit", "bob"),
    "emoji beside a name": ("Bob 😀\n".encode(), None, "bob"),
    "homographs": ("bоb\nbob\n".encode(), "as 'bob'", "bob"),  # the first o is Cyrillic
    "HTML": (b"<script>alert(1)</script>\nBob\n", None, "bob"),
    "a shell's words": (b"$(touch /tmp/x); rm -rf `x`\nBob\n", None, "bob"),
    "numbers that go on for 100,000 digits": (b"1" + b",111" * 25_000 + b"\nbob\n", "characters long", "bob"),
}


@pytest.mark.parametrize("row", LISTS)
def test_odd_lists_are_accepted(ctcb, tmp_path, row):
    data, said, heard = LISTS[row]
    names = tmp_path / "names.txt"
    names.write_bytes(data)
    ran = ctcb("decode", *write(tmp_path, {"u": log_probs(PIECES, MET)}), "--entities", names)
    assert ran.code == 0 and ran.err.replace("\n", "").isprintable()
    assert said is None or said in ran.err
    assert heard is None or ran.out == f"u ann met {heard}\n"


@pytest.mark.parametrize(
    "data, said",
    [(b"", "holds no entity"), (b"bob\n\xff\n", "names.txt:2: byte 1 of the line is not UTF-8"),
     ("bob\n".encode("utf-16"), "names.txt:1: "), (b"#\n# \n\n", "holds no entity"), (b"\x89PNG\r\n\x1a\n\0\0", "names.txt:1: ")],
    ids=["empty", "not UTF-8", "UTF-16", "comments alone", "a picture"],
)  # fmt: skip
def test_wrong_lists_are_refused(ctcb, tmp_path, data, said):
    names = tmp_path / "names.txt"
    names.write_bytes(data)
    one_line(ctcb("decode", *write(tmp_path, {"u": log_probs(PIECES, MET)}), "--entities", names), said)


@pytest.mark.slow
def test_list_of_100000_lines(ctcb, tmp_path):
    letters = "bcdfghklmnprstvz"
    names = tmp_path / "names.txt"
    names.write_text("bob\n" + "".join(f"{letters[n % 16]}an{letters[n // 16 % 16]}e{letters[n // 256 % 16]}o{letters[n // 4096 % 16]}\n" for n in range(100_000)))
    ran = ctcb("decode", *write(tmp_path, {"u": log_probs(PIECES, MET)}), "--entities", names)
    assert ran.code == 0 and ran.out == "u ann met bob\n"


# --- manifests and cuts ---

HEADER = "utt_id\taudio\tduration_s\ttext\n"
MANIFESTS = {
    "a manifest without a column": ("utt_id\ttext\nu\thi\n", "m.tsv:1: no column 'audio'"),
    "a column twice": ("utt_id\taudio\ttext\ttext\nu\ta\tb\tc\n", "m.tsv:1: the column 'text' stands in the header twice"),
    "a line with a field too few": (HEADER + "u\ta.wav\t1\n", "m.tsv:2: 3 fields where the header names 4"),
    "a duration that is none": (HEADER + "u\ta.wav\tlong\tx\n", "m.tsv:2: duration_s 'long'"),
    "a negative duration": (HEADER + "u\ta.wav\t-1\tx\n", "m.tsv:2: duration_s '-1'"),
    "an id twice": (HEADER + "u\ta.wav\t1\tx\nu\tb.wav\t1\tx\n", "m.tsv:3: utt_id 'u' stands in line 2 already"),
    "an id with a slash": (HEADER + "a/b\ta.wav\t1\tx\n", "m.tsv:2: utt_id 'a/b'"),
    "an id that leads upwards": (HEADER + "..\ta.wav\t1\tx\n", "m.tsv:2: utt_id '..'"),
    "an id with a terminal's control codes": (HEADER + "u\x1b]0;x\x07\ta.wav\t1\tx\n", "m.tsv:2: utt_id"),
    "an id that turns the line around": (HEADER + "u\u202e\ta.wav\t1\tx\n", "m.tsv:2: utt_id"),
    "an empty manifest": ("", "m.tsv: the manifest is empty"),
    "a header alone": (HEADER, "m.tsv: no utterance below the header"),
    "a manifest that is not UTF-8": (HEADER.encode() + b"u\ta.wav\t1\t\xff\n", "m.tsv:2: byte 11 of the line is not UTF-8"),
}


@pytest.mark.parametrize("row", MANIFESTS)
def test_bad_manifests_are_refused(ctcb, model_dir, tmp_path, row):
    data, said = MANIFESTS[row]
    (tmp_path / "m.tsv").write_bytes(data if isinstance(data, bytes) else data.encode())
    one_line(ctcb("decode", "--model", model_dir, tmp_path / "m.tsv"), said)


def test_unicode_separators_do_not_end_lines(tmp_path):
    (tmp_path / "m.tsv").write_text(HEADER + "u\ta.wav\t1\tone\u2028two\x0bthree\n", encoding="utf-8")
    assert read_manifest(tmp_path / "m.tsv")[0].text == "one\u2028two\x0bthree"


def cut(**changes):
    source = {"type": "file", "channels": [0], "source": changes.pop("source", "a.wav")}
    source["type"] = changes.pop("kind", "file")
    recording = {"id": "r", "sources": [source], "sampling_rate": 16000, "num_samples": 16000, "duration": 1.0}
    row = {"id": "c", "start": 0, "duration": 1.0, "channel": 0, "supervisions": [], "recording": recording, "type": "MonoCut", **changes}
    return json.dumps({name: value for name, value in row.items() if value is not None}) + "\n"


CUTS = {
    "a cut without a recording": (cut(recording=None), "is not from one audio file"),
    "a cut without a start": (cut(start=None), "not a manifest of lhotse cuts"),
    "a cut that runs a command": (cut(kind="command", source="touch $PAYLOAD"), "is not from one audio file"),
    "a cut with a duration that is text": (cut(duration="long"), "c.jsonl"),
    "a cut with a negative start": (cut(start=-5.0), "c.jsonl"),
    "a cut with a start that is no number": (cut(start=float("nan")), "c.jsonl"),
    "a cut's id that leads upwards": (cut(id="../../x"), "c.jsonl:1: the cut's id '../../x'"),
    "a cut's id with a newline": (cut(id="a\nb"), "c.jsonl:1: the cut's id 'a\\nb'"),
    "a cut's id that is a number": (cut(id=5), "c.jsonl:1: the cut's id 5"),
    "a cut's file with a NUL": (cut(source="a\0.wav"), "names no file"),
    "two cuts of one id": (cut() + cut(), "the id 'c' is also that of"),
    "brackets in brackets in brackets": ("[" * 100_000, "not a manifest of lhotse cuts"),
    "a cut that is no object": ("[1, 2]\n", "c.jsonl"),
}


@pytest.mark.parametrize("row", CUTS)
def test_bad_cuts_are_refused(ctcb, model_dir, tmp_path, row):
    data, said = CUTS[row]
    (tmp_path / "c.jsonl").write_text(data)
    one_line(ctcb("decode", "--model", model_dir, tmp_path / "c.jsonl"), said)


# --- models ---


def pickled(path):
    path.write_bytes(pickle.dumps(Payload()))


def torch_pickle(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Payload()))
        archive.writestr("archive/version", "3\n")


def tensors(change):
    def make(path):
        arrays = load_file(path)
        change(arrays)
        save_file(arrays, path)

    return make


def shapes(arrays):
    name = max(arrays, key=lambda name: arrays[name].ndim)
    arrays[name] = np.ascontiguousarray(arrays[name][..., :-1])


def text(old, new):
    return lambda path: path.write_text(path.read_text().replace(old, new, 1))


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-50])


MODELS = {  # row -> (file, what becomes of it, what is said)
    "no weights": ("encoder.safetensors", os.unlink, "encoder.safetensors: no such file"),
    "no model.yaml": ("model.yaml", os.unlink, "has no model.yaml"),
    "no pieces": ("tokens.model", os.unlink, "tokens.model: no such file"),
    "no phones": ("phones.txt", os.unlink, "phones.txt: "),
    "a pickle disguised as weights": ("encoder.safetensors", pickled, "encoder.safetensors: not a whole safetensors file"),
    "a torch file disguised as weights": ("encoder.safetensors", torch_pickle, "encoder.safetensors: not a whole safetensors file"),
    "weights that are cut short": ("encoder.safetensors", cut_short, "encoder.safetensors: not a whole safetensors file"),
    "weights of other shapes": ("encoder.safetensors", tensors(shapes), "where the model has"),
    "weights with a tensor too few": ("encoder.safetensors", tensors(lambda a: a.pop("head.weight")), "'head.weight' is missing"),
    "weights with a tensor too many": ("encoder.safetensors", tensors(lambda a: a.update(x=np.zeros(1))), "'x' belongs to no part"),
    "a folder in the weights' place": ("encoder.safetensors", lambda p: (p.unlink(), p.mkdir()), "encoder.safetensors: not a whole"),
    "another version": ("model.yaml", text("format_version: 1", "format_version: 99"), "format_version is 99 where 1 is read"),
    "YAML that makes Python objects": (
        "model.yaml", lambda p: p.write_text('!!python/object/apply:os.mkdir ["x"]\n'), "model.yaml:1: not valid YAML",
    ),
    "YAML that laughs a billion times": ("model.yaml", lambda p: p.write_text(LAUGHS + p.read_text().replace("layers: 3", "layers: *i")), "encoder.layers is [[[...], "),
    "a size that is text": ("model.yaml", text("layers: 3", "layers: three"), "encoder.layers is 'three'"),
    "a date that no month has": ("model.yaml", text("layers: 3", "layers: 2026-02-31"), "not valid YAML"),
    "pieces of another model": ("tokens.txt", lambda p: p.write_text("<blk>\n<unk>\nx\n"), "tokens.txt"),
    "a tokenizer of random bytes": ("tokens.model", lambda p: p.write_bytes(bytes(range(256)) * 9), "tokens.model"),
    "phones of another number": ("phones.txt", lambda p: p.write_text("<blk>\nAA\n"), "phones"),
    "common words that are none": ("common.txt", lambda p: p.write_text("the\nTwo words\n"), "common.txt:2: "),
    "a lexicon that is none": ("lexicon.txt", lambda p: p.write_text("bob\n"), "lexicon.txt:1: "),
}


@pytest.mark.parametrize("row", MODELS)
def test_bad_models_are_refused(ctcb, model_dir, tmp_path, row):
    file, change, said = MODELS[row]
    shutil.copytree(model_dir, tmp_path / "model")
    change(tmp_path / "model" / file)
    write_manifest(tmp_path / "in", sentences(1))
    one_line(ctcb("decode", "--model", tmp_path / "model", tmp_path / "in"), said)


def test_huge_values_are_shortened_in_messages(tmp_path):
    from ctcb.acoustic.directory import read_model_yaml

    (tmp_path / "model.yaml").write_text(f"format_version: 1\nfeatures: {{}}\n{LAUGHS}model: {{num_subwords: 3, num_phones: *i}}\n")
    with pytest.raises(InputError, match="num_phones is .{1,500}whole number"):
        read_model_yaml(tmp_path)


def test_swapped_weights(ctcb, adapter_dir, tmp_path):
    shutil.copytree(adapter_dir, tmp_path / "model")
    one, other = tmp_path / "model/encoder.safetensors", tmp_path / "model/adapter.safetensors"
    one.rename(tmp_path / "x")
    other.rename(one)
    (tmp_path / "x").rename(other)
    write_manifest(tmp_path / "in", sentences(1))
    one_line(ctcb("decode", "--model", tmp_path / "model", tmp_path / "in"), "encoder.safetensors: tensor ")


def test_nan_weights_are_refused(ctcb, model_dir, tmp_path):
    shutil.copytree(model_dir, tmp_path / "model")
    tensors(lambda arrays: arrays["head.weight"].fill(np.nan))(tmp_path / "model/encoder.safetensors")
    write_manifest(tmp_path / "in", sentences(1))
    one_line(ctcb("decode", "--model", tmp_path / "model", "--method", "beam", tmp_path / "in"), "NaN or +inf at frame 0")


# --- language models ---

ARPA = "\\data\\\nngram 1=4\n\n\\1-grams:\n-1\t<s>\n-1\t</s>\n-1\t<unk>\n-1\tbob\n\n\\end\\\n"
LMS = {
    "an LM that is none": ("bob\n", "lm.arpa:1: is not an ARPA file"),
    "an empty LM": ("", "is not an ARPA file"),
    "an LM that is cut short": (ARPA[:60], "lm.arpa"),
    "fewer n-grams than announced": (ARPA.replace("1=4", "1=5"), "only 4 1-grams"),
    "more n-grams than announced": (ARPA.replace("1=4", "1=3"), "more 1-grams"),
    "a count of 5,000 digits": (ARPA.replace("1=4", "1=" + "9" * 5000), "is expected here"),
    "a word that no 1-gram names": (ARPA.replace("1=4", "1=4\nngram 2=1").replace("\\end\\", "\\2-grams:\n-1\tbob tim\n\n\\end\\"), "'tim' is not among"),
    "<UNK> where there is no <unk>": (
        ARPA.replace("<unk>", "tim").replace("1=4", "1=4\nngram 2=1").replace("\\end\\", "\\2-grams:\n-1\tbob <UNK>\n\n\\end\\"),
        "'<unk>' is not among",
    ),
    "a probability that is no number": (ARPA.replace("-1\tbob", "x\tbob"), "lm.arpa:8: "),
    "a probability that is NaN": (ARPA.replace("-1\tbob", "nan\tbob"), "lm.arpa:8: a probability that is not finite"),
    "a probability above 1": (ARPA.replace("-1\tbob", "1\tbob"), "lm.arpa:8: a log10 probability above 0"),
    "a gzip file that is cut short": (b"\x1f\x8b\x08\0\0\0\0\0\0\3abc", "cannot be read on"),
    "a binary LM that is cut short": (b"mmap lm http://kheafield.com/code format version 5\n\0" + bytes(30), "is not an ARPA file"),
}


@pytest.mark.parametrize("row", LMS)
def test_bad_lms_are_refused(ctcb, tmp_path, row):
    data, said = LMS[row]
    (tmp_path / "lm.arpa").write_bytes(data if isinstance(data, bytes) else data.encode())
    files = write(tmp_path, {"u": log_probs(PIECES, MET)})
    one_line(ctcb("decode", *files, "--lm", tmp_path / "lm.arpa"), said)


# --- graphs ---


@pytest.fixture(scope="module")
def graph_dir(lang_dir, tmp_path_factory):
    from click.testing import CliRunner

    from ctcb.cli.graph import command
    from ctcb.lm.estimate import LmOptions, estimate_lm

    folder = tmp_path_factory.mktemp("graph")
    (folder / "text.txt").write_text("\n".join(sentences(50)))
    estimate_lm([str(folder / "text.txt")], str(folder / "lm.arpa"), LmOptions(order=2), "builtin")
    ran = CliRunner().invoke(command, ["--lang", str(lang_dir), "--lm", str(folder / "lm.arpa"), "--out", str(folder / "graph")])
    assert ran.exit_code == 0, ran.output
    return folder / "graph"


def array(name, change):
    return tensors(lambda arrays: arrays.update({name: np.ascontiguousarray(change(arrays[name]))}))


GRAPHS = {
    "no description": ("graph.yaml", os.unlink, "is not a graph"),
    "no arrays": ("graph.safetensors", os.unlink, "graph.safetensors: no such file"),
    "a pickle disguised as a graph": ("graph.safetensors", pickled, "not a whole safetensors file"),
    "a graph of another version": ("graph.yaml", text("format_version: 1", "format_version: 0"), "format_version is 0"),
    "an array too few": ("graph.safetensors", tensors(lambda arrays: arrays.pop("arcs.src")), "has no array 'arcs.src'"),
    "arrays of different lengths": ("graph.safetensors", array("arcs.label", lambda values: values[:-1]), "differ in length"),
    "arrays of another shape": ("graph.safetensors", array("arcs.score", lambda values: values[:, None]), "differ in length or are not one-dimensional"),
    "labels that are fractions": ("graph.safetensors", array("arcs.label", lambda values: values.astype(np.float32)), "wrong dtype"),
    "labels that are no tokens": ("graph.safetensors", array("arcs.label", lambda values: values + 1000), "a token out of range"),
    "states that are none": ("graph.safetensors", array("arcs.dst", lambda values: values + 10**6), "a state out of range"),
    "tokens of another model": ("tokens.txt", text("<unk>", "<other>"), "made for another model"),
}


@pytest.mark.parametrize("row", GRAPHS)
def test_bad_graphs_are_refused(ctcb, graph_dir, model_dir, tmp_path, row):
    file, change, said = GRAPHS[row]
    shutil.copytree(graph_dir, tmp_path / "graph")
    change(tmp_path / "graph" / file)
    write_manifest(tmp_path / "in", sentences(1))
    one_line(ctcb("decode", "--model", model_dir, "--graph", tmp_path / "graph", tmp_path / "in"), said)


# --- emissions ---

GOOD = log_probs(PIECES, MET)


def raw(path, name, data):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, data)


def npy(header):
    return b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header


def objects(path):
    np.savez(path, u=np.array([Payload()], dtype=object))


def encrypted(path):
    np.savez(path, u=GOOD)
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)


EMISSIONS = {
    "emissions that are text": (lambda path: path.write_text("text"), "not a .npz archive"),
    "emissions that are cut short": (lambda path: (np.savez(path, u=GOOD), cut_short(path)), "not a .npz archive"),
    "an archive without an array": (np.savez, "holds no array"),
    "an id with white space": (lambda path: np.savez(path, **{"a b": GOOD}), "the id 'a b' holds white space"),
    "an id with control codes": (lambda path: np.savez(path, **{"a\x1b": GOOD}), "holds control or invisible characters"),
    "pickled objects": (objects, "is not readable as an array"),
    "an array that claims to be huge": (
        lambda path: raw(path, "u.npy", npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 10)}")), "is not readable",
    ),
    "a header that is no Python": (lambda path: raw(path, "u.npy", npy(b"{'descr': '<f8', (((")), "is not readable"),
    "a member that is no array": (lambda path: raw(path, "u.npy", b"text"), "have the shape ()"),
    "an encrypted member": (encrypted, "is not readable"),
    "NaN in emissions": (lambda path: np.savez(path, u=np.where(GOOD < -5, np.nan, GOOD)), "NaN or +inf at frame 0"),
    "emissions of another model": (lambda path: np.savez(path, u=GOOD[:, :5]), "5 tokens a frame, but the vocabulary has 10"),
    "emissions of one dimension": (lambda path: np.savez(path, u=GOOD[0]), "have the shape (10,)"),
    "whole numbers": (lambda path: np.savez(path, u=GOOD.astype(int)), "emissions are int64"),
    "raw logits": (lambda path: np.savez(path, u=GOOD + 7), "are not natural-log probabilities"),
    "frames of zeros at the end": (lambda path: np.savez(path, u=np.pad(GOOD, ((0, 3), (0, 0)))), "padding of a batch; keep [0:"),
    "frames of minus infinity at the end": (
        lambda path: np.savez(path, u=np.pad(GOOD, ((0, 3), (0, 0)), constant_values=-np.inf)), "padding of a batch; keep [0:"
    ),
}


@pytest.mark.parametrize("row", EMISSIONS)
def test_bad_emissions_are_refused(ctcb, tmp_path, row):
    make, said = EMISSIONS[row]
    files = write(tmp_path, {"u": GOOD})
    (tmp_path / "e.npz").unlink()
    make(tmp_path / "e.npz")
    one_line(ctcb("decode", *files, "--method", "beam"), said)


def test_duplicate_array_names_are_refused(tmp_path):
    with pytest.warns(UserWarning), zipfile.ZipFile(tmp_path / "e.npz", "w") as archive:
        for _ in range(2):
            archive.writestr("u.npy", b"")
    with pytest.raises(InputError, match="two arrays are called 'u'"):
        read_npz(tmp_path / "e.npz")


# --- no permission ---


@pytest.fixture
def unprivileged():
    """Run as a user without all permissions."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("read", [read_lines, read_manifest, read_yaml, read_arpa, NgramLm.load], ids=lambda read: read.__qualname__)
def test_files_without_permission_are_refused(read, unprivileged):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x")
        with open(path, "w") as file:
            file.write("x")
        os.chmod(path, 0)
        with pytest.raises(InputError, match=r"cannot be read \(Permission denied\)"):
            read(path)


# --- the table ---


def test_every_case_is_documented():
    import test_bad_audio

    tables = (test_bad_audio.TAKEN, test_bad_audio.REFUSED, LISTS, MANIFESTS, CUTS, MODELS, LMS, GRAPHS, EMISSIONS)
    with open("docs/bad_input.md", encoding="utf-8") as file:
        told = [line.split("|")[1].strip() for line in file if line.startswith("| ") and not line.startswith("| what")]
    rows = [row.replace("|", "/") for table in tables for row in table]
    assert sorted(set(rows) - set(told)) == [] and len(set(told)) == len(told)
