"""What the two doors from Python share: lists of any kind as contexts, and transcripts one by one."""
from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Callable, Iterable, Iterator, Mapping, Optional, Union

from ctcb.data.utterance import Utterance
from ctcb.decoding.list_cache import Entities, ListCache
from ctcb.decoding.list_preparation import Contexts
from ctcb.decoding.pipeline import Pipeline
from ctcb.entities import Entity
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import CtcbError
from ctcb.transcript.transcript import Decoded, Transcript

# Called with an utterance's id and its error. None: errors are raised.
OnError = Optional[Callable[[str, CtcbError], None]]


# A list for all utterances, or one for each: a mapping whose values are no weights has an utterance's list under its id.
Lists = Union[Entities, EntitiesPerUtt, Mapping[str, Iterable[Union[str, Entity]]]]


def contexts_of(pipeline: Pipeline, lists: ListCache, entities: Lists) -> Contexts:
    """The list of each utterance: the same for all, or its own. Raises InputError where no entity can be used."""
    if isinstance(entities, Mapping) and not all(isinstance(value, Real) for value in entities.values()):
        entities = EntitiesPerUtt.of_lists(entities)
    if isinstance(entities, EntitiesPerUtt):
        return pipeline.prepare_each(pipeline.spell(entities.entities), entities)
    return Contexts.alike(lists(entities))


def transcripts(decoded: Iterable[Decoded], on_error: OnError) -> Iterator[Transcript]:
    """The transcripts; an error is raised in its turn, or handed to ``on_error``."""
    for one in decoded:
        if one.error is None:
            yield one.transcript
        elif on_error is None:
            raise one.error
        else:
            on_error(one.utt_id, one.error)


def described(decoded: Iterable[Decoded], utterances: Mapping[str, Utterance]) -> Iterator[Decoded]:
    """Transcripts with the channel and the speaker of their utterances, which stand under their ids."""
    for one in decoded:
        utterance = utterances.get(one.utt_id)
        if utterance is None or one.transcript is None:
            yield one
        else:
            yield replace(one, transcript=of_utterance(one.transcript, utterance))


def of_utterance(found: Transcript, utterance: Utterance) -> Transcript:
    """A transcript with the channel and the speaker of its utterance, and of its segments."""
    segments = tuple(replace(one, speaker=utterance.speaker_of(one.start, one.end)) for one in found.segments)
    return replace(
        found, segments=segments, channel=utterance.channels.single, speaker=utterance.speaker, recording=utterance.recording
    )
