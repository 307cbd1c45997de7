#!/usr/bin/env python3
"""How well names are found in lists of the size of a catalogue, and the false alarms of lists of which no name is spoken.

    python recipes/benchmarks/lists/measure_f1.py --data DATA/real_dev --data DATA/tts_dev_medical --half 2 \
      --names DATA/distractors_medical.txt --names DATA/distractors_parliament.txt --cache EMISSIONS \
      --size 10000 --size 100000 --size 1000000 --without adapter

A folder holds manifest.tsv and entities.txt. Its list is the folder's own names and as many others as are asked for, made as
measure_lists.py makes them; names that are spoken in the set are none of these. False alarms are counted with a list of as many
others alone. Each row is the preset's, without the techniques that are left out.

The adapter runs the encoder anew for each list: `--utterances 40` takes the first so many in which one of the folder's names is
spoken. They have too few words for false alarms, which are left out. `--retrieved 200` shows what a perfect choice of names
would give: in each utterance the adapter sees the names that are spoken in it, and so many others of the list alone.
"""
from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import click
from measure_lists import catalogue

from ctcb.acoustic.model import as_biasable
from ctcb.adapter.encoded_list import encode_list
from ctcb.adapter.encoder_bias import EncoderBias
from ctcb.biasing.presets import find_config, read_presets
from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.halves import HALVES, half_of
from ctcb.data.manifest import read_manifest
from ctcb.entities import EntityList
from ctcb.errors import run_script
from ctcb.evaluation.ablation import Decoding, false_alarms
from ctcb.evaluation.cached_emissions import CachedEmissions, EmissionCache
from ctcb.evaluation.dataset import ENTITIES, MANIFEST, DataSet, read_set
from ctcb.evaluation.systems import System, systems
from ctcb.report.markdown import markdown, write_block
from ctcb.scoring.measures import ABSENT_FALSE_ALARMS, BY_NAME
from ctcb.scoring.score import score
from ctcb.text.markup import clean
from ctcb.text.normalize import normalize

MEASURES = ("entity_precision", "entity_recall", "entity_f1", "u_wer")
HEADER = ("set", "names", *(BY_NAME[name].heading for name in MEASURES), ABSENT_FALSE_ALARMS.heading)
SPARE = 1000  # names that may turn out to be spoken


def holds(text: str, entities: EntityList) -> List[int]:
    """The places of the entities that are spoken in a text."""
    words = f" {normalize(clean(text).text)} "
    return [place for place, entity in enumerate(entities) if any(f" {form} " in words for form in entity.spoken_forms)]


def with_few(folder: str, count: int, half: Optional[str], below: Path) -> str:
    """A set of the first utterances in which a name is spoken, in a folder of the same name."""
    own, few = EntityList.read(Path(folder) / ENTITIES), below / Path(folder).resolve().name
    rows = (row for row in read_manifest(Path(folder) / MANIFEST) if (half is None or half_of(row.utt_id) == half) and holds(row.text, own))
    lines = [f"{row.utt_id}\t{row.audio.resolve()}\t{row.duration or ''}\t{row.text}\n" for row in islice(rows, count)]
    few.mkdir()
    shutil.copyfile(Path(folder) / ENTITIES, few / ENTITIES)
    (few / MANIFEST).write_text("utt_id\taudio\tduration_s\ttext\n" + "".join(lines), encoding="utf-8")
    return str(few)


class PerfectRetrieval(EmissionCache):
    """Emissions of an encoder that is biased, in each utterance, toward the list's names that are spoken in it and some others alone."""

    def __init__(self, others: int, *given: Any) -> None:
        """``others``: how many beside those that are spoken; the rest as of the class above."""
        super().__init__(*given)
        self._others = others

    def biased(self, data: DataSet, entities: EntityList) -> CachedEmissions:
        """See :class:`ctcb.evaluation.cached_emissions.EmissionSource`."""
        model, draw = as_biasable(self.model).model, random.Random(0)
        places = {row.utt_id: {*holds(row.text, entities), *draw.sample(range(len(entities)), self._others)} for row in data.rows}
        return self.biased_by(data, EncoderBias(model, encode_list(model, entities.entities), places))


