"""Markup in what is scored: dropped from the texts, and counted."""
from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Dict, Mapping, Optional

from ctcb.scoring.transcripts import Transcripts
from ctcb.text.markup import clean, render_dropped

Markup = Mapping[str, Mapping[str, int]]  # references, hypotheses, compared, without -> mark -> how often it was dropped


def without_markup(side: Optional[Mapping[str, str]], name: str, counts: Dict[str, Dict[str, int]]) -> Optional[Mapping[str, str]]:
    """The texts of one side without markup; ``counts[name]`` gets what was dropped, where something was."""
    if side is None:
        return None
    sctk = isinstance(side, Transcripts) and side.alternatives
    cleaned = {utterance: clean(text, sctk) for utterance, text in side.items()}
    dropped = Counter(mark for text in cleaned.values() for mark in text.dropped)
    if dropped:
        counts[name] = dict(dropped.most_common())
    texts = {utterance: text.text for utterance, text in cleaned.items()}
    if texts == side:
        return side
    return replace(side, texts=texts) if isinstance(side, Transcripts) else texts


def render_markup(markup: Markup) -> str:
    """One line for the terminal; empty where nothing was dropped."""
    parts = []
    for name, counts in markup.items():
        number, _, marks = render_dropped(counts).partition(" ")
        parts.append(f"{number} in the {_SIDES[name]} {marks}")
    return f"markup dropped: {'; '.join(parts)}" if parts else ""


_SIDES = {"references": "references", "hypotheses": "transcripts", "compared": "compared transcripts", "without": "transcripts without the list"}
