"""What a list changed in a transcript, and by which technique."""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, Tuple

from rapidfuzz.distance import Levenshtein

from ctcb.transcript.explained import as_explained_name
from ctcb.transcript.hypothesis import FoundEntity, joined
from ctcb.transcript.transcript import Transcript


@dataclass(frozen=True)
class Change:
    """Words that stand in the place of others."""

    before: str  # the words without the list; "" where none stood there
    after: str
    entities: Tuple[FoundEntity, ...]  # the listed names among the new words; () for what changed beside them


def changes(result: Transcript) -> Tuple[Change, ...]:
    """What differs between ``result.before`` and ``result``, in order."""
    old, new = (result.before or "").split(), [word.word for word in result.words]
    blocks: List[List[int]] = []
    for step in Levenshtein.opcodes(old, new):
        if step.tag == "equal":
            continue
        if blocks and (blocks[-1][1], blocks[-1][3]) == (step.src_start, step.dest_start):
            blocks[-1][1], blocks[-1][3] = step.src_end, step.dest_end
        else:
            blocks.append([step.src_start, step.src_end, step.dest_start, step.dest_end])
    return tuple(
        Change(
            " ".join(old[a:b]), " ".join(new[c:d]),
            tuple(found for found in result.entities if found.words[0] < d and c < found.words[1]),
        )
        for a, b, c, d in blocks
    )


def as_explanation(result: Transcript) -> str:
    """What was recognised without the list, what with it, and which technique changed what; for people."""
    if result.before == result.text:
        lines = [result.utt_id, f"  with and without the list: {_or_nothing(result.text)}"]
    else:
        lines = [
            result.utt_id, f"  without the list: {_or_nothing(result.before)}",
            f"  with the list:    {_or_nothing(joined(result.shown))}",
        ]  # fmt: skip
    changed = changes(result)
    for found in result.entities:
        touching = [change for change in changed if found in change.entities]
        if touching:
            was = "in place of " + ", ".join(f"{change.before!r}" if change.before else "nothing" for change in touching)
        else:
            was = "recognised without the list as well"
        why = " + ".join(found.why) or "no technique was needed"
        confidence = "" if found.confidence is None else f"; confidence {_percent(found.confidence)}"
        lines.append(f"    {found.start:.2f} to {found.end:.2f} s: {found.entity}, {was}; {why}, {found.bonus:+.1f}{confidence}")
    for found in result.withdrawn:
        lines.append(f"    {found.start:.2f} to {found.end:.2f} s: {found.entity} withdrawn; confidence {_percent(found.confidence)}")
    for change in changed:
        if not change.entities:
            lines.append(f"    beside the names: {_or_nothing(change.before)!r} became {_or_nothing(change.after)!r}")
    lines += [f"    {line}" for one in result.explained for line in as_explained_name(one)]
    return "\n".join(lines) + "\n"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _or_nothing(text: str) -> str:
    return text or "(nothing)"
