"""ARPA files: reading, refusals with their line, round trip."""
import gzip

import numpy as np
import pytest

from ctcb.errors import InputError
from ctcb.lm import arpa as module
from ctcb.lm.arpa import Table, check_arpa, read_arpa, read_counts
from ctcb.lm.arpa_writer import write_arpa

GOOD = """\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-1.5\t<unk>\t0
0\t<s>\t-0.5
-0.7\t</s>\t0
-0.4\ta\t-0.25
-0.6\tb\t-0.125

\\2-grams:
-0.3\t<s> a
-0.2\ta b
-0.1\tb </s>

\\end\\
"""


def written(tmp_path, text, name="lm.arpa"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_reads_words_and_values(tmp_path):
    arpa = read_arpa(written(tmp_path, GOOD))
    assert arpa.words == ["<unk>", "<s>", "</s>", "a", "b"]
    one, two = arpa.tables
    assert one.log10.tolist() == [-1.5, 0, -0.7, -0.4, -0.6]
    assert one.backoff.tolist() == [0, -0.5, 0, -0.25, -0.125]
    assert two.ids.tolist() == [[1, 3], [3, 4], [4, 2]]
    assert two.log10.tolist() == [-0.3, -0.2, -0.1] and not two.backoff.any()
    assert (one.line, two.line) == (6, 13)
    assert read_counts(tmp_path / "lm.arpa") == (5, 3)


@pytest.mark.parametrize("other", [
    GOOD.replace("\n", "\r\n"),
    "\n# made by hand\n\n" + GOOD,
    GOOD.replace("</s>\t0\n", "</s>\n"),  # a backoff of 0 may be left out
    GOOD.replace("<unk>", "<UNK>"),
    GOOD.replace("a b", "a  b"),
    GOOD.replace("a b", "a  b\t0"),
    GOOD.replace("ngram 1=5", "ngram  1 = 5").replace("\\end\\\n", "\n\\end\\\n\n"),
])
def test_equivalent_notations(tmp_path, other):
    wanted, found = read_arpa(written(tmp_path, GOOD)), read_arpa(written(tmp_path, other, "other.arpa"))
    assert found.words == wanted.words
    for one, two in zip(found.tables, wanted.tables):
        for name in ("ids", "log10", "backoff"):
            assert (getattr(one, name) == getattr(two, name)).all()


def test_gzip_is_detected_by_content(tmp_path):
    path = written(tmp_path, gzip.compress(GOOD.encode()), "lm.anything")
    assert check_arpa(path) == ["<unk>", "<s>", "</s>", "a", "b"]


@pytest.mark.parametrize("old, new, line, says", [
    ("\\data\\", "data", 1, "is no ARPA file"),
    ("ngram 1=5", "ngram 1=six", 2, "'ngram 1=COUNT'"),
    ("ngram 2=3", "ngram 3=3", 3, "'ngram 2=COUNT'"),
    ("ngram 1=5", "ngram 1=6", 11, "only 5 1-grams, where the header announces 6"),
    ("ngram 1=5", "ngram 1=4", 10, "more 1-grams than the 4"),
    ("ngram 2=3", "ngram 2=4", 16, "only 3 2-grams, where the header announces 4"),
    ("ngram 2=3", "ngram 2=2", 15, "more 2-grams than the 2"),
    ("\nngram 2=3", "\nngram 2=3\nngram 3=1", 18, r"\\3-grams: is expected here"),
    ("\\1-grams:", "\\2-grams:", 5, r"\\1-grams: is expected here"),
    ("-0.4\ta", "-0.4x\ta", 9, "not a number"),
    ("-0.125", "much", 10, "not a number"),
    ("-0.2\ta b", "0.2\ta b", 14, "above 0"),
    ("-0.2\ta b", "nan\ta b", 14, "not finite"),
    ("-0.2\ta b", "-inf\ta b", 14, "not finite"),
    ("-0.25", "inf", 9, "not finite"),
    ("a b", "a b a", 14, "3 words in a 2-gram"),
    ("a b", "a", 14, "1 words in a 2-gram"),
    ("\ta b", " a b", 14, "1 columns"),
    ("a b", "a c", 14, "'c' is not among the 1-grams"),
    ("\tb\t", "\ta\t", 10, "'a' stands twice"),
    ("<unk>", "</s>", 8, "'</s>' stands twice"),
    ("\t<s>\t", "\ts\t", 10, "no 1-gram <s>"),
    ("a b", "a b\t-0.5", 14, "backoff at the highest order"),
    ("\\end\\\n", "", 16, "cut off"),
    ("-0.1\tb </s>\n\n\\end\\\n", "", 14, "ends after 2 of 3 2-grams"),
    ("\\end\\\n", "\\end\\\nmore", 18, "something follows"),
    ("\tb\t", "\t\udcff\t", 10, "not UTF-8"),
])
def test_errors_are_named_with_their_line(tmp_path, old, new, line, says):
    assert old in GOOD
    spoilt = GOOD.replace(old, new, 1).encode("utf-8", "surrogateescape")
    path = written(tmp_path, spoilt)
    for read in (read_arpa, check_arpa):
        with pytest.raises(InputError, match=says) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}:{line}: ") and caught.value.hint


def test_truncated_gzip_is_refused(tmp_path):
    whole = gzip.compress((GOOD.replace("\\end\\", "") + "# " * 1000).encode(), mtime=0)
    with pytest.raises(InputError, match="cut off"):
        check_arpa(written(tmp_path, whole[:-30], "lm.arpa.gz"))
    with pytest.raises(InputError, match="no such file"):
        check_arpa(tmp_path / "none")


@pytest.mark.parametrize("name", ["lm.arpa", "lm.arpa.gz"])
@pytest.mark.parametrize("chunk", [3, 1 << 16])
def test_arpa_round_trip(tmp_path, monkeypatch, name, chunk):
    monkeypatch.setattr(module, "CHUNK", chunk)
    rng = np.random.default_rng(0)
    words = ["<unk>", "<s>", "</s>", "a", "b", "c's"]
    tables = [Table(np.arange(6)[:, None], -rng.random(6) * 5, -rng.random(6), 0)]
    tables.append(Table(rng.integers(0, 6, (10, 2)), -rng.random(10), -rng.random(10), 0))
    tables.append(Table(rng.integers(0, 6, (7, 3)), -rng.random(7), np.zeros(7), 0))
    write_arpa(tmp_path / name, words, tables)
    found = read_arpa(tmp_path / name)
    assert found.words == words
    for one, two in zip(found.tables, tables):
        assert (one.ids == two.ids).all()
        assert np.allclose(one.log10, two.log10, atol=1e-6) and np.allclose(one.backoff, two.backoff, atol=1e-6)
    first = (tmp_path / name).read_bytes()
    write_arpa(tmp_path / f"again.{name}", words, tables)
    assert (tmp_path / f"again.{name}").read_bytes() == first


def test_late_errors_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 7)
    words = ["<unk>", "<s>", "</s>"] + [f"w{i}" for i in range(40)]
    write_arpa(tmp_path / "lm.arpa", words, [Table(np.arange(43)[:, None], -np.ones(43), np.zeros(43), 0)])
    text = (tmp_path / "lm.arpa").read_text()
    line = text.split("\n").index("-1\tw33") + 1
    with pytest.raises(InputError, match=f"lm.arpa:{line}: a log10 probability above 0"):
        check_arpa(written(tmp_path, text.replace("-1\tw33", "1\tw33")))
