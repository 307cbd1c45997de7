"""Gain and cost of the adapter with greedy decoding, as a table: entities, words, false alarms, time.

    python recipes/benchmarks/adapter/measure_adapter.py --model DIR --distractors FILE [--distractors FILE] SET_DIR...

A SET_DIR holds manifest.tsv and entities.txt. Each set is decoded without a list, with its own list, with
its list and distractors to 1,000 and 10,000 entries, and with 1,000 distractors alone, none of
which is spoken. The last is the mean over up to eight such lists, since one list gives too few false alarms. If the files
have too few names, more are made up of their first and last words. The base model encodes a set once.
"""
from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch.nn.utils.rnn import pad_sequence

sys.path.append(str(Path(__file__).resolve().parents[1] / "decoders"))
from bias_list import made_up  # noqa: E402

from ctcb.acoustic.directory import LoadedModel, load_model
from ctcb.adapter.encoded_list import EncodedList, encode_list, scores_phones
from ctcb.adapter.encoder_bias import MAX_ACTIVE, EncoderBias
from ctcb.adapter.penalties import FITTED, Penalties
from ctcb.data.audio import read_audio
from ctcb.data.features import FeatureExtractor
from ctcb.data.manifest import ManifestRow, read_manifest
from ctcb.entities import Entity, EntityList
from ctcb.errors import run_script
from ctcb.models.ctc import Emissions, Encoded
from ctcb.progress import progress
from ctcb.report.markdown import markdown, write_block
from ctcb.scoring.measures import ABSENT_FALSE_ALARMS, BY_NAME
from ctcb.scoring.score import score
from ctcb.search.greedy import greedy

BLOCK = "adapter"  # of the results file
BATCH = 16  # utterances
SIZES = (1000, 10000)  # entries of the padded lists
ABSENT, DRAWS = 1000, 8  # names that are not spoken, and lists of them
COLUMNS = ("entity_precision", "entity_recall", "entity_f1", "wer", "u_wer")
HEADER = ("set", "list", "entries", *(BY_NAME[name].heading for name in COLUMNS), ABSENT_FALSE_ALARMS.heading, "ms / s of audio",
          "prefilter, % of the network")


class Heard(NamedTuple):
    """A batch and the base model's outputs."""

    utt_ids: List[str]
    encoded: Encoded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--distractors", required=True, action="append", type=Path)
    parser.add_argument("--penalty", "--against", default=[], action="append", metavar="TERM=WEIGHT",
                        help="of ctcb/adapter/penalties.py, instead of its own; --against is its old name")
    parser.add_argument("--results", type=Path, help="put the table into this Markdown file, too")
    options = parser.parse_args()
    model = load_model(options.model)
    weights = {name: float(weight) for name, weight in (one.split("=") for one in options.penalty)}
    penalties = Penalties.of(model.lang, FITTED._replace(**weights))
    pool = list(dict.fromkeys(entity for file in options.distractors for entity in EntityList.read(file).entities))
    random.Random(0).shuffle(pool)
    crossed = EntityList.of(list(made_up([entity.text for entity in pool], SIZES[-1])))
    pool = list(dict.fromkeys([*pool, *crossed.entities]))
    rows: List[Sequence[str]] = []
    for number, folder in enumerate(options.sets):
        measured = measure(model, folder, pool, penalties)
        print("\n".join(markdown(HEADER, measured)[2 if number else 0 : -1]), flush=True)
        rows += measured
    if options.results:
        write_block(options.results, BLOCK, markdown(HEADER, rows)[:-1])


def measure(model: LoadedModel, folder: Path, pool: List[Entity], penalties: Penalties) -> List[Sequence[str]]:
    """The rows of a set."""
    manifest = read_manifest(folder / "manifest.tsv")
    refs = {row.utt_id: row.text for row in manifest}
    seconds, heard, listening = listen(model, manifest)
    own = EntityList.read(folder / "entities.txt")
    spoken = " ".join(["", *refs.values(), ""])
    others = [entity for entity in pool if not any(f" {form} " in spoken for form in entity.spoken_forms)]
    lists: List[Tuple[str, Optional[EntityList]]] = [("none", None), ("its own", own)]
    for size in SIZES:
        names = {entity.text for entity in own.entities}
        more = [entity for entity in others if entity.text not in names][: max(0, size - len(own))]
        lists.append(("and distractors", EntityList.of([*own.entities, *more])))
    rows, plain = [], None
    for name, entities in lists:
        encoded = None if entities is None else encode_list(model, entities.entities)
        hyps, took = decode(model, heard, encoded, penalties)
        plain = plain or hyps
        estimates = score(refs, hyps, own if entities is None else entities, compare=plain, draws=0).estimates
        cells = [percent(estimates[column].value) for column in COLUMNS]
        rows.append((folder.name, name, str(0 if entities is None else len(entities)), *cells, "",
                     f"{1000 * (took + listening) / seconds:.1f}",
                     "" if encoded is None else percent(filtering(model, heard, encoded, listening))))
    return [*rows, alone(model, folder.name, heard, refs, plain, others, penalties)] if others else rows


