"""Plots of the contextual adapter's attention: names against time, with the decoded words along the axis."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ctcb.errors import RunError
from ctcb.extras import install
from ctcb.io import PathOrStr, atomic_write
from ctcb.transcript.formats import file_name
from ctcb.transcript.transcript import Transcript

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ctcb.adapter.encoder_bias import AttentionMap

MIN_WEIGHT = 0.1  # names whose highest weight in any frame is lower are left out
MAX_NAMES = 20  # of the others, those with the highest weights are shown
LONGEST_NAME = 40  # characters of a name that are shown
MARGIN = 0.5  # seconds that are shown around the frames that attend to a name
NEAR = 0.5  # seconds; stretches that are nearer to each other are one
DPI, MAX_PIXELS = 120, 1600  # of a picture's width
BESIDE, SECOND = 3.5, 0.8  # inches beside the stretches, for names and the scale of colours; and of a second
MAX_SECONDS = (MAX_PIXELS / DPI - BESIDE) / SECOND  # of the stretches of a picture together


class Stretch(NamedTuple):
    """Frames ``first`` to ``end`` (not included), around some that attend to a name."""

    first: int
    end: int


class AttentionPlots:
    """Writes plots ``UTT_ID.png`` and ``UTT_ID.svg`` to a folder."""

    def __init__(self, folder: PathOrStr) -> None:
        """Raises RunError where matplotlib is not installed."""
        try:
            import matplotlib  # noqa: F401 (checked here, before the run begins)
        except ImportError:
            raise RunError(f"--attention-plot needs the package matplotlib; {install('plot')}") from None
        self.folder = Path(folder)
        self.drawn = self.without_attention = self.long = 0
        self._maps: Dict[str, Optional[AttentionMap]] = {}

    def watch(self, utt_id: str, attention: AttentionMap) -> None:
        """Keep an utterance's map until it is drawn; a long recording, which has one for each segment, gets no plot."""
        self._maps[utt_id] = attention if utt_id not in self._maps else None

    def draw(self, transcript: Transcript, frame_shift: float) -> None:
        """Plot an utterance; ``frame_shift`` in seconds. One in which no name has attention, or which has several maps, gets no plot."""
        attention = self._maps.get(transcript.utt_id)
        self.long += transcript.utt_id in self._maps and attention is None
        self._maps.pop(transcript.utt_id, None)
        if attention is None:
            return
        figure = plot_attention(transcript, attention, frame_shift)
        self.without_attention += figure is None
        if figure is None:
            return
        name = file_name(transcript.utt_id)
        for kind in ("png", "svg"):
            with atomic_write(self.folder / f"{name}.{kind}", "wb") as file:
                figure.savefig(file, format=kind, dpi=DPI)
        self.drawn += 1

    @property
    def summary(self) -> str:
        """How many plots there are, and how many utterances have none."""
        said = f"{self.drawn:,} attention plots in {self.folder}"
        said += f"; {self.without_attention:,} utterances in which no name has attention have none" if self.without_attention else ""
        return said + (f"; {self.long:,} recordings longer than the model takes at once have none" if self.long else "")


def attended_rows(attention: AttentionMap) -> Tuple[List[str], np.ndarray]:
    """The names that received attention, in the order of their peaks in time, and their weights, ``[rows, T]``."""
    weights = attention.weights[:, 1:]
    peaks = weights.max(axis=0, initial=0.0)
    chosen = [place for place in np.argsort(-peaks, kind="stable")[:MAX_NAMES] if peaks[place] >= MIN_WEIGHT]
    chosen.sort(key=lambda place: int(weights[:, place].argmax()))
    return [attention.names[place] for place in chosen], weights[:, chosen].T


def attended_stretches(weights: np.ndarray, frame_shift: float, most: float = MAX_SECONDS) -> Tuple[List[Stretch], int]:
    """The stretches in which a row of ``weights`` ``[rows, T]`` has attention, with MARGIN around, in order; and how many are left out.

    Those with the highest weights are taken, so that all are at most ``most`` seconds; the first is cut where it alone is longer.
    """
    frames = np.flatnonzero(weights.max(axis=0, initial=0.0) >= MIN_WEIGHT)
    margin, near = round(MARGIN / frame_shift), NEAR / frame_shift
    found: List[Stretch] = []
    for frame in frames.tolist():
        first, end = max(0, frame - margin), min(weights.shape[1], frame + margin + 1)
        if found and first - found[-1].end < near:
            first = found.pop().first
        found.append(Stretch(first, end))
    shown: List[Stretch] = []
    left = max(1, int(most / frame_shift))
    for stretch in sorted(found, key=lambda one: -weights[:, one.first : one.end].max()):
        if not shown:
            stretch = Stretch(stretch.first, min(stretch.end, stretch.first + left))
        if stretch.end - stretch.first <= left:
            shown.append(stretch)
            left -= stretch.end - stretch.first
    return sorted(shown), len(found) - len(shown)


def plot_attention(transcript: Transcript, attention: AttentionMap, frame_shift: float) -> Optional[Figure]:
    """A matplotlib figure of the stretches of an utterance that attend to names; None where none does. ``frame_shift`` in seconds.

    It is at most MAX_PIXELS wide at DPI.
    """
    from matplotlib import figure as figures  # here: an optional package

    names, weights = attended_rows(attention)
    if not names:
        return None
    stretches, left_out = attended_stretches(weights, frame_shift)
    widths = [(stretch.end - stretch.first) * frame_shift for stretch in stretches]
    size = (min(MAX_PIXELS / DPI, BESIDE + SECOND * sum(widths)), 1.8 + 0.28 * len(names))
    figure = figures.Figure(figsize=size, layout="constrained")
    parts = figure.subplots(1, len(stretches), sharey=True, squeeze=False, width_ratios=widths)[0]
    for axes, stretch in zip(parts, stretches):
        picture = axes.imshow(
            weights[:, stretch.first : stretch.end], aspect="auto", interpolation="nearest", cmap="Blues", vmin=0.0, vmax=1.0,
            extent=(stretch.first * frame_shift, stretch.end * frame_shift, len(names) - 0.5, -0.5),
        )
        _label_words(axes, transcript)
    parts[0].set_yticks(range(len(names)), [_short(name) for name in names])
    figure.supxlabel("seconds", fontsize=9)
    more = f"; {left_out} more stretches are not shown" if left_out else ""
    figure.suptitle(f"{transcript.utt_id}{more}", fontsize=9, x=0.01, ha="left")
    figure.colorbar(picture, ax=parts.tolist(), label="attention", fraction=0.03)
    return figure


def _label_words(axes: Axes, transcript: Transcript) -> None:
    """The words above the stretch that ``axes`` show, and lines where they begin."""
    first, last = axes.get_xlim()
    words = [word for word in transcript.words if first <= (word.start + word.end) / 2 <= last]
    above = axes.secondary_xaxis("top")
    above.set_xticks([(word.start + word.end) / 2 for word in words])
    above.set_xticklabels([word.word for word in words], rotation=45, ha="left", fontsize=8)
    for word in words:
        axes.axvline(max(first, word.start), color="grey", linewidth=0.4, linestyle=":")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
