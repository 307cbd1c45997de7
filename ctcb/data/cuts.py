"""lhotse's cuts as utterances: their stretch, channel, transforms and speakers."""
from __future__ import annotations

import math
from pathlib import Path
from typing import Any, List, Sequence, Tuple

from ctcb.data.channels import EACH, MIX, Channel, Channels
from ctcb.data.manifest import SAFE_ID
from ctcb.data.transforms import transforms_of
from ctcb.data.utterance import Turn, Utterance, kept_apart
from ctcb.errors import InputError


def read_cuts(path: Path, channel: Channel = MIX) -> List[Utterance]:
    """The utterances of a manifest of cuts (``.jsonl[.gz]``).

    ``channel`` is for cuts of several channels; those of one are of that channel.
    Raises InputError for what is no such manifest, and for cuts that are not of one recording on file, are malformed, of
    another channel than the one that is asked for, or have a transform that cannot be applied.
    """
    from lhotse import CutSet  # here: the other inputs do without it

    from ctcb.data.located import located

    try:
        cuts = list(CutSet.from_file(path))
    except Exception as error:  # lhotse raises whatever its parsers do
        raise InputError(f"not a manifest of lhotse cuts ({type(error).__name__}: {error})", file=path, hint="see `lhotse validate`") from None
    utterances: List[Utterance] = []
    for number, cut in enumerate(cuts, start=1):
        try:
            utterances += _utterances(located(cut, path.parent.resolve()), channel)
        except InputError as error:
            raise InputError(error.problem, file=path, line=number, hint=error.hint) from None
    if not utterances:
        raise InputError("no cut in this file", file=path, hint="name a file of cuts")
    return utterances


def _utterances(cut: Any, channel: Channel) -> List[Utterance]:
    recording: Any = getattr(cut, "recording", None)
    sources = recording.sources if recording is not None else []
    if not sources or any(source.type != "file" for source in sources):
        raise InputError(f"cut {cut.id!r} is not from one audio file", hint="give cuts of single recordings")
    # Slashes are usual in the ids of some corpora.
    if not isinstance(cut.id, str) or not all(map(SAFE_ID.fullmatch, cut.id.split("/"))):
        raise InputError(
            f"the cut's id {cut.id!r} is empty or holds white space, a control character, or a part that begins with a dot", hint="rename it"
        )
    for name, value in (("start", cut.start), ("duration", cut.duration)):
        if not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            raise InputError(f"cut {cut.id!r} has the {name} {value!r}", hint="give seconds")
    for source in sources:
        if not isinstance(source.source, str) or not source.source.isprintable():
            raise InputError(f"cut {cut.id!r} names no file: {source.source!r}", hint="correct its recording")
    try:
        transforms = transforms_of(recording.transforms, recording.sampling_rate)
    except InputError as error:
        raise InputError(f"cut {cut.id!r}: {error.problem}", hint=error.hint) from None
    wanted = _channels(cut, channel)
    found = []
    for of_one in ([number] for number in wanted) if channel == EACH else [wanted]:
        source = _source(cut, sources, of_one)
        channels = Channels(tuple(of_one), tuple(source.channels))
        turns = _turns(cut, of_one)
        speakers = {speaker for _, _, speaker in turns}
        one = Utterance(
            cut.id, Path(source.source), cut.start, cut.duration, speakers.pop() if len(speakers) == 1 else None, channels=channels,
            transforms=transforms, turns=turns,
        )
        found.append(kept_apart(one, of_one[0]) if len(wanted) > 1 and channel == EACH else one)
    return found


def _channels(cut: Any, channel: Channel) -> List[int]:
    """The channels that are to be recognised, one by one or mixed."""
    own = [cut.channel] if isinstance(cut.channel, int) else list(cut.channel)
    if not own or not all(isinstance(number, int) and number >= 0 for number in own):
        raise InputError(f"cut {cut.id!r} has the channel {cut.channel!r}", hint="give a number, counted from 0")
    if channel in (MIX, EACH):
        return own
    if channel not in own:
        has = ", ".join(map(str, own))
        raise InputError(f"cut {cut.id!r} is of channel {has}, and channel {channel} is asked for", hint="leave --channel out, or give other cuts")
    return [int(channel)]


def _source(cut: Any, sources: Sequence[Any], wanted: Sequence[int]) -> Any:
    """The file that holds all of the wanted channels."""
    for source in sources:
        if set(wanted) <= set(source.channels):
            return source
    if len(wanted) == 1:
        raise InputError(f"cut {cut.id!r}: no file of its recording has channel {wanted[0]}", hint="correct its recording")
    raise InputError(f"cut {cut.id!r} is of channels in several files, which are not mixed", hint="give --channel each, or a number")


def _turns(cut: Any, channels: Sequence[int]) -> Tuple[Turn, ...]:
    """Who speaks when on these channels, by the cut's supervisions."""
    return tuple(
        (one.start, one.end, one.speaker) for one in cut.supervisions
        if one.speaker and (set([one.channel] if isinstance(one.channel, int) else one.channel) & set(channels))
    )
