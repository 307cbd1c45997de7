"""``ctcb.load``: a recognizer from keywords."""
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Collection, Dict, Mapping, Optional

from ctcb.biasing.prepared_list import LIST
from ctcb.biasing.presets import Preset, find_config, read_presets
from ctcb.bundled import BUNDLED_MODEL
from ctcb.decoding.builder import Config, build
from ctcb.errors import InputError
from ctcb.graph.options import GraphOptions
from ctcb.graph.store import load_graph
from ctcb.io import PathOrStr
from ctcb.moved import warn_renamed
from ctcb.search.find_lm import find_lm
from ctcb.search.graph import GraphSetting
from ctcb.search.options import BeamOptions

if TYPE_CHECKING:
    from ctcb.acoustic.open import Tokens
    from ctcb.decoding.recognizer import Recognizer


def load(
    model: Optional[PathOrStr] = None, options: Optional[BeamOptions] = None, bias: str = "decoder",
    lm: Optional[PathOrStr] = None, with_: Collection[str] = (), without: Collection[str] = (),
    phones: Optional[Mapping[str, Any]] = None, config: Optional[PathOrStr] = None, adapter: Optional[PathOrStr] = None,
    settings: Optional[Mapping[str, Any]] = None, *, method: Optional[str] = None, graph: Optional[PathOrStr] = None, graph_options: Optional[GraphOptions] = None,
    tokens: Optional[Tokens] = None, max_active_entities: Optional[int] = None, print_as: str = LIST, device: str = "cpu", precision: str = "fp32",
    **old: Any,
) -> Recognizer:
    """Load a model and make a recognizer of it.

    >>> ctcb.load().transcribe("talk.ogg", entities=["Zelenskyy", "Łódź"]).text

    Parameters
    ----------
    model : a model directory, by default the bundled model, or one of other people's: ``hf:NAME``, ``torchaudio:BUNDLE``
        and so on (:mod:`ctcb.acoustic.open`).
    options : of the beam search, in the place of the preset's.
    bias : the preset: ``none``, ``encoder``, ``decoder`` or ``joint``.
    lm : an ARPA file, gzip or not; by default the directory's own ``lm.arpa.gz`` if it has one; ``"none"`` for none.
    with_, without : techniques beside the preset's, and those of it that are left out (``--with``, ``--without``).
    phones : the old name of ``settings``; takes ``PhoneOptions``.
    settings : options of the techniques and the search by their names (``{"verify.threshold": 0.4}``,
        docs/techniques.md), in the place of the preset's and of ``options``.
    config : a file of presets; by default the directory's own ``decode.yaml`` if it has one.
    adapter : the folder of one that was trained for a model of transformers.
    method : the search: ``beam`` (the default), ``graph`` (with ``graph``), or ``greedy``, which takes no list but for
        the encoder.
    graph : the folder of a graph that `ctcb graph` made; searched by k2, with ``graph_options``.
    tokens : of a model that does not name its own (ONNX).
    max_active_entities : of a longer list, the adapter aligns so many entries with an utterance, those that are likeliest
        there; by default 300.
    print_as : how the text has names: ``"list"``, in the list's spelling with the model's letters and case; ``"model"``, as the
        model wrote them; ``"exact"``, as the list has them.
    device : where the model runs: ``cpu``, ``cuda``, ``cuda:N`` or ``auto`` (a GPU where there is one).
    precision : of the encoder's matrix products: ``fp32``; ``bf16``, faster where the device has instructions for it; ``auto``, bf16
        there and else fp32.

    Raises
    ------
    InputError : a directory that is not one, is not whole, or lacks an adapter that is asked for; an LM that is malformed
        or whose words the model's tokens cannot write; unknown names; options that exclude each other.
    RunError : a package that the model or the search needs is missing.
    """
    with_, without = renamed_keywords(old, with_, without)
    folder = BUNDLED_MODEL if model is None else model
    presets = read_presets(find_config(config, folder))
    method = searched(method, graph)
    return build(
        Config(
            folder, tokens, adapter, bias, tuple(with_), tuple(without), with_settings(presets, bias, options, {**(phones or {}), **(settings or {})}), method,
            find_lm(lm, folder if method == "beam" else None), graph_of(graph, graph_options, options), max_active_entities,
            print_as, device, precision,
        )
    )


def searched(method: Optional[str], graph: Optional[PathOrStr]) -> str:
    """The name of the search. Raises InputError where a graph is given to another search, or none to the graph search."""
    method = method or ("beam" if graph is None else "graph")
    if (method == "graph") != (graph is not None):
        raise InputError("the graph search needs a graph, and the others take none", hint='give graph=FOLDER and no method, or method="beam"')
    return method


def graph_of(folder: Optional[PathOrStr], options: Optional[GraphOptions], beam: Optional[BeamOptions]) -> Optional[GraphSetting]:
    """The graph of a folder; of ``beam`` only the number of texts counts. Raises InputError for a folder without one."""
    if folder is None:
        return None
    return GraphSetting(load_graph(folder), options or GraphOptions(), 1 if beam is None else beam.nbest)


def with_settings(
    presets: Mapping[str, Preset], name: str, beam: Optional[BeamOptions], settings: Optional[Mapping[str, Any]]
) -> Dict[str, Preset]:
    """The presets with other settings in the named one. Raises InputError for unknown ones and values out of range."""
    found = dict(presets)
    if name in found:
        found[name] = replace(found[name], beam=beam or found[name].beam).with_settings(settings or {})
    return found


def renamed_keywords(old: Mapping[str, Any], with_: Collection[str], without: Collection[str]) -> "tuple[Any, Any]":
    """``with_`` and ``without``, also by the names of 0.1.0, ``plus`` and ``minus``. Raises TypeError for other keywords."""
    for name in old:
        if name not in ("plus", "minus"):
            raise TypeError(f"unexpected keyword {name!r}")
        warn_renamed(name, {"plus": "with_", "minus": "without"}[name], stacklevel=4)
    return old.get("plus", with_), old.get("minus", without)
