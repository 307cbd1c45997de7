"""RESULTS.md is one page, and every block that `--results results` writes exists in results/."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from ctcb.report.markdown import replace_block, write_block
from ctcb.scoring.measures import ABSENT_FALSE_ALARMS, MEASURES

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "results").rglob("*.md"))
SETS = ("real_dev", "noisy_dev", "tts_dev_parliament", "tts_dev_medical")
# The pages that commands write to, and the blocks that they replace there.
BLOCKS = {
    "base_model.md": ["open_en"],
    "ablation.md": [f"ablation {name} half 2{added}" for added in ("", " added 1000") for name in SETS],
    "adapter.md": ["adapter"],
    "decoders.md": ["peers"],
    "lm_and_graphs.md": ["lm", "lm_tuning"],
    "long_recordings.md": ["long recording"],
    "no_speech.md": ["no_speech"],
    "mini.md": ["ablation dev half 2", "ablation test"],
    "librispeech.md": ["is21 test-clean", "is21 test-other"],
}


def test_summary_is_one_page():
    lines = (ROOT / "RESULTS.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80


def test_every_page_is_in_the_index():
    index = (ROOT / "results/README.md").read_text(encoding="utf-8")
    notes = (ROOT / "results/notes/README.md").read_text(encoding="utf-8")
    for page in PAGES:
        where = notes if page.parent.name == "notes" else index
        assert page.name == "README.md" or f"({page.name})" in where, page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_result_blocks_exist_on_their_pages(page):
    """Each exists once, so a new table replaces only its old version."""
    text = page.read_text(encoding="utf-8")
    outside = re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.M | re.S)
    names = BLOCKS.get(str(page.relative_to(ROOT / "results")), [])
    for edge in ("begin", "end"):
        assert re.findall(rf"<!-- {edge} (.*?) -->", outside) == names
    for name in names:
        written = replace_block(text, name, ["| a new table |"], page)
        before, after = written.split("| a new table |")
        assert text.startswith(before.rsplit("\n\n", 1)[0]) and text.endswith(after.lstrip("\n"))


def test_result_blocks_match_the_scripts():
    files = [file for folder in ("recipes", "utils") for kind in ("py", "sh") for file in (ROOT / folder).rglob(f"*.{kind}")]
    scripts = "\n".join(file.read_text(encoding="utf-8") for file in files)
    for page, names in BLOCKS.items():
        assert f"$results/{page}" in scripts or f"results/{page}" in scripts or page == "mini.md", page
        for name in names:
            assert name.startswith(("ablation ", "is21 ")) or f'"{name}"' in scripts or f"--block {name}" in scripts, name


def test_results_file_creates_its_folder(tmp_path):
    for _ in range(2):
        write_block(tmp_path / "results/new.md", "one", ["| a |"])
    assert (tmp_path / "results/new.md").read_text() == "<!-- begin one -->\n\n| a |\n\n<!-- end one -->\n"


@pytest.mark.parametrize("page", [ROOT / "RESULTS.md", *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_named_scripts_exist(page):
    named = re.findall(r"\b(?:recipes|steps|local|utils|tests|conf)/[\w./-]+\.(?:py|sh|yaml)", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("page", [ROOT / "RESULTS.md", *ROOT.glob("results/*.md")], ids=lambda page: str(page.relative_to(ROOT)))
def test_measures_have_one_name_in_all_tables(page):
    """No heading is short for a measure, and of false alarms each says of which lists."""
    lines = page.read_text(encoding="utf-8").splitlines()
    headings = [cell.strip() for line, below in zip(lines, lines[1:]) if re.match(r"\| ?---", below) for cell in line.strip("|").split("|")]
    assert [cell for cell in headings if re.search(r"^(P|R|F1) %|entity [PR] %|false alarms(?! of )|x real time", cell)] == []


def test_every_measure_is_in_the_table_of_names():
    text = (ROOT / "docs/measures.md").read_text(encoding="utf-8")
    for measure in (*MEASURES, ABSENT_FALSE_ALARMS):
        assert f"`{measure.name}`" in text and measure.title.split(" / ")[0] in text