def with_names(folder: str, names: Path, size: int, half: Optional[str], absent: bool) -> DataSet:
    """A set whose lists have so many names, those of a file among them; ``absent``: one of them none of its own. Raises InputError
    where the file has too few."""
    own = len(EntityList.read(Path(folder) / ENTITIES))
    return read_set(folder, distractors=names, added=max(0, size - own), absent=size if absent else 0, half=half)


def measured(data: DataSet, system: System, source: EmissionCache, jobs: int) -> Tuple[str, ...]:
    """The row of a set."""
    decoding = Decoding(source.facts, source.emit(data), jobs=jobs, biased=partial(source.biased, data))
    outcome = decoding.run(system, data.entities)
    alarms = false_alarms(data, decoding, system, outcome)
    estimates = score(data.refs, outcome.hyps, data.entities, draws=0, **decoding.rules).estimates
    shares = (f"{100 * estimates[name].value:.1f}" for name in MEASURES)
    return (data.name, f"{len(data.entities):,}", *shares, "" if alarms is None else f"{alarms.value:.2f}")


def rows(
    folders: Sequence[str], files: Sequence[str], sizes: Sequence[int], half: Optional[str], absent: bool, system: System,
    source: EmissionCache, jobs: int,
) -> Iterator[Tuple[str, ...]]:
    """The rows of all sets, in turn."""
    with tempfile.TemporaryDirectory() as temporary:
        for size in sizes:
            names = Path(temporary) / f"{size}.txt"
            names.write_text("".join(f"{name}\n" for name in catalogue(files, size + SPARE)))
            for folder in folders:
                yield measured(with_names(folder, names, size, half, absent), system, source, jobs)


@click.command()
@click.option("--data", "folders", multiple=True, required=True, help="A folder with manifest.tsv and entities.txt.")
@click.option("--names", "files", multiple=True, required=True, help="A file of phrases, one a line.")
@click.option("--size", "sizes", type=int, multiple=True, required=True, help="Names of the list.")
@click.option("--model", default=str(BUNDLED_MODEL), help="The model.")
@click.option("--preset", default="joint", show_default=True, help="The preset.")
@click.option("--without", multiple=True, help="A technique that is left out.")
@click.option("--half", type=click.Choice(HALVES), help="Only half of the utterances.")
@click.option("--utterances", type=int, help="Only so many utterances, the first in which a name of the folder is spoken.")
@click.option("--retrieved", type=int, help="The adapter sees an utterance's spoken names and so many others alone.")
@click.option("--cache", help="A folder that keeps the emissions.")
@click.option("--jobs", default=1, show_default=True, help="Threads.")
@click.option("--results", type=Path, help="Put the table into this Markdown file, too.")
def main(
    folders: Sequence[str], files: Sequence[str], sizes: Sequence[int], model: str, preset: str, without: Sequence[str], half: Optional[str],
    utterances: Optional[int], retrieved: Optional[int], cache: Optional[str], jobs: int, results: Optional[Path],
) -> None:
    """Measure lists of each size."""
    source = EmissionCache(model, cache, jobs) if retrieved is None else PerfectRetrieval(retrieved, model, cache, jobs)
    known, _ = systems(read_presets(find_config(None, model)), lm=False, phones=source.facts.phonetics is not None, adapter=source.adapter)
    whole = next(system for system in known if system.name == preset)
    system = replace(whole, techniques=tuple(name for name in whole.techniques if name not in without))
    found: List[Tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as temporary:
        if utterances is not None:
            folders = [with_few(folder, utterances, half, Path(temporary)) for folder in folders]
        for row in rows(folders, files, sizes, half, utterances is None, system, source, jobs):
            click.echo(" ".join(row))
            found.append(row)
    table = markdown(HEADER, found)
    click.echo("\n".join(table))
    if results is not None:
        write_block(results, f"{preset} {' '.join(without)}".strip(), table[:-1])


if __name__ == "__main__":
    run_script(main, "measure_f1.py")
