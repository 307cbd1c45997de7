"""``ctcb doctor``: what is installed, what works, and how fast this machine is."""
from __future__ import annotations

import os
import platform
import shutil
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from typing import Callable, List, Tuple

import click

from ctcb import __version__
from ctcb.bundled import BUNDLED_MODEL
from ctcb.cli.common.help import Command
from ctcb.errors import RunError
from ctcb.extras import EXTRAS, Extra, install, installed

# (what it is for, the module, its package)
NEEDED = (
    ("networks", "torch", "torch"), ("the search", "numba", "numba"), ("audio files", "soundfile", "soundfile"),
    ("other sample rates", "soxr", "soxr"), ("features, manifests", "lhotse", "lhotse"), ("subwords", "sentencepiece", "sentencepiece"),
)  # fmt: skip
NAME, PURPOSE = 15, 38  # characters of the columns
ABSENT = "not installed"


@click.command(cls=Command)
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
    click.echo("needed:")
    broken = []
    for purpose, module, package in NEEDED:
        state, works = _state(package, module)
        click.echo(f"  {package:<{NAME}}{purpose:<{PURPOSE}}{state}")
        broken += [] if works else [package]
    click.echo("for more, none of it needed to begin with:")
    for name, extra in EXTRAS.items():
        if extra.replaces and not _state(*extra.packages[0])[1]:
            continue  # named among the devices
        _more(name, extra)
    _more("k2", Extra("--method graph", (("k2", "k2"),)), "take the wheel for your torch from https://k2-fsa.github.io/k2")
    ffmpeg = shutil.which("ffmpeg")
    click.echo(f"  {'ffmpeg':<{NAME}}{'videos, M4A and the like':<{PURPOSE}}{ffmpeg or 'not installed: sudo apt install ffmpeg'}")
    if "torch" not in broken:
        _devices()
    if broken:
        raise RunError(f"{broken[0]} does not work; install it again: pip install --force-reinstall {broken[0]}")
    if compiles:
        _compile()
        click.echo("compiled: no decoding on this machine waits for it")
    if not no_speed:
        model, search = _speeds()
        in_bf16 = f" (--precision bf16: {model[1]:.0f})" if len(model) > 1 else ""
        click.echo(f"speed, with the bundled model: the acoustic model is {model[0]:.0f} times faster than real time{in_bf16}, the search {search:,.0f} times")


def _state(package: str, module: str) -> Tuple[str, bool]:
    """A package's version, or what is wrong with it; and whether it works."""
    try:
        found = installed(package)
        import_module(module)
    except PackageNotFoundError:
        return ABSENT, False
    except Exception as error:  # a package may fail in any way when it is imported
        return f"does not load ({type(error).__name__})", False
    return found, True


def _more(name: str, extra: Extra, command: str = "") -> None:
    """The line of what is not always needed, and of how to get it where it does not work; by default that of its extra."""
    states = [(package, *_state(package, module)) for package, module in extra.packages]
    shown = [package if state == ABSENT else f"{package} {state}" for package, state, works in states if not works]
    absent = any(state == ABSENT for _, state, _ in states)
    if not shown:
        click.echo(f"  {name:<{NAME}}{extra.purpose:<{PURPOSE}}{', '.join(f'{package} {state}' for package, state, _ in states)}")
        return
    fix = command or (extra.system if extra.system and not absent else install(name))
    click.echo(f"  {name:<{NAME}}{extra.purpose:<{PURPOSE}}{ABSENT + ': ' if absent else ''}{', '.join(shown)}\n  {'':<{NAME}}{fix}")


def _devices() -> None:
    from ctcb.cli.common.devices import devices

    click.echo("devices:")
    for name, found, missing in devices():
        click.echo(f"  {name:<16}{found}" + (f" ({missing})" if missing else ""))


def _compile() -> None:
    """Compile the search, alone and in a stream, and what decoding needs. Raises RunError where it cannot be kept."""
    from ctcb.cli.common.compiling import Compiling
    from ctcb.data.manifest import read_manifest
    from ctcb.decoding.builder import Config, build
    from ctcb.decoding.first_use import compile_parts, parts_to_compile
    from ctcb.entities import EntityList
    from ctcb.search.beam.decoder import warm

    Compiling(seldom=True).wait()
    compile_parts(parts_to_compile(seldom=True))  # on one core, and what failed elsewhere
    warm()
    demo = BUNDLED_MODEL.parent / "demo"
    build(Config()).transcribe(read_manifest(demo / "manifest.tsv")[0].audio, EntityList.read(demo / "entities.txt"))
    if parts_to_compile(seldom=True):
        raise RunError("what was compiled cannot be kept: no folder for it can be written to; name one (CTCB_CACHE=DIR)")


def _speeds() -> Tuple[List[float], float]:
    """How many times faster than real time the bundled model is, in float32 and, where there are instructions for it, in bf16; and the beam
    search with a list."""
    import numpy as np
    import torch

    from ctcb.acoustic.directory import load_model
    from ctcb.acoustic.directory_model import DirectoryModel
    from ctcb.acoustic.model import AcousticModel
    from ctcb.cli.common.compiling import Compiling
    from ctcb.ctc.emissions import Emissions
    from ctcb.data.audio import SAMPLE_RATE, read_audio
    from ctcb.data.manifest import read_manifest
    from ctcb.decoding.builder import Config, build
    from ctcb.device import has_bf16
    from ctcb.entities import EntityList

    demo = BUNDLED_MODEL.parent / "demo"
    samples = np.concatenate([read_audio(row.audio).samples for row in read_manifest(demo / "manifest.tsv")][:5])
    Compiling().wait()
    recognizer = build(Config(bias="none", with_=("subword",)))
    models: List[AcousticModel] = [recognizer.model]
    if has_bf16(torch.device("cpu")):
        models.append(DirectoryModel(load_model(BUNDLED_MODEL, precision="bf16")))
    pipeline, context = recognizer.pipeline, recognizer.prepare(EntityList.read(demo / "entities.txt"))
    seconds = len(samples) / SAMPLE_RATE

    def forward(model: AcousticModel) -> Emissions:
        return model.forward([model.prepare(samples)], [""])[0]

    emissions = [forward(model) for model in models]  # the first time, kernels are chosen, and
    pipeline.decode("", emissions[0], context)  # the search is loaded or compiled
    return [seconds / _took(lambda: forward(model)) for model in models], seconds / _took(lambda: pipeline.decode("", emissions[0], context))


def _took(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)
