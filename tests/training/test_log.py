"""The log of a run: its rows, what is drawn of them, and TensorBoard's events."""
import json
import sys
from xml.etree import ElementTree

import pytest
from tiny_training import MODEL, TRAIN, write_yaml

from ctcb.cli.common.curves import draw
from ctcb.report.line_chart import MAX_POINTS, Curve, Panel, _ticks, line_chart
from ctcb.training.log import LOG, read_log, scalars
from ctcb.training.loop import Trainer

SVG = "{http://www.w3.org/2000/svg}"


def training(step, loss=1.0):
    return {"step": step, "epoch": 1, "skipped": 0, "times_real_time": 9.5, "ctc": loss, "inter1_phone": 2 * loss, "norm": 3.0, "lr": 1e-3}


def dev(step, wer):
    return {"step": step, "epoch": 1, "wer_a_b": wer}


def write(folder, *rows):
    (folder / LOG).write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_scalars_by_group():
    assert scalars(training(50)) == {
        "gradient/skipped steps": 0, "speed/times real time": 9.5, "loss/ctc": 1.0, "loss/inter1_phone": 2.0, "gradient/norm": 3.0,
        "learning rate/lr": 1e-3,
    }  # fmt: skip
    assert scalars({"step": 9, "epoch": 1, "plain_wer_x": 0.5, "wer_x": 0.4, "f1_x": 0.3, "hit_x": 0.2, "other": 1.0}) == {
        "WER/x without the list": 0.5, "WER/x": 0.4, "entity F1/x": 0.3, "attention on the names/x": 0.2, "dev/other": 1.0,
    }


@pytest.mark.parametrize("written, kept", [
    ([training(50), training(100), dev(100, 0.5)], [0, 1, 2]),
    ([training(50), training(100), training(50), training(100)], [2, 3]),  # from the beginning
    ([training(50), training(100), dev(100, 0.5), training(150), training(100), dev(100, 0.4)], [0, 4, 5]),
    ([training(50), training(100), dev(100, 0.5), training(150), dev(100, 0.4)], [0, 1, 4]),  # from the epoch's end
])  # fmt: skip
def test_repeated_steps_count_once(tmp_path, written, kept):
    write(tmp_path, *written)
    assert read_log(tmp_path) == [written[number] for number in kept]


def test_row_that_is_being_written(tmp_path):
    write(tmp_path, training(50))
    with open(tmp_path / LOG, "a") as file:
        file.write('{"step": 100, "ep')
    assert read_log(tmp_path) == [training(50)]


@pytest.mark.parametrize("content, message", [
    (None, "log.jsonl: no such file; name a training directory"), ("[]\n", "log.jsonl:1: is no row"),
    ('{"step": 50, "times_real_time": 1.0, "ctc": 1}\nnonsense\n', "log.jsonl:2: is no row"), ('[1]\n', "log.jsonl:1: is no row"),
    ('{"step": "a"}\n', "log.jsonl:1: is no row"),
])  # fmt: skip
def test_wrong_log_is_refused(ctcb, tmp_path, content, message):
    if content is not None:
        (tmp_path / LOG).write_text(content)
    ran = ctcb("train", "curves", tmp_path)
    assert ran.code == 2 and message in ran.err and len(ran.err.splitlines()) == 1


def polylines(svg):
    """The points of each curve of an SVG."""
    lines = [one.get("points") for one in ElementTree.fromstring(svg).iter(f"{SVG}polyline")]
    return [[tuple(map(float, point.split(","))) for point in line.split()] for line in lines]


def test_points_lie_where_their_values_are():
    first, second = polylines(line_chart("t", "steps", [Panel("p", [Curve("<a>", [(0, 0.0), (50, 5.0), (100, 10.0)]), Curve("b", [(0, 10.0), (100, 0.0)])])]))
    (x0, y0), (x1, y1), (x2, y2) = first
    assert x1 - x0 == x2 - x1 == 280.0 and y0 - y1 == y1 - y2 == 75.0  # of 560 and 150 pixels
    assert second == [(x0, y2), (x2, y0)]


def test_gaps_and_long_curves():
    (line,) = polylines(line_chart("t", "s", [Panel("p", [Curve("a", [(n, float(n)) for n in range(10_000)] + [(10_000, float("nan"))])])]))
    assert MAX_POINTS / 2 < len(line) <= MAX_POINTS
    slopes = {round((b[1] - a[1]) / (b[0] - a[0]), 1) for a, b in zip(line[:-2], line[1:-1])}
    assert len(slopes) <= 3  # a straight line stays one, but for pixels' tenths


