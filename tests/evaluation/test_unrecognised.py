"""Rows of an ablation that recognise no name are explained below the table."""
from ctcb.biasing.presets import BUILT_IN
from ctcb.evaluation.ablation import AblationRow
from ctcb.evaluation.systems import System
from ctcb.evaluation.unrecognised import unrecognised
from ctcb.scoring.score import score

REFERENCES = {"a": "please call zelda", "b": "it is late"}


def row(name, techniques, text, entities=("zelda",)):
    report = score(REFERENCES, {"a": text, "b": "it is late"}, entities, draws=0)
    return AblationRow(System(name, techniques, BUILT_IN["none"]), {}, report, None, 0.0, 1.0)


def test_rows_without_a_recognised_name_say_why():
    missed = "please call sell the"
    rows = [
        row("none", (), missed), row("phones", ("phones",), missed), row("g2g", ("g2g",), missed),
        row("adapter", ("adapter",), missed), row("subword", ("subword",), "please call zelda"),
    ]  # fmt: skip
    assert unrecognised(rows) == (
        "Where F1 is 0, none of the spoken names was recognised: none uses no list, and the recogniser alone does not write these names; "
        "phones only reorders what the search found, and brings in no name by itself; "
        "each of g2g, adapter needs the other techniques beside it to bring one in here."
    )


def test_nothing_is_said_where_names_were_recognised_or_none_was_spoken():
    assert unrecognised([row("none", (), "please call zelda")]) == ""
    assert unrecognised([row("none", (), "please call sell the", entities=("quill",))]) == ""
