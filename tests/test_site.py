"""The documentation as a site: it builds without a network, loads nothing from elsewhere, and its pages read as they do on
GitHub. The notebook in it has the outputs of a run."""
from __future__ import annotations

import importlib.util
import json
import re
import socket
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow

needs_mkdocs = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("mkdocs", "material", "nbconvert", "markdown_it"))), reason="utils/requirements/docs.txt is not installed"
)


class Elements(HTMLParser):
    """The elements of a page's text with their attributes; of the site's pages, what lies within <article>."""

    def __init__(self, html: str, within: str = "") -> None:
        super().__init__()
        self.found: List[Tuple[str, Dict[str, str]]] = []
        self.within, self.depth = within, 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == self.within:
            self.depth += 1
        elif self.depth or not self.within:
            self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.depth -= tag == self.within


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built pages: source -> HTML."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.structure.files import Files

    sources: Dict[str, str] = {}

    class Remember:
        @staticmethod
        def on_env(env, config, files: Files):
            sources.update({file.src_uri: file.abs_dest_path for file in files.documentation_pages()})

    def refuse(*given):
        raise OSError("there is no network here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path_factory.mktemp("site")), strict=True)
        config.plugins["remember"] = Remember()
        config.plugins.events["env"].append(Remember.on_env)
        build(config)  # with warnings it stops
    return {source: Path(page).read_text(encoding="utf-8") for source, page in sources.items()}


@needs_mkdocs
def test_every_page_is_there_and_loads_nothing_from_elsewhere(site):
    own = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert own < site.keys() and {"RESULTS.md", "results/librispeech.md", "notebook.md", "CHANGELOG.md"} < site.keys()
    for source, html in site.items():
        for tag, attrs in Elements(html).found:
            loaded = attrs.get("href") if tag == "link" and attrs.get("rel") in ("stylesheet", "preload", "icon", "preconnect") else attrs.get("src")
            assert not re.match(r"(https?:)?//", loaded or ""), f"{source} loads {loaded}"


@needs_mkdocs
def test_pages_read_as_on_github(site):
    """As many lists, tables, blocks of code and headings as CommonMark's rules give: the site's differ for what is indented."""
    from markdown_it import MarkdownIt

    github = MarkdownIt("commonmark").enable("table")
    counted = {"li", "table", "tr", "pre", "h1", "h2", "h3", "img", "ol"}
    different = {}
    for source, html in site.items():
        path = ROOT / "docs" / source if (ROOT / "docs" / source).exists() else ROOT / source
        if path.exists():  # the notebook is no Markdown
            wanted = Counter(tag for tag, _ in Elements(github.render(path.read_text(encoding="utf-8"))).found if tag in counted)
            got = Counter(tag for tag, _ in Elements(html, "article").found if tag in counted)
            if got != wanted:
                different[source] = got - wanted, wanted - got
    assert not different


def sources(cell):
    return "".join(cell["source"])


def test_notebook_has_run():
    cells = json.loads((ROOT / "docs/notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)) and all(cell["outputs"] for cell in code)
    assert "velotoxine" in str(code[1]["outputs"]) and "velotoxine" not in str(code[0]["outputs"])
    assert (ROOT / "docs/notebook.ipynb").stat().st_size < 50_000


@pytest.mark.skipif(not all(map(importlib.util.find_spec, ("nbclient", "ipykernel"))), reason="utils/requirements/docs.txt is not installed")
def test_notebook_outputs_are_up_to_date(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "utils"))
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{':'.join(filter(None, sys.path))}")
    from run_notebook import NOTEBOOK, executed

    stored = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell, new in zip(stored["cells"], executed(NOTEBOOK).cells):
        if cell["cell_type"] == "code":
            assert [texts(output) for output in cell["outputs"]] == [texts(output) for output in new["outputs"]], sources(cell)


def texts(output):
    """What an output shows, whether its lines are apart (in the file) or not."""
    data = {**output.get("data", {}), "text": output.get("text", "")}
    return {kind: "".join(text) for kind, text in data.items()}
