"""What README.md and docs/ say: every command runs or is listed with the reason why not, links lead somewhere, the
reference pages are up to date."""
from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
from pathlib import Path
from typing import Iterator, List, Tuple

import click
import numpy as np
import pytest
import soundfile

from ctcb.bundled import BUNDLED_MODEL
from ctcb.cli import COMMANDS, cli
from ctcb.data.audio import SAMPLE_RATE, read_audio

ROOT = Path(__file__).parents[1]
DEMO = BUNDLED_MODEL.parent / "demo"
GENERATED = ("docs/commands.md", "docs/api.md")
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md"))]

# What begins like this is not run here, and why: a test of its own, or something that a test cannot have.
ELSEWHERE = {
    "bash utils/demo.sh": "tests/recipes/test_demo.py",
    "bash utils/setup_env.sh": "tests/utils/test_setup_env.py",
    "bash utils/gpu_check.sh": "tests/utils/test_gpu_check.py",
    "bash utils/test.sh": "runs this",
    "python3.12 -m venv": "makes an environment for the fuzzer",
    "/tmp/fuzz/bin/python": "runs as long as it is let",
    "pip install .": "tests/utils/test_install.py",
    "pip install -r utils/requirements/without_torch.txt": "tests/utils/test_install.py checks the list",
    "pip install --no-deps .": "tests/utils/test_install.py checks what it leaves out",
    "recipes/open_en/run.sh": "tests/recipes/test_open_en.py",
    "recipes/voxpopuli/run.sh": "tests/recipes/test_corpora.py",
    "recipes/librispeech/run.sh": "tests/recipes/test_corpora.py",
    "pip install -r utils/requirements/docs.txt": "tests/test_site.py needs it",
    "mkdocs build": "tests/test_site.py",
    "python utils/run_notebook.py": "tests/test_site.py",
    "steps/prepare.sh": "tests/utils/test_jobs.py",
    "steps/emit.sh": "tests/utils/test_jobs.py",
    "steps/decode.sh": "tests/utils/test_jobs.py",
    "export CTCB_JOBS=slurm": "tests/utils/test_jobs.py",
    "arecord": "needs a microphone; tests/cli/stream/test_stream_command.py pipes audio in",
    "cat talk.wav | ctcb stream": "tests/cli/stream/test_stream_command.py",
    "ctcb stream": "tests/cli/stream/test_stream_command.py",  # on standard input
    "recipes/streaming/server.py": "tests/recipes/test_stream_server.py",
    "ctcb tune": "tests/evaluation/test_tune.py",  # many trials
    "ctcb decode --model hf:facebook/wav2vec2-base-960h": "is fetched from the Hub; tests/acoustic/test_other_models.py has a small one",
    "ctcb train adapter --base hf:NAME": "tests/acoustic/test_hf_adapter.py",
    "ctcb export exp/hf": "tests/acoustic/test_hf_adapter.py",
    "ctcb decode --model hf:NAME": "tests/acoustic/test_hf_adapter.py",
    "ctcb entities check --model hf:NAME": "tests/cli/test_every_model.py",
    "ctcb ablate --data data/dev --model hf:NAME": "tests/cli/test_every_model.py",
    "ctcb export ctcb/assets/model --onnx": "tests/acoustic/test_onnx_export.py",
    "ctcb decode --model onnx:": "tests/acoustic/test_onnx_export.py, tests/acoustic/test_onnx_features.py",
    "ctcb decode --model nemo:": "tests/acoustic/test_nemo.py",
}
# Packages that some commands need.
NEEDS = {"--graph": "k2", "--vad": "silero_vad", "hama": "hama", "lang/phones.txt": "espeakng_loader", "foreign.txt": "espeakng_loader"}


