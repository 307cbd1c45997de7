"""What pyproject.toml cannot say of the package: its folders, and what depends on where it is published from.

GitHub's workflows have the repository's name in ``GITHUB_REPOSITORY``. With it, the metadata link to the repository, and so
do the README's pictures and pages, which the package index cannot find otherwise.

``CTCB_PRECOMPILE=1 python -m build --wheel --no-isolation`` makes a wheel that holds machine code, for this Python, the numba that is
installed, and this kind of machine; in the place of 1 can stand the version that numba must have.
"""
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from setuptools import Distribution, find_namespace_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

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


PRECOMPILE = os.environ.get("CTCB_PRECOMPILE", "0")


def numba() -> object:
    """numba as it is installed. Raises SystemExit where it is another one than wanted."""
    try:
        found = distribution("numba")
    except PackageNotFoundError:
        sys.exit("CTCB_PRECOMPILE: numba is not installed here; install what ctcb depends on, and build with --no-isolation")
    if PRECOMPILE not in ("1", found.version):
        sys.exit(f"CTCB_PRECOMPILE: numba {PRECOMPILE} is wanted, and {found.version} is installed")
    return found


class Precompiled(Distribution):
    """For one Python and one kind of machine."""

    def has_ext_modules(self) -> bool:
        return True


class BuildPrecompiled(build_py):
    def run(self) -> None:
        numba()
        super().run()
        if self.editable_mode:
            return
        if subprocess.run([sys.executable, ROOT / "utils/precompile.py", self.build_lib]).returncode != 0:
            sys.exit("CTCB_PRECOMPILE: the package was not compiled (see above)")


class PrecompiledWheel(bdist_wheel):
    def get_tag(self) -> tuple:
        """The code runs wherever the numba does that compiled it: the platforms are those of its wheel."""
        python, abi, platform = super().get_tag()
        tags = re.findall(r"^Tag: .*-(.*)$", numba().read_text("WHEEL") or "", re.M)
        return python, abi, ".".join(sorted(set(tags))) or platform


COMMANDS = {"distclass": Precompiled, "cmdclass": {"build_py": BuildPrecompiled, "bdist_wheel": PrecompiledWheel}}

setup(
    packages=[  # folders of data are packages too, for setuptools
        *find_namespace_packages(include=["ctcb", "ctcb.*"], exclude=["*.__pycache__*"]),
        "ctcb.conf", *(f"ctcb.conf.{name}" for name in find_namespace_packages("conf")),
    ],
    package_dir={"ctcb.conf": "conf"},
    long_description_content_type="text/markdown",
    **({} if PRECOMPILE in ("", "0") else COMMANDS),
    **(links(os.environ["GITHUB_REPOSITORY"]) if os.environ.get("GITHUB_REPOSITORY") else {"long_description": README}),
)  # fmt: skip
