"""``ctcb decode``: audio or emissions in, transcripts out."""
from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any, Dict, Optional, Tuple

import click

from ctcb.biasing.options import OPTIONS, values_of
from ctcb.biasing.presets import Preset, find_config
from ctcb.biasing.technique import EncoderTechnique
from ctcb.cli.common.compiling import Compiling
from ctcb.cli.common.emissions import EmissionOptions, emission_options, read_emissions, tokens_of
from ctcb.cli.common.help import Command
from ctcb.cli.common.options import Decorator, Once, failed_option, is_given, join, recognition_options
from ctcb.cli.common.recognition import Shown, require_batches
from ctcb.cli.common.settings import Settings, flags_of, presets_of, set_option, settings_given
from ctcb.cli.common.tally import Tally
from ctcb.cli.decode.biasing import BiasingOptions, biasing_options, prepare, read_lists
from ctcb.cli.decode.fingerprint import fingerprint
from ctcb.cli.decode.made_with import made_with, model_name
from ctcb.cli.decode.writing import Writer, writing_options
from ctcb.data.inputs import find_utterances
from ctcb.data.source import STDIN
from ctcb.decoding.builder import SEARCHES, build, build_pipeline, techniques_of
from ctcb.decoding.explaining import NameExplainer
from ctcb.decoding.journal import Journal
from ctcb.decoding.stitching import in_one
from ctcb.decoding.usage import described
from ctcb.errors import InputError
from ctcb.graph.options import GraphOptions
from ctcb.graph.store import load_graph
from ctcb.io import only_run
from ctcb.model_names import is_foreign
from ctcb.report.attention import AttentionPlots
from ctcb.search.find_lm import find_lm
from ctcb.search.graph import GraphSetting

# Options of the graph search, by their names in GraphOptions.
GRAPH = {
    "token_bonus": "Added for each token of a name.",
    "search_beam": "Paths that fall further below the best one are given up.",
    "lattice_beam": "How far below the best path those of an n-best list may lie.",
    "max_active": "States kept a frame, about.",
}

# The settings that the beam search reads, with an LM and without.
_OF_SEARCH = sorted((one for one in OPTIONS.values() if one.block in ("beam", "subword", "unigram")), key=lambda one: one.block)
OF_BEAM, OF_LM = [one for one in _OF_SEARCH if not one.lm], [one for one in _OF_SEARCH if one.lm]
# Those of the phonetic techniques.
OF_PHONES = [one for one in OPTIONS.values() if one not in _OF_SEARCH]


def search_options() -> Decorator:
    """``--method``, ``--lm``, ``--graph`` and the settings of the searches."""
    return join(
        click.option("--method", cls=Once, type=click.Choice(list(SEARCHES)),
                     help="The search.  [default: beam with a list or an LM, graph with --graph, else greedy]"),
        click.option("--nbest", type=click.IntRange(min=1), help="Different texts in hyps.jsonl.  [default: the preset's, else 1]"),
        flags_of(OF_BEAM),
        click.option("--lm", cls=Once, type=click.Path(), metavar="FILE|none",
                     help="ARPA file, gzip or not.  [default: the model's, if any]"),
        flags_of(OF_LM),
        click.option("--graph", cls=Once, type=click.Path(), metavar="DIR", help="Search this graph (`ctcb graph` makes one), by k2."),
        *(
            click.option(
                _flag(name), type=type(getattr(GraphOptions, name)),
                help=f"Graph: {what}  [default: {getattr(GraphOptions, name)}]",
            )
            for name, what in GRAPH.items()
        ),
    )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