def commands(page: str) -> Iterator[List[str]]:
    """The words of every command in a page's shell blocks, in order, without comments and with continued lines joined."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        for line in () if kind not in ("", "sh") else block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield words


def elsewhere(words: List[str]) -> List[str]:
    return [start for start in ELSEWHERE if " ".join(words).startswith(start)]


def test_commands_not_run_here_have_their_own_test():
    for reason in ELSEWHERE.values():
        for file in re.findall(r"tests/\S+\.py", reason):
            assert (ROOT / file).is_file(), file
    written = [words for page in PAGES if page not in GENERATED for words in commands(page)]
    assert len(written) > 40
    assert all(words[0] == "ctcb" or elsewhere(words) for words in written), "a command that no test runs"
    assert all(any(start in elsewhere(words) for words in written) for start in ELSEWHERE), "no page has this command any more"


@pytest.mark.parametrize("words", [words for page in PAGES for words in commands(page) if words[0] == "ctcb"], ids=" ".join)
def test_documented_options_exist(words):
    """Commands in the reference pages are checked too."""
    words = [*words, ">", ">>"]
    words = words[1 : min(words.index(">"), words.index(">>"))]
    command: click.Command = cli
    context = click.Context(cli)
    if words[0] == "--options":
        words = words[2:]
    while isinstance(command, click.Group):
        command, words = command.get_command(context, words[0]), words[1:]
        assert command is not None
    command.make_context("ctcb", list(words), resilient_parsing=False)


def scratch(folder: Path) -> None:
    """The files that the pages name."""
    clips = [read_audio(file).samples for file in sorted((DEMO / "audio").glob("*.ogg"))]
    shutil.copy(DEMO / "audio/demo_03.ogg", folder / "talk.ogg")
    shutil.copy(DEMO / "entities.txt", folder / "names.txt")
    shutil.copytree(DEMO / "audio", folder / "recordings")
    for name in (".", "data", "data/dev"):
        shutil.copytree(DEMO, folder / name, dirs_exist_ok=True)
    soundfile.write(str(folder / "long.wav"), np.concatenate([*clips, np.zeros(20 * SAMPLE_RATE, np.float32), *clips]), SAMPLE_RATE)
    soundfile.write(str(folder / "call.wav"), np.stack([clips[0], np.resize(clips[1], len(clips[0]))], axis=1), SAMPLE_RATE)
    (folder / "text.txt").write_text("she was given two tablets in the morning\nit was a long winter\n" * 5)
    (folder / "lexicon.txt").write_text((BUNDLED_MODEL / "lexicon.txt").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "foreign.txt").write_text("Goethe\tlang=de\nJorge Muñoz\tlang=es-419\n", encoding="utf-8")
    (folder / "calls.tsv").write_text("call-ch0\tMarlo Vandersteen|Harrowmere\ncall-ch1\tMarlo Vandersteen|Harrowmere\n")
    (folder / "contacts.vcf").write_text("BEGIN:VCARD\nVERSION:3.0\nFN:Teodora Lindqvale\nN:Lindqvale;Teodora;;;\nEND:VCARD\n")
    (folder / "catalogue.csv").write_text("text,weight,spoken\nvelotoxine,1.5,\nHarrowmere 9000,0.8,harrowmere nine thousand\n")
    (folder / "distractors.txt").write_text("\n".join(f"{first}{last}" for first in ("Brix", "Tarn", "Quel", "Zor", "Mev") for last in ("by", "ow", "ham", "ick", "aldo")) + "\n")
    (folder / "options.yaml").write_text("decode:\n  entities: names.txt\n")
    (folder / "exp").mkdir()
    (folder / "exp/model").symlink_to(BUNDLED_MODEL)
    (folder / "conf").symlink_to(ROOT / "conf")
    (folder / "docs").symlink_to(ROOT / "docs")
    (folder / "ctcb").symlink_to(ROOT / "ctcb")


def pages_with_commands() -> List[str]:
    return [page for page in PAGES if page not in GENERATED and any(w[0] == "ctcb" and not elsewhere(w) for w in commands(page))]


@pytest.mark.slow
@pytest.mark.parametrize("page", pages_with_commands())
def test_documented_commands_run(page, ctcb, tmp_path, monkeypatch):
    """In their order, on the clips and the model that come with the package."""
    scratch(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert ctcb("emit", "manifest.tsv", "--out", "other.npz").code == 0
    shutil.copy("other.npz.tokens.txt", "tokens.txt")
    ran: List[Tuple[str, str]] = []
    for words in commands(page):
        missing = [package for sign, package in NEEDS.items() if sign in words and importlib.util.find_spec(package) is None]
        if words[0] != "ctcb" or elsewhere(words) or missing:
            continue
        done = ctcb(*words[1:])
        assert done.code == 0, f"{page}: {' '.join(words)}\n{done.err}"
        ran.append((" ".join(words), done.out))
    assert ran and all(out for words, out in ran if words.startswith("ctcb decode") and "--out" not in words)


def test_reference_pages_are_up_to_date(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "utils"))
    from reference import pages

    for name, text in pages():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, f"run python utils/reference.py: docs/{name} is old"
    text = dict(pages())["commands.md"]
    assert all(f"## ctcb {name}" in text for name in COMMANDS)


def anchor(heading: str) -> str:
    """The anchor that the usual hosts derive from a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def every_page() -> List[str]:
    """All Markdown of the repository, whatever else stands in the folder (environments, experiments)."""
    folders = [ROOT / name for name in ("docs", "results", "recipes", "local", "steps", "utils", "tests", "conf", "ctcb")]
    pages = [*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))]
    return sorted(str(page.relative_to(ROOT)) for page in pages)


@pytest.mark.parametrize("page", every_page())
def test_links_have_targets(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        path, _, part = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), f"{page} links to {target}"
        if part:
            text = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.M | re.S)  # no comments of shell code
            headings = re.findall(r"^#+ (.*)$", text, re.M)
            assert part in map(anchor, headings), f"{page} links to {target}"
