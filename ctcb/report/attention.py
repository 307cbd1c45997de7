"""Plots of the contextual adapter's attention: names against time, with the decoded words along the axis."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

import numpy as np

from ctcb.errors import RunError
from ctcb.extras import install
from ctcb.io import PathOrStr, atomic_write
from ctcb.transcript.formats import file_name
from ctcb.transcript.transcript import Transcript

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ctcb.adapter.encoder_bias import AttentionMap

NO_BIAS = "<no-bias>"
MIN_WEIGHT = 0.1  # names whose highest weight in any frame is lower are left out
MAX_NAMES = 20  # of the others, those with the highest weights are shown


class AttentionPlots:
    """Writes plots ``UTT_ID.png`` and ``UTT_ID.svg`` to a folder."""

    def __init__(self, folder: PathOrStr) -> None:
        """Raises RunError where matplotlib is not installed."""
        try:
            import matplotlib  # noqa: F401 (checked here, before the run begins)
        except ImportError:
            raise RunError(f"--attention-plot needs the package matplotlib; {install('plot')}") from None
        self.folder = Path(folder)
        self._maps: Dict[str, Optional[AttentionMap]] = {}

    def watch(self, utt_id: str, attention: AttentionMap) -> None:
        """Keep an utterance's map until it is drawn; a long recording, which has one for each segment, gets no plot."""
        self._maps[utt_id] = attention if utt_id not in self._maps else None

    def draw(self, transcript: Transcript, frame_shift: float) -> None:
        """Plot an utterance, unless it has no attention map (silence, or no list) or several; ``frame_shift`` in seconds."""
        attention = self._maps.pop(transcript.utt_id, None)
        if attention is None:
            return
        figure = plot_attention(transcript, attention, frame_shift)
        name = file_name(transcript.utt_id)
        for kind in ("png", "svg"):
            with atomic_write(self.folder / f"{name}.{kind}", "wb") as file:
                figure.savefig(file, format=kind, dpi=120)


def attended_rows(attention: AttentionMap) -> Tuple[List[str], np.ndarray]:
    """The names that received attention, in the order of their peaks in time, and `<no-bias>` last.

    Returns the names and their weights, ``[rows, T]``.
    """
    weights = attention.weights[:, 1:]
    peaks = weights.max(axis=0, initial=0.0)
    chosen = [place for place in np.argsort(-peaks, kind="stable")[:MAX_NAMES] if peaks[place] >= MIN_WEIGHT]
    chosen.sort(key=lambda place: int(weights[:, place].argmax()))
    names = [attention.names[place] for place in chosen] + [NO_BIAS]
    return names, attention.weights[:, [*(1 + place for place in chosen), 0]].T


def plot_attention(transcript: Transcript, attention: AttentionMap, frame_shift: float) -> Figure:
    """A matplotlib figure of one utterance's attention; ``frame_shift`` in seconds."""
    from matplotlib import figure as figures  # here: an optional package

    names, weights = attended_rows(attention)
    seconds = weights.shape[1] * frame_shift
    figure = figures.Figure(figsize=(min(30.0, 3.0 + 1.6 * seconds), 1.8 + 0.28 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    picture = axes.imshow(
        weights, aspect="auto", interpolation="nearest", cmap="magma_r", vmin=0.0, vmax=1.0,
        extent=(0.0, seconds, len(names) - 0.5, -0.5),
    )
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("seconds")
    axes.axhline(len(names) - 1.5, color="black", linewidth=0.8)
    above = axes.secondary_xaxis("top")
    above.set_xticks([(word.start + word.end) / 2 for word in transcript.words])
    above.set_xticklabels([word.word for word in transcript.words], rotation=45, ha="left", fontsize=8)
    for word in transcript.words:
        axes.axvline(word.start, color="grey", linewidth=0.4, linestyle=":")
    axes.set_title(transcript.utt_id, fontsize=9, loc="left")
    figure.colorbar(picture, ax=axes, label="attention", fraction=0.03)
    return figure
