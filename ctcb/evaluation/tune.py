"""The search for settings, by Optuna's tree-structured Parzen estimator (Bergstra et al., 2011)."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.biasing.presets import Preset
from ctcb.errors import RunError
from ctcb.evaluation.objective import Bounds, Measured, value
from ctcb.extras import install
from ctcb.io import PathOrStr
from ctcb.options import Option
from ctcb.progress import progress

BEST = 0.1  # share of the trials among whose settings the middle is sought,
FEWEST = 5  # and at least so many
# By how much the middle may be worse than the best trial and still be taken: less than the values differ between
# the halves of the dev sets.
SLACK = 0.02


@dataclass(frozen=True)
class Trial:
    """Settings that were tried."""

    number: int
    values: Dict[str, float]
    value: float


@dataclass(frozen=True)
class Found:
    """What a search came to."""

    trials: Tuple[Trial, ...]  # best first
    preset: Preset
    middle: bool  # whether it is the middle of the best trials, and not the very best one
    measured: Tuple[Measured, ...]  # with it, on the data of the search


def search(
    preset: Preset, space: Sequence[Option], measure: Callable[[Preset], Sequence[Measured]], bounds: Bounds, trials: int,
    seed: int = 0, study_file: Optional[PathOrStr] = None, about: str = "",
) -> Found:
    """Look for the values of ``space`` that are best; the first trial is what ``preset`` has.

    Taken is the middle of the best tenth where it is no worse than the best trial by more than SLACK: the best
    of many trials is partly luck, the middle of the best is not.

    Parameters
    ----------
    trials : in all, those in ``study_file`` included; a search that was stopped goes on from there.
    about : what else the measures depend on (data, model): trials about something else are left alone.

    Raises RunError where Optuna is missing.
    """
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError:
        raise RunError(f"tuning needs the package optuna; {install('tune')}") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = None
    if study_file is not None:
        Path(study_file).parent.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(study_file)))
    name = hashlib.sha256(repr((replace(preset, tuned_on=None), tuple(space), bounds, seed, about)).encode()).hexdigest()[:16]
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True, direction="maximize")
    done = sum(trial.state.is_finished() for trial in study.trials)
    # Another stream of random numbers than the trials before a stop had.
    study.sampler = optuna.samplers.TPESampler(seed=seed + done, n_startup_trials=min(20, max(5, trials // 4)), multivariate=True)
    if not study.trials:
        study.enqueue_trial({one.name: min(one.tuned[1], max(one.tuned[0], float(preset.value(one.name)))) for one in space})

    def objective(trial: optuna.Trial) -> float:
        values = {one.name: round(trial.suggest_float(one.name, *one.tuned), 3) for one in space}
        return value(measure(preset.with_settings(values)), bounds)

    for _ in progress(range(max(0, trials - done)), "tuning", total=max(0, trials - done)):
        study.optimize(objective, n_trials=1)
    tried = [
        Trial(trial.number, {key: round(number, 3) for key, number in trial.params.items()}, trial.value)
        for trial in study.trials if trial.value is not None
    ]
    tried.sort(key=lambda trial: (-trial.value, trial.number))
    middle = _middle(tried)
    found = preset.with_settings(middle)
    measured = measure(found)
    taken = value(measured, bounds) >= tried[0].value - SLACK
    if not taken:
        found = preset.with_settings(tried[0].values)
        measured = measure(found)
    return Found(tuple(tried), found, taken, tuple(measured))


def _middle(tried: List[Trial]) -> Dict[str, float]:
    """The median of each value among the best trials."""
    best = tried[: max(FEWEST, round(BEST * len(tried)))]
    return {name: round(float(np.median([trial.values[name] for trial in best])), 3) for name in best[0].values}