@click.command(cls=Command, sections={
    "Input": "model device",
    "List": "entities bias",
    "Search": "method",
    "LM": "lm",
    "Output": "format out explain explain-name",
    "Expert, input": "precision channel vad batch-seconds jobs failed resume",
    "Expert, list": "entities-format entities-per-utt with without print-as set config adapter max-active-entities attention-plot",
    "Expert, search": "nbest beam alpha beta cap class-cap phone-weight phone-score lookup-evidence lookup-lack assurance g2g g2g-cost",
    "Expert, LM and graph": "lm-weight word-bonus piece-bonus class-bonus graph token-bonus search-beam lattice-beam max-active",
    "Expert, output": "segments",
    "Expert, tokens of other models": "tokens tokens-model blank separator language features",
    "Expert, emissions": "emissions log-probs trim-padding frame-shift phone-emissions phone-lang",
})
@recognition_options(inputs_required=False)
@click.option("--vad", is_flag=True, help="Transcribe recordings longer than the model takes at once (40 s; Whisper 29 s) only where there is speech (silero-vad).")
@biasing_options()
@search_options()
@flags_of(OF_PHONES)
@set_option()
@emission_options()
@click.option("--config", type=click.Path(), help="Presets (decode.yaml; `ctcb tune` writes one).  [default: the model's own, if any]")
@writing_options()
@failed_option()
def command(
    inputs: Tuple[str, ...], model: str, channel: str, batch_seconds: float, device: str, precision: str, jobs: int, method: Optional[str], nbest: Optional[int],
    lm: Optional[str], config: Optional[str], forms: Tuple[str, ...], out: Optional[str], segments: bool, explain: bool, resume: bool,
    explain_name: Tuple[str, ...], failed: Optional[str], vad: bool, assignments: Tuple[str, ...], **given: Any,
) -> None:
    """Transcribe INPUTS: audio, folders, manifest.tsv, lhotse cuts, - (stdin).

    \b
    ctcb decode --entities names.txt --explain talk.ogg
    ctcb decode --entities names.txt --lm lm.arpa.gz --out exp data/manifest.tsv

    With a list of names, recognition is biased toward it. An utterance that cannot be decoded is named
    on stderr and the others go on; the exit code is then 1, or 2 where none could be. Recordings may be
    hours long; a run with --out that was stopped goes on with --resume. With --out, --format may be repeated: srt, vtt and
    textgrid get a file a recording beside the others.

    \b
    ctcb decode talk.ogg
    ctcb decode --entities names.txt --explain-name Zelenskyy talk.ogg
    ctcb decode --entities names.txt --format srt talk.ogg > talk.srt
    ctcb decode --channel each --format stm call.wav
    ctcb decode --entities names.txt --emissions other.npz --tokens tokens.txt
    """
    biasing, emissions_given = _take(BiasingOptions, given), _take(EmissionOptions, given)
    of_file = emissions_given.emissions is not None
    # Whose decode.yaml and LM are taken: tokens in the place of those of a model directory are another model's.
    own_model = (is_foreign(model) or emissions_given.tokens is None) and (not of_file or is_given("model"))
    graph_asked = method == "graph" or method is None and given["graph"] is not None
    lm_file = find_lm(lm, model if own_model and not graph_asked and method != "greedy" else None)
    if resume and (out is None or of_file):
        raise InputError("--resume goes on with audio that is decoded to a folder", hint="give INPUTS and --out DIR, or leave it out")
    for flag, is_there in (("--vad", vad), ("--channel", is_given("channel")), ("--device", is_given("device")), ("--precision", is_given("precision"))):
        if is_there and of_file:
            raise InputError(f"{flag} is for audio, and --emissions is given", hint="leave it out")
    if resume and STDIN in inputs:
        raise InputError("--resume cannot read standard input again", hint="name a file, or leave it out")
    presets = presets_of(find_config(config, model if own_model else None))
    settings = settings_given(assignments, {**given, "nbest": nbest})
    nbest = settings.values.get("beam.nbest")
    # Before the model is loaded: what is wrong with the techniques that are asked for.
    made = biasing.config(presets, lm_file is not None and not graph_asked)
    made = replace(made, method="graph" if graph_asked else "beam")
    techniques = techniques_of(made, lm=lm_file is not None and not graph_asked)
    biasing.require(techniques)
    in_encoder = any(isinstance(technique, EncoderTechnique) for technique in techniques)
    in_decoder = any(not isinstance(technique, EncoderTechnique) for technique in techniques)
    method, graph, preset = _search(method, biasing.lists, in_decoder, lm_file is not None, given, settings, made.preset)
    if nbest is not None and nbest > 1 and out is None and "jsonl" not in forms:
        raise InputError(f"--nbest writes its texts in jsonl, and the format is {forms[0]}", hint="give --format jsonl or --out DIR, or leave it out")
    made = replace(made, method=method, lm=lm_file, graph=graph, presets={**made.presets, made.bias: preset})
    lists = read_lists(biasing)
    plots = AttentionPlots(biasing.attention_plot) if biasing.attention_plot is not None else None
    if not of_file and not inputs:
        raise InputError("there is nothing to decode", hint="name audio, a folder, a manifest.tsv, lhotse cuts, - (standard input), or --emissions")
    if (explain or explain_name) and lists is None:
        flag, what = ("--explain", "shows what a list changed") if explain else ("--explain-name", "tells what a list lacks for a name")
        raise InputError(f"{flag} {what}, and there is none", hint="give --entities or --entities-per-utt")
    explain = explain or bool(explain_name)
    if out is not None:
        click.get_current_context().with_resource(only_run(out))
    journal = watched = None
    compiling = Compiling(lists is not None) if method == "beam" else None
    if not of_file:
        require_batches(batch_seconds, jobs)
        journal = None if out is None else Journal(out, fingerprint(click.get_current_context()), resume)
        known = {} if journal is None else journal.known
        made = replace(made, model=model, tokens=tokens_of(emissions_given, model), device=device, precision=precision)
        utterances = [replace(one, known=known.get(one.utt_id, 0.0)) for one in find_utterances(inputs, channel)]
        recognizer = build(made)
        pipeline, utt_ids = recognizer.pipeline, tuple(utterance.utt_id for utterance in utterances)
        if compiling is not None:
            compiling.wait()
        contexts = prepare(lists, pipeline, biasing, utt_ids)
        known_of = {utterance.utt_id: utterance for utterance in utterances}
        emitted = recognizer.emit(utterances, contexts, batch_seconds, jobs, vad, plots and plots.watch)
        emitted = watched = Shown(emitted, utterances)
    else:
        if in_encoder:
            raise InputError("the adapter takes audio, and --emissions is given", hint="name audio, or use --bias decoder")
        if inputs:
            raise InputError(f"both --emissions and {inputs[0]} are given", hint="give one of them")
        timed, phones = forms != ("text",) or segments or out is not None, None if graph is None else graph.graph.phones
        file = read_emissions(emissions_given, model if is_given("model") else None, timed, phones)
        pipeline, utt_ids, emitted, known_of = build_pipeline(made, file.facts), file.utt_ids, file.emitted, {}
        if compiling is not None:
            compiling.wait()
        contexts = prepare(lists, pipeline, biasing, utt_ids)

    tally = Tally(len(utt_ids), "could not be decoded", failed)
    options = {**(values_of(preset.beam) if graph is None else asdict(graph.options)), **values_of(*preset.blocks[1:])}
    provenance: Dict[str, Any] = {}
    if out is not None:  # digests of large models take seconds
        of_model = {"name": model_name(model), "fingerprint": recognizer.model.fingerprint} if not of_file else {
            "name": str(emissions_given.emissions), **asdict(file.facts.model())
        }  # fmt: skip
        list_file = biasing.entities or biasing.entities_per_utt
        provenance = made_with(of_model, lm_file, list_file, method, pipeline.techniques, options)
    nbest = pipeline.texts_asked(None)
    behind = NameExplainer(pipeline, explain_name) if explain_name else None
    with Writer(forms, out, explain, len(utt_ids), provenance, segments) as writer:
        stretches = pipeline.decode_many(emitted, contexts, nbest, jobs, compared=explain, behind=behind)
        if journal is not None:
            stretches = journal.complete(stretches, utt_ids)
        try:
            for decoded in described(in_one(stretches, nbest), known_of):
                if not tally.failed(decoded.error):
                    writer.write(decoded.transcript)
                    if plots is not None:
                        plots.draw(decoded.transcript, pipeline.setting.frame_shift)
        except KeyboardInterrupt:
            if journal is not None:
                click.echo(f"ctcb: {out} keeps what was decoded; the same command with --resume goes on", err=True)
            raise
        tally.require()
    if watched is not None:
        watched.close()
    if plots is not None:
        click.echo(f"ctcb: {plots.summary}", err=True)
    if journal is not None:
        journal.close()
    tally.close()