def alone(
    model: LoadedModel, name: str, heard: Sequence[Heard], refs: Dict[str, str], plain: Dict[str, str], others: List[Entity],
    penalties: Penalties,
) -> Sequence[str]:
    """The row of the lists without spoken names."""
    found = []
    lists = [others[start : start + ABSENT] for start in range(0, min(len(others), DRAWS * ABSENT), ABSENT)]
    for names in lists:
        absent = EntityList.of(names)
        hyps, _ = decode(model, heard, encode_list(model, absent.entities), penalties)
        found.append(score(refs, hyps, absent, compare=plain, draws=0).estimates)

    def mean(column: str) -> float:
        return sum(estimates[column].value for estimates in found) / len(lists)

    alarms = f"{mean('false_alarms_per_thousand_words'):.2f}"
    return (name, "distractors alone", f"{len(lists)} x {len(lists[0])}", "", "", "", percent(mean("wer")), "", alarms, "", "")


def percent(value: Optional[float]) -> str:
    """A share as a cell."""
    return "" if value is None else f"{100 * value:.1f}"


@torch.no_grad()
def listen(model: LoadedModel, manifest: Sequence[ManifestRow]) -> Tuple[float, List[Heard], float]:
    """Seconds of audio, the encoded batches, and the CPU seconds of encoding, without reading."""
    extractor = FeatureExtractor(model.features)
    features = {row.utt_id: extractor(read_audio(row.audio).samples) for row in progress(manifest, "reading", total=len(manifest))}
    order = sorted(features, key=lambda utt_id: len(features[utt_id]))
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    began, heard = time.process_time(), []
    for batch in progress(batches, "encoding", total=len(batches)):
        rows = [features[utt_id] for utt_id in batch]
        heard.append(Heard(batch, model.network.encode(pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows]))))
    return sum(map(len, features.values())) * model.features.frame_shift, heard, time.process_time() - began


@torch.no_grad()
def filtering(model: LoadedModel, heard: Sequence[Heard], encoded: EncodedList, listening: float) -> Optional[float]:
    """The prefilter's share of the network's time; None for lists that are too short for it."""
    if len(encoded.entries) <= MAX_ACTIVE:
        return None
    entries, took = encoded.among(None), 0.0
    for _, batch in heard:
        for row, count in enumerate(batch.lengths.tolist()):
            logits = batch.inter_logits[0] if scores_phones(model) else model.network.head(batch.last)
            log_probs = logits[row, :count].log_softmax(dim=-1).numpy()
            began = time.process_time()
            encoded.likeliest(entries, log_probs, MAX_ACTIVE)
            took += time.process_time() - began
    return took / listening


@torch.no_grad()
def decode(
    model: LoadedModel, heard: Sequence[Heard], encoded: Optional[EncodedList], penalties: Penalties
) -> Tuple[Dict[str, str], float]:
    """Transcripts, and the CPU seconds that the list took."""
    bias = None if encoded is None else EncoderBias(model, encoded, penalties=penalties)
    hyps, took = {}, 0.0
    for utt_ids, batch in heard:
        began = time.process_time()
        emissions: Emissions = model.network.emissions(batch) if bias is None else bias.bias(batch, utt_ids)
        took += time.process_time() - began
        for utt_id, log_probs, count in zip(utt_ids, emissions.subword, emissions.lengths.tolist()):
            hyps[utt_id] = model.lang.tokenizer.decode(greedy(log_probs[:count].numpy()).tokens)
    return hyps, took


if __name__ == "__main__":
    run_script(main, "measure_adapter.py")
