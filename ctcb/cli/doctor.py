"""``ctcb doctor``: what is installed, what works, and how fast this machine is."""
from __future__ import annotations

import os
import platform
import shutil
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Callable, List, Tuple

import click

from ctcb import __version__
from ctcb.bundled import BUNDLED_MODEL
from ctcb.errors import RunError

# (what it is for, the module, its package)
NEEDED = (
    ("networks", "torch", "torch"), ("the search", "numba", "numba"), ("audio files", "soundfile", "soundfile"),
    ("other sample rates", "soxr", "soxr"), ("features, manifests", "lhotse", "lhotse"), ("subwords", "sentencepiece", "sentencepiece"),
)  # fmt: skip
EXTRA = (
    ("--method graph", "k2", "k2"), ("training", "torchaudio", "torchaudio"), ("LMs by KenLM", "kenlm", "kenlm"),
    ("--model hf:", "transformers", "transformers"), ("--model onnx:", "onnxruntime", "onnxruntime"), ("--model nemo:", "nemo", "nemo_toolkit"),
    ("--model hama", "hama", "hama"), ("--attention-plot", "matplotlib", "matplotlib"),
    ("other languages", "espeakng_loader", "espeakng-loader"), ("--tensorboard", "tensorboard", "tensorboard"),
)  # fmt: skip


@click.command()
@click.option("--no-speed", is_flag=True, help="Do not measure how fast the acoustic model and the search are here.")
@click.option("--compile", "compiles", is_flag=True, help="Compile now what is else compiled before its first use, and keep it in the cache.")
def command(no_speed: bool, compiles: bool) -> None:
    """Say what is installed, which back ends and devices work, and how fast this machine is.

    The exit code is 1 where something that is always needed does not work.

    \b
    ctcb doctor
    ctcb doctor --no-speed
    ctcb doctor --compile
    """
    click.echo(f"ctcb {__version__}, Python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} cores")
    broken = [name for name, works in _report("needed", NEEDED) if not works]
    _report("for more", EXTRA)
    click.echo(f"  {'ffmpeg':<16}{shutil.which('ffmpeg') or 'not installed':<28}videos, M4A and the like")
    if "torch" not in broken:
        _devices()
    if broken:
        raise RunError(f"{broken[0]} does not work; install ctcb again (pip install --force-reinstall ctcb)")
    if compiles:
        _compile()
        click.echo("compiled: no decoding on this machine waits for it")
    if not no_speed:
        model, search = _speeds()
        click.echo(f"speed, with the bundled model: the acoustic model is {model:.0f} times faster than real time, the search {search:,.0f} times")


def _report(title: str, rows: Tuple[Tuple[str, str, str], ...]) -> List[Tuple[str, bool]]:
    click.echo(f"{title}:")
    found = []
    for purpose, module, package in rows:
        try:
            status, works = version(package), True
            import_module(module)
        except PackageNotFoundError:
            status, works = "not installed", False
        except Exception as error:  # a package may fail in any way when it is imported
            status, works = f"does not load ({type(error).__name__})", False
        click.echo(f"  {package:<16}{status:<28}{purpose}")
        found.append((package, works))
    return found


def _devices() -> None:
    from ctcb.cli.common.devices import devices

    click.echo("devices:")
    for name, found, missing in devices():
        click.echo(f"  {name:<16}{found}" + (f" ({missing})" if missing else ""))


def _compile() -> None:
    """Compile the search, alone and in a stream, and what the default preset needs. Raises RunError where it cannot be kept."""
    from ctcb.cli.common.compiling import is_compiled
    from ctcb.data.manifest import read_manifest
    from ctcb.decoding.builder import Config, build
    from ctcb.entities import EntityList
    from ctcb.search.beam.decoder import warm

    warm()
    demo = BUNDLED_MODEL.parent / "demo"
    build(Config()).transcribe(read_manifest(demo / "manifest.tsv")[0].audio, EntityList.read(demo / "entities.txt"))
    if not is_compiled():
        raise RunError("what was compiled cannot be kept: no folder for it can be written to; name one (CTCB_CACHE=DIR)")


def _speeds() -> Tuple[float, float]:
    """How many times faster than real time the bundled model is, and the beam search with a list."""
    import numpy as np

    from ctcb.ctc.emissions import Emissions
    from ctcb.data.audio import SAMPLE_RATE, read_audio
    from ctcb.data.manifest import read_manifest
    from ctcb.decoding.builder import Config, build
    from ctcb.entities import EntityList

    demo = BUNDLED_MODEL.parent / "demo"
    samples = np.concatenate([read_audio(row.audio).samples for row in read_manifest(demo / "manifest.tsv")][:5])
    recognizer = build(Config(bias="none", with_=("subword",)))
    model, pipeline, context = recognizer.model, recognizer.pipeline, recognizer.prepare(EntityList.read(demo / "entities.txt"))
    seconds = len(samples) / SAMPLE_RATE

    def forward() -> Emissions:
        return model.forward([model.prepare(samples)], [""])[0]

    emissions = forward()  # the first time, kernels are chosen, and
    pipeline.decode("", emissions, context)  # the search is loaded or compiled
    return seconds / _took(forward), seconds / _took(lambda: pipeline.decode("", emissions, context))


def _took(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)
