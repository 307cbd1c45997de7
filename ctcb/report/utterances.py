"""The utterances that a report shows: those that the list changed, and those whose names are still wrong."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ctcb.progress import progress
from ctcb.report.changed import Changed, changed, wrong_words
from ctcb.report.media import Clip, Clips, Pictures
from ctcb.report.moments import Moment, differing, moments, timed_words
from ctcb.scoring.misses import Span
from ctcb.scoring.render import NOTHING
from ctcb.scoring.report import ScoreReport, UtteranceScore
from ctcb.scoring.text import characters_of
from ctcb.text.scripts import is_unspaced
from ctcb.transcript.explained import RECOGNISED, ExplainedName, as_explained_name

WRONG, NAME = "wrong", "name"  # kinds of words
MAX_SHOWN = 200  # utterances of a section
MAX_CLIPS = 3  # of an utterance


class Missed(NamedTuple):
    """A name that was spoken and not recognised."""

    name: str
    instead: str  # what was recognised
    reasons: Sequence[str]  # of `ctcb decode --explain-name`; () where it was not asked for


class Piece(NamedTuple):
    """A unit of a text, with the space before it where there is one."""

    space: str
    text: str
    kind: str  # WRONG, NAME or ""


@dataclass(frozen=True)
class Article:
    """An utterance of the report."""

    id: str
    reference: str
    without: Optional[Sequence[Piece]]  # None where nothing is compared, or both are equal
    recognised: Sequence[Piece]
    names: Optional[int]  # the gain in names; None where nothing is compared
    errors: Optional[int]  # the increase in word errors
    missed: Sequence[Missed]
    false: Sequence[str]  # names that were not spoken
    why: str  # which technique supported which name
    clips: Sequence[Clip]
    more_moments: int  # that have no clip, because there are so many
    picture: Optional[str]  # the address of the attention plot


@dataclass(frozen=True)
class Listing:
    """Some utterances of a section, and how many there are."""

    articles: Sequence[Article]
    total: int
    better: int = 0  # that have more correct names with the list
    worse: int = 0

    @property
    def unexplained(self) -> bool:
        """Whether a name that was missed has no reasons."""
        return any(not missed.reasons for article in self.articles for missed in article.missed)

    @property
    def left_out(self) -> int:
        """The number of utterances that are not shown."""
        return self.total - len(self.articles)


class Articles:
    """Makes articles of scored utterances."""

    def __init__(
        self, rows: Mapping[str, Mapping[str, Any]], seconds: Mapping[str, float], comparable: Callable[[str], str], clips: Clips, pictures: Pictures
    ) -> None:
        """``rows``: utterance id -> its line of ``hyps.jsonl``; ``seconds``: utterance id -> duration; ``comparable`` makes texts comparable.

        Raises TypeError for rows whose ``explained`` is malformed.
        """
        self._explained = {utt_id: tuple(map(ExplainedName.from_dict, row.get("explained", ()))) for utt_id, row in rows.items()}
        self._rows, self._seconds, self._comparable = rows, seconds, comparable
        self._clips, self._pictures = clips, pictures

    def listings(self, before: Optional[ScoreReport], after: ScoreReport) -> Tuple[Optional[Listing], Listing]:
        """The utterances that the list changed, those with a loss of names first; and of the others those with missed or false names.

        Without transcripts ``before`` the list, the first is None and the second of all utterances.
        """
        pairs = [] if before is None else changed(before, after)
        differ = {pair.after.id for pair in pairs}
        wrong = [one for one in after.utterances if one.id not in differ and one.entities is not None and (one.entities.missed or one.entities.false)]
        articles = [self._of_change(pair) for pair in progress(pairs[:MAX_SHOWN], "what changed")]
        listing = Listing(articles, len(pairs), sum(pair.names > 0 for pair in pairs), sum(pair.names < 0 for pair in pairs))
        rest = [self._article(one, None, _name_spans(one)) for one in progress(wrong[:MAX_SHOWN], "names that are wrong")]
        return None if before is None else listing, Listing(rest, len(wrong))

    def _of_change(self, change: Changed) -> Article:
        return self._article(change.after, change, differing(change.before.shown.hyp, change.after.shown.hyp))

    def _article(self, score: UtteranceScore, change: Optional[Changed], spans: Sequence[Span]) -> Article:
        found = self._moments(score, spans)
        return Article(
            score.id, characters_of(" ".join(score.shown.ref)), None if change is None else pieces(change.before), pieces(score),
            None if change is None else change.names, None if change is None else change.errors,
            self._missed(score), score.entities.false if score.entities is not None else (),
            self._why(score.id), self._clips.of(score.id, found[:MAX_CLIPS]), len(found[MAX_CLIPS:]), None if change is None else self._pictures.of(score.id),
        )  # fmt: skip

    def _missed(self, score: UtteranceScore) -> List[Missed]:
        explained = [one for one in self._explained.get(score.id, ()) if one.outcome != RECOGNISED]
        reasons: Dict[str, List[str]] = {}
        for one in explained:
            first, *others = as_explained_name(one)
            reasons.setdefault(self._comparable(one.entity), []).extend([first[len(one.entity) + 2 :].removeprefix("missed; "), *map(str.strip, others)])
        return [Missed(miss.entity, miss.recognised or NOTHING, reasons.get(self._comparable(miss.entity), ())) for miss in score.misses]

    def _moments(self, score: UtteranceScore, spans: Sequence[Span]) -> Tuple[Moment, ...]:
        words = timed_words(self._rows.get(score.id, {}))
        return moments(spans, score.shown.hyp, words, self._comparable, self._seconds.get(score.id))

    def _why(self, utt_id: str) -> str:
        """Which techniques supported which name."""
        found = self._rows.get(utt_id, {}).get("entities", ())
        return "; ".join(f"{entity['entity']}: {' + '.join(entity['why']) or 'no technique'}" for entity in found)


def pieces(score: UtteranceScore) -> List[Piece]:
    """A hypothesis with its wrong words and its correct listed names marked."""
    wrong = set(wrong_words(score))
    found = set(score.entities.found) if score.entities is not None else set()
    right = {place for name in score.names if name.entity in found for place in range(name.start, name.end)}
    units = score.shown.hyp
    return [
        # No space stands between characters of scripts without spaces.
        Piece(" " if place and not (is_unspaced(unit) and is_unspaced(units[place - 1])) else "", unit,
              WRONG if place in wrong else NAME if place in right else "")
        for place, unit in enumerate(units)
    ]  # fmt: skip


def _name_spans(score: UtteranceScore) -> List[Span]:
    """Where names are missed, and where false ones stand, in the hypothesis's units."""
    false = set(score.entities.false) if score.entities is not None else set()
    return sorted({*(miss.hyp for miss in score.misses), *((name.start, name.end) for name in score.names if name.entity in false)})