def _search(
    method: Optional[str], lists: bool, biased: bool, lm: bool, given: Dict[str, Any], settings: Settings, preset: Preset
) -> Tuple[str, Optional[GraphSetting], Preset]:
    """The search, the graph if it searches one, and the preset with the settings that were given; what only one search has asks for it.

    ``lists``: whether there are names; ``biased``: whether techniques act on the search, or behind it.
    """
    values = settings.values
    nbest: Optional[int] = values.get("beam.nbest")
    names = [one.name for one in (*OF_BEAM, *OF_LM) if one.name in values and one.name != "beam.nbest"]
    of_lm = {OPTIONS[name].field: values[name] for name in names if OPTIONS[name].lm}
    of_graph = {name: given[name] for name in GRAPH if given[name] is not None}
    if given["graph"] is not None and method in (None, "graph"):
        known = {field.name for field in fields(GraphOptions)}
        stray = [settings.flags[name] for name in names if OPTIONS[name].field not in (known if OPTIONS[name].lm else ("beam",))]
        stray += ["--lm"] * lm
        if stray:
            raise InputError(f"{stray[0]} is for the beam search", hint="leave it out, or --graph")
        beam = max(nbest or 1, values.get("beam.beam", GraphOptions.beam))
        setting = GraphSetting(load_graph(given["graph"]), GraphOptions(beam=beam, **of_lm, **of_graph), nbest or 1)
        return "graph", setting, preset.with_settings({name: value for name, value in values.items() if OPTIONS[name].block != "beam"})
    if method == "graph":
        raise InputError("there is no graph to be searched", hint="give --graph DIR (`ctcb graph` makes one)")
    if given["graph"] is not None or of_graph:
        name = "--graph" if given["graph"] is not None else _flag(next(iter(of_graph)))
        raise InputError(f"{name} is for the graph search", hint="leave it out, or use --method graph and --graph DIR")
    needs_lm = [settings.flags[name] for name in names if OPTIONS[name].lm]
    if needs_lm and not lm:
        raise InputError(f"{needs_lm[0]} is for an LM, and there is none", hint="give --lm FILE or --graph DIR")
    asked = [settings.flags[name] for name in names] + ["--nbest"] * (nbest is not None and nbest > 1) + ["--lm"] * lm
    if method == "greedy" and (biased or asked):
        what = f"takes no {asked[0]}" if asked else "takes no list"
        raise InputError(f"greedy decoding {what}", hint="leave --method greedy out")
    method = method or ("beam" if lists or asked or nbest is None and preset.beam.nbest > 1 else "greedy")
    preset = preset.with_settings({**values, **({"beam.nbest": 1} if method == "greedy" else {})})
    return method, None, preset


def _take(cls: Any, given: Dict[str, Any]) -> Any:
    """The dataclass ``cls`` with what was given under its fields' names."""
    return cls(**{field.name: given[field.name] for field in fields(cls)})
