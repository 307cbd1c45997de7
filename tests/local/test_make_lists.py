"""local/shared/make_lists.py and its parts."""
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "local/shared"))
from names import capitalised, read_slue  # noqa: E402
from terms import Terms  # noqa: E402
from training_words import TrainingWords  # noqa: E402

COMMON = "mister president commissioner the parliament european thank we and mary in visited"
TRAINING = TrainingWords(
    Counter({**dict.fromkeys(COMMON.split(), 100), "reding": 2}), frozenset(COMMON.split()), frozenset({"we", "thank", "in"}), 5
)


@pytest.mark.parametrize("text, names", [
    ("Mr President, Commissioner Reding spoke.", ["Reding"]),  # titles are common words
    ("We thank Viviane van der Berg and Ujazd.", ["Viviane van der Berg", "Ujazd"]),
    ("We visited Saint-Denis, Gruevski's home, in Łódź.", ["Saint-Denis", "Gruevski", "Łódź"]),
    ("Xylophones were said. Brancaforte spoke.", ["Xylophones", "Brancaforte"]),  # not seen in lower case
    ("In the UN: Thank NATO.", []),  # capitals alone; words that training writes in lower case
    ("The European Parliament and Mary Robinson.", ["Robinson"]),
    ("He saw De Gaulle. Von", ["De Gaulle", "Von"]),
    ("", []),
])  # fmt: skip
def test_names_from_capitals(text, names):
    training = TrainingWords(TRAINING.counts, TRAINING.common, TRAINING.lower | {"he", "saw"}, 5)
    assert list(capitalised(text, training)) == names


def test_common_and_rare_words():
    rows = [{"text": "the the the cat saw cat zed", "orig_text": "The the the Cat saw cat Zed"}]
    training = TrainingWords.of(rows, max_count=1)
    assert training.common == {"the", "cat"} and training.lower == {"the", "saw", "cat"}
    assert list(training.rare_part("the Zed of cat".split())) == ["Zed", "of"]
    assert not list(training.rare_part("the cat".split()))


def test_names_from_slue(tmp_path):
    path = tmp_path / "slue-voxpopuli_dev.tsv"
    path.write_text(
        "id\traw_text\tnormalized_text\tnormalized_ner\n"
        "a\t\tin kosovo mister barroso said ten\t[['GPE', 3, 6], ['PERSON', 17, 7], ['CARDINAL', 30, 3]]\n"
        "b\t\tnothing\tNone\n"
    )
    assert read_slue(path) == {"a": ["kosovo", "barroso"], "b": []}


def test_names_from_terms():
    training = TrainingWords(Counter({"the": 50, "pain": 50, "heart": 50}), frozenset({"the", "pain"}), frozenset(), 5)
    terms = Terms(["Zorvexa", "Zorvexa XR", "heart pain", "Marfan's syndrome"], training)
    assert list(terms.find("the zorvexa xr heart pain zorvexa marfan's syndrome wheezing odd")) == [
        "Zorvexa XR", "Zorvexa", "Marfan's syndrome", "wheezing",
    ]  # fmt: skip


def write_set(folder, rows):
    folder.mkdir()
    lines = ["utt_id\taudio\ttext\torig_text"] + [f"u{n}\tx.flac\t{text}\t{orig}" for n, (text, orig) in enumerate(rows)]
    (folder / "manifest.tsv").write_text("\n".join(lines) + "\n")


def make_lists(*words):
    return subprocess.run([sys.executable, "local/shared/make_lists.py", *map(str, words)], capture_output=True, text=True)


@pytest.fixture
def sets(tmp_path):
    train = [("thank you for the visit of zed to the house", "Thank you for the visit of Zed to the house.")] * 4
    train += [("i met ann quill and bob in the house", "I met Ann Quill and Bob in the house.")]
    write_set(tmp_path / "train", train)
    write_set(tmp_path / "dev", [
        ("i met una loe and zed", "I met Una Loe and Zed."), ("una loe in the house", "Una Loe in the house"), ("thank you bob", "Thank you, Bob!"),
    ])  # fmt: skip
    return tmp_path


def test_lists_are_written(sets):
    ran = make_lists("--train", sets / "train", "--max-count", 2, sets / "dev")
    assert ran.returncode == 0, ran.stderr
    assert (sets / "dev/entities.txt").read_text().split("\n") == ["Bob", "Una Loe", ""]  # zed is common: said four times
    assert (sets / "dev/entities_per_utt.tsv").read_text() == "u0\tUna Loe\nu1\tUna Loe\nu2\tBob\n"
    assert (sets / "dev/distractors.txt").read_text() == "Ann Quill\n"
    sizes = json.loads((sets / "dev/lists.json").read_text())
    assert (sizes["entities"], sizes["occurrences"], sizes["utterances_with_one"], sizes["distractors"]) == (2, 3, 3, 1)


def test_lists_from_slue(sets):
    slue = sets / "slue.tsv"
    slue.write_text("id\tnormalized_text\tnormalized_ner\nu0\ti met una loe and zed\t[['PERSON', 6, 7], ['PERSON', 18, 3]]\n")
    ran = make_lists("--train", sets / "train", "--max-count", 2, "--slue", slue, sets / "dev")
    assert ran.returncode == 0 and (sets / "dev/entities.txt").read_text() == "una loe\n"
    assert json.loads((sets / "dev/lists.json").read_text())["occurrences"] == 2  # wherever it is said


def test_wrong_use_is_refused(sets):
    for words, told in (
        (["--train", sets / "none", sets / "dev"], "manifest.tsv: no such file; prepare the corpus first"),
        (["--train", sets / "train", "--slue", "a", "--terms", "b", sets / "dev"], "exclude each other"),
        (["--train", sets / "train", "--max-count", 0, sets / "train"], "not one rare name"),
    ):
        ran = make_lists(*words)
        assert ran.returncode == 2 and told in ran.stderr and ran.stderr.count("\n") == 1
