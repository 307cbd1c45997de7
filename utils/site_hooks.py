"""What mkdocs.yml cannot say: pages of the site that do not lie in docs/, and the notebook.

A file of docs/ has its path below docs/ on the site, another one its path in the repository. Links keep working in both
places: they are written for the repository, and rewritten here.
"""
from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import List

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
DOCS = "docs/"
NOTEBOOK = "notebook"  # docs/notebook.ipynb, on the site notebook.md
BESIDE = ("RESULTS.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "ctcb/assets/model/README.md", "ctcb/assets/model/LICENSE.txt")
LINK = re.compile(r"(?<=\]\()([^)\s#]+)(?=[)#])")


def beside() -> List[str]:
    """The paths in the repository of what is on the site and not in docs/."""
    return [*BESIDE, *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "results").rglob("*.md"))]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files that do not lie in docs/, and the notebook as a page."""
    for path in beside():
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    files.append(File.generated(config, f"{NOTEBOOK}.md", content=notebook(ROOT / DOCS / f"{NOTEBOOK}.ipynb")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with its links as the site has them."""
    here = page.file.src_uri
    inside = (ROOT / DOCS / here).exists() or here == f"{NOTEBOOK}.md"
    folder = posixpath.dirname(f"{DOCS}{here}" if inside else here)

    def rewritten(link: "re.Match[str]") -> str:
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        target = target[len(DOCS) :] if target.startswith(DOCS) else target
        target = f"{target[:-6]}.md" if target.endswith(".ipynb") else target
        known = files.get_file_from_path(target)
        return posixpath.relpath(target, posixpath.dirname(here) or ".") if known else link[1]

    return LINK.sub(rewritten, markdown)


def notebook(path: Path) -> str:
    """A notebook's cells and their outputs in Markdown."""
    from nbconvert import MarkdownExporter

    text, _ = MarkdownExporter().from_filename(str(path))
    return text
