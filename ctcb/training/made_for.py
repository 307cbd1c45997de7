"""What a training folder was made for: kept in its checkpoint, and compared before a run goes on in the folder.

A checkpoint's weights, its place in an epoch and its learning rate mean something only with the tokens, the pronunciations,
the model, the data and the options that they were made with.
"""
from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

from lhotse import CutSet

from ctcb.data.content import content_digest
from ctcb.errors import InputError
from ctcb.io import PathOrStr, digest, only_run
from ctcb.models.weights import read_metadata
from ctcb.progress import progress
from ctcb.text.lang import LEXICON_FILE, PHONES_FILE
from ctcb.text.language import LANGUAGE_FILE
from ctcb.text.tokenizer import MODEL_FILE, TOKENS_FILE
from ctcb.training import checkpoint
from ctcb.training.config import TrainConfig
from ctcb.training.log import LOG
from ctcb.training.processes import rank_and_size

CHECKPOINT = "checkpoint.safetensors"
# Options of a training that may change while it goes on: none of them reaches the weights.
FREE = ("checkpoint_minutes", "average", "dev_utterances", "workers")
EPOCHS = "train.epochs"  # may be raised, which extends a run
INIT = "init"  # counts where one is named
DIGEST = "sha256:"
NONE = "none"

MEANING = re.compile(r"(tokens|phones|base|model|adapter)(\..*)?")  # names of what weights mean something with

Description = Dict[str, str]  # name -> value in words, or DIGEST and a digest


def values_of(name: str, options: Any) -> Description:
    """The fields of a dataclass, those of its own dataclasses among them, as ``name.field``."""
    found: Description = {}
    for field in dataclasses.fields(options):
        value, key = getattr(options, field.name), f"{name}.{field.name}"
        if dataclasses.is_dataclass(value):
            found.update({key: "a section", **values_of(key, value)})
        else:
            found[key] = NONE if value is None else json.dumps(value, default=dataclasses.asdict)
    return found


def of_training(config: TrainConfig) -> Description:
    """The options on which a run's weights and its schedule rest, and how many processes share the batches."""
    free = {f"train.{name}" for name in FREE}
    options = {name: value for name, value in values_of("train", config.spelled_out()).items() if name not in free}
    return {**options, "processes": str(rank_and_size()[1])}


def of_modes(**modes: bool) -> Description:
    """Ways to train on which the batches rest."""
    return {name: "on" if chosen else "off" for name, chosen in modes.items()}


def of_init(file: Optional[Path]) -> Description:
    """The weights that the run is to begin with, if any."""
    return {INIT: NONE if file is None else DIGEST + digest(file)}


def digests_of_lang(folder: PathOrStr) -> Description:
    """What a model's targets rest on."""
    folder = Path(folder)
    parts = {"tokens": (MODEL_FILE, TOKENS_FILE), "phones": (PHONES_FILE,), "lexicon": (LEXICON_FILE,), "language": (LANGUAGE_FILE,)}
    return {
        name: DIGEST + " ".join(digest(folder / file) if (folder / file).exists() else NONE for file in files) for name, files in parts.items()
    }


def of_data(cuts: CutSet) -> Description:
    """The training data: ids, durations, texts and features, in their order."""
    return {"data": DIGEST + content_digest(progress(cuts, "checking data"))}


def by_all_processes(recorded: Description) -> Description:
    """What an older version recorded, which counted `batch_seconds` a process."""
    if "train.batch_seconds" not in recorded or "train.accumulate" in recorded:
        return recorded
    seconds = json.loads(recorded["train.batch_seconds"]) * json.loads(recorded["processes"])
    return {**recorded, "train.batch_seconds": json.dumps(seconds)}


def differences(recorded: Description, now: Description) -> List[str]:
    """What ``now`` has otherwise than ``recorded``, in words. What only one of them knows counts as the same."""
    recorded = by_all_processes(recorded)
    found = []
    for name, value in now.items():
        before = recorded.get(name, value)
        if value == before or (name == INIT and value == NONE):
            continue
        if name == EPOCHS and json.loads(value) > json.loads(before):
            continue
        digests = value.startswith(DIGEST) or before.startswith(DIGEST)
        found.append(f"other {name}" if digests else f"{name} {value} (it was {before})")
    return found


def meaning(weights: Path) -> Description:
    """What the weights of an epoch belong with; nothing where an older version wrote them."""
    recorded = json.loads(read_metadata(weights).get("made_for", "{}"))
    return {name: value for name, value in recorded.items() if MEANING.fullmatch(name)}


def alike(files: Sequence[Path]) -> List[Path]:
    """The last of a run's epochs, as far back as they belong with the same as the newest: others are not averaged with it."""
    newest = meaning(files[-1])
    count = next((n for n, file in enumerate(reversed(files)) if differences(meaning(file), newest)), len(files))
    return list(files[len(files) - count :])


def require_paired(weights: Path, beside: Description) -> None:
    """Raise InputError where the files ``beside`` a run's weights are not those that they were trained with."""
    found = differences(meaning(weights), beside)
    if found:
        raise InputError(
            f"these weights were trained with something else than what stands beside them: {', '.join(found)}", file=weights,
            hint="run the training's command again, which puts the right files there, or copy them back",
        )


@dataclass(frozen=True)
class TrainingFolder:
    """A folder, and what the run that wants to write there is for."""

    out: Path
    made_for: Description
    accept: bool = False  # go on although something changed
    init: bool = False  # whether the command can begin with another run's weights
    say: Callable[[str], None] = print

    def require_soon(self) -> None:
        """:meth:`require` ahead of what takes long. Raises RunError where another run is writing there."""
        if self.out.exists():
            with only_run(self.out):
                dataclasses.replace(self, say=lambda line: None).require()

    def require(self) -> bool:
        """Whether something changed and that was accepted. To be called under the folder's lock, before anything is written.

        Raises InputError for what changed, and for files of a run whose checkpoint is gone.
        """
        path = self.out / CHECKPOINT
        if not path.exists():
            require_empty(self.out)
            return False
        recorded = checkpoint.made_for(path)
        if recorded is None:
            self.say(f"ctcb: warning: {path} does not say what it was made for (an older version wrote it); whether all is as it was is not checked")
            return False
        found = differences(recorded, self.made_for)
        if not found:
            return False
        if not self.accept:
            weights = f" (with --init {self.out} it begins with these weights)" if self.init and any(self.out.glob("epoch-*.safetensors")) else ""
            raise InputError(
                f"this run was made with something else: {', '.join(found)}", file=path,
                hint=f"go on with what it was made with, give another --out{weights}, or --accept-changes to go on all the same",
            )
        self.say(f"ctcb: warning: {path}: goes on with {', '.join(found)}; the epoch under way begins anew")
        return True


def require_empty(out: Path) -> None:
    """Raise InputError where a folder without a checkpoint holds what a run left: it would be mixed with the new run's."""
    left = sorted(file.name for pattern in ("epoch-*.safetensors", LOG) for file in out.glob(pattern))
    if left:
        names = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
        raise InputError(
            f"holds {names} of an earlier run, and no {CHECKPOINT}", file=out,
            hint="move or remove these files (epoch-*.safetensors and log.jsonl) to begin anew, or give another --out",
        )