@pytest.mark.parametrize("low, high, expected", [(0, 1, [0, 0.5, 1]), (0.13, 0.87, [0, 0.2, 0.4, 0.6, 0.8, 1]), (3, 3, [0, 1, 2, 3]), (0, 0, [-1, -0.5, 0, 0.5, 1])])
def test_ticks(low, high, expected):
    assert _ticks(low, high) == pytest.approx(expected)


def test_one_panel_a_group(tmp_path):
    write(tmp_path, *(training(50 * n, 5.0 / n) for n in range(1, 5)), dev(200, 0.25))
    texts = ["".join(one.itertext()) for one in ElementTree.fromstring(draw(tmp_path)).iter(f"{SVG}text")]
    assert {"loss, nats a target token", "WER of the dev sets, %", "learning rate", "audio, times real time"} <= set(texts)
    assert {"ctc 1.25", "inter1_phone 2.5", "a_b 25"} <= set(texts)
    assert not any("gradient" in text for text in texts)


def test_run_without_values_yet(ctcb, tmp_path):
    write(tmp_path, {"step": 7, "epoch": 1})
    assert ctcb("train", "curves", tmp_path, "--out", tmp_path / "c.svg").code == 0
    assert "nothing is logged before step 50" in (tmp_path / "c.svg").read_text()


@pytest.fixture
def train(ctcb, features_dir, lang_dir, tmp_path):
    model, config = write_yaml(tmp_path / "m.yaml", MODEL), write_yaml(tmp_path / "t.yaml", TRAIN)

    def run(*more):
        return ctcb("train", "base", "--config", model, "--train-config", config, "--data", features_dir, "--dev", features_dir, "--lang", lang_dir,
                    "--out", tmp_path / "out", *more)  # fmt: skip

    return run


def test_curves_of_a_run_and_in_the_report(ctcb, train, tmp_path):
    assert train().code == 0
    ran = ctcb("train", "curves", tmp_path / "out")
    assert ran.code == 0 and ran.out == f"{tmp_path}/out/curves.svg\n"
    assert "WER of the dev sets, %" in (tmp_path / "out/curves.svg").read_text()
    for name, text in (("ref", "u1 ann met bob\n"), ("hyp", "u1 ann met bob\n"), ("list", "bob\n")):
        (tmp_path / name).write_text(text)
    report = ["report", "--ref", tmp_path / "ref", "--hyp", tmp_path / "hyp", "--entities", tmp_path / "list", "--out", tmp_path / "r.html"]
    assert ctcb(*report, "--training", tmp_path / "out").code == 0
    page = (tmp_path / "r.html").read_text()
    assert "<h2>Training: out</h2>" in page and "WER of the dev sets, %" in page
    missing = ctcb(*report, "--training", tmp_path / "nowhere")
    assert missing.code == 2 and "nowhere/log.jsonl: no such file" in missing.err


def events(folder):
    """Tag -> (step, value) as TensorBoard reads them."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    read = accumulator.EventAccumulator(str(folder))
    read.Reload()
    return {tag: [(one.step, pytest.approx(one.value, rel=1e-6)) for one in read.Scalars(tag)] for tag in read.Tags()["scalars"]}


def of_log(folder):
    """The same from the log."""
    found = {}
    for row in read_log(folder):
        for tag, value in scalars(row).items():
            found.setdefault(tag, []).append((row["step"], value))
    return found


def test_events_say_what_the_log_says(ctcb, train, tmp_path):
    out = tmp_path / "out"
    pytest.importorskip("tensorboard")
    assert train("--epochs", 1).code == 0 and not list(out.glob("events*"))
    assert train("--tensorboard").code == 0
    assert of_log(out) and events(out) == of_log(out)  # with those of the run that wrote none
    write(out, *(training(50 * n, 5.0 / n) for n in (1, 2, 1, 2, 3)))
    assert ctcb("train", "curves", out, "--tensorboard").code == 0
    assert events(out) == of_log(out) and len(events(out)["loss/ctc"]) == 3 and len(list(out.glob("events*"))) == 1


def test_killed_run_resumes_its_events(train, monkeypatch, tmp_path):
    pytest.importorskip("tensorboard")
    keep = Trainer._keep_epoch

    def killed(self):
        keep(self)  # the epoch is logged, its checkpoint is not written
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "_keep_epoch", killed)
        assert train("--tensorboard").code == 130
    assert train("--tensorboard").code == 0
    found = events(tmp_path / "out")
    assert found == of_log(tmp_path / "out")
    assert [len(points) for tag, points in found.items() if tag.startswith("WER/")] == [TRAIN["epochs"]]


def test_missing_tensorboard_is_named_before_the_work(train, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    ran = train("--tensorboard")
    assert ran.code == 2 and "pip install 'ctcb[tensorboard]'" in ran.err and len(ran.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
