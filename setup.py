"""What pyproject.toml cannot say of the package: its folders, and what depends on where it is published from.

GitHub's workflows have the repository's name in ``GITHUB_REPOSITORY``. With it, the metadata link to the repository, and so
do the README's pictures and pages, which the package index cannot find otherwise.
"""
import os
import re
from pathlib import Path

from setuptools import find_namespace_packages, setup

ROOT = Path(__file__).resolve().parent
README = (ROOT / "README.md").read_text("utf-8")


def links(repository: str) -> dict:
    """The project's links, and the README with links that lead to the same place from anywhere."""
    version = re.search(r'^__version__ = "(.+)"', (ROOT / "ctcb/__init__.py").read_text("utf-8"), re.M).group(1)
    home, files, raw = (f"https://{place}" for place in (
        f"github.com/{repository}", f"github.com/{repository}/blob/v{version}", f"raw.githubusercontent.com/{repository}/v{version}"
    ))  # fmt: skip
    pictures = re.sub(r"(!\[[^]]*\]\()(?!https?://)([^)]*)", rf"\1{raw}/\2?sanitize=true", README)  # so GitHub serves SVG as such
    readme = re.sub(r"(?<=\]\()(?!https?://|#)", f"{files}/", pictures)
    urls = {"Homepage": home, "Documentation": f"{files}/docs/index.md", "Changelog": f"{files}/CHANGELOG.md", "Issues": f"{home}/issues"}
    return {"project_urls": urls, "long_description": readme}


setup(
    packages=[  # folders of data are packages too, for setuptools
        *find_namespace_packages(include=["ctcb", "ctcb.*"], exclude=["*.__pycache__*"]),
        "ctcb.conf", *(f"ctcb.conf.{name}" for name in find_namespace_packages("conf")),
    ],
    package_dir={"ctcb.conf": "conf"},
    long_description_content_type="text/markdown",
    **(links(os.environ["GITHUB_REPOSITORY"]) if os.environ.get("GITHUB_REPOSITORY") else {"long_description": README}),
)  # fmt: skip
