"""The lists of a scoring: each utterance's entities and rare words, as units."""
from __future__ import annotations

from typing import AbstractSet, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from ctcb.entities import Entity
from ctcb.entities.lists import entries_of
from ctcb.scoring.entities import EntityMatcher, Occurrence
from ctcb.scoring.readings import forms_of, text_of
from ctcb.scoring.tables import require_all
from ctcb.scoring.text import units_of
from ctcb.text.possessives import has_possessives
from ctcb.text.scripts import is_unspaced

Entities = Iterable[Union[str, Entity]]
Units = Tuple[str, ...]
Flags = List[bool]


class Listed:
    """Each utterance's entities and rare words, made comparable once."""

    def __init__(
        self,
        refs: Mapping[str, str],
        comparable: Callable[[str], str],
        language: Optional[str] = None,
        entities: Optional[Entities] = None,
        per_utt: Optional[Mapping[str, Entities]] = None,
        rare_words: Optional[Mapping[str, AbstractSet[str]]] = None,
    ) -> None:
        """The parameters are those of :func:`ctcb.scoring.score.score`. Raises InputError for an utterance without its own list."""
        self._comparable, self._language = comparable, language
        self.matchers: Dict[str, EntityMatcher] = {}
        self._named: Dict[str, Units] = {}
        if entities is not None:
            self.matchers = dict.fromkeys(refs, self._matcher(entities))
        elif per_utt is not None:
            require_all(per_utt, refs, "list of entities")
            self.matchers = {utterance: self._matcher(per_utt[utterance]) for utterance in refs}
        # Names with the same words count as one.
        self.listed = len(set(self._named.values()) - {()}) if self.matchers else None
        self.unscorable = tuple(name for name, units in self._named.items() if not units)
        self._rare: Optional[Dict[str, Tuple[AbstractSet[str], EntityMatcher]]] = None
        if rare_words is not None:
            require_all(rare_words, refs, "rare words")
            self._rare = {utterance: self._rare_words(rare_words[utterance]) for utterance in refs}
        self.has_rare_words = self._rare is not None or bool(self.matchers)

    def rare_places(
        self, utterance: str, ref: Units, hyp: Units, in_ref: Sequence[Occurrence], in_hyp: Sequence[Occurrence]
    ) -> Tuple[Flags, Flags]:
        """Which units of an utterance's reference and hypothesis are rare, where these entities occur in them.

        A word is rare if it is one of the utterance's rare words, wherever it stands (is21's rule). A character of a script
        without spaces is rare where it stands in one of them.
        """
        if self._rare is not None:
            words, matcher = self._rare[utterance]
            in_ref, in_hyp = matcher.occurrences(ref), matcher.occurrences(hyp)
        else:
            words = {unit for found in in_ref for unit in ref[found.start : found.end]}
            spoken = {found.entity for found in in_ref}
            in_hyp = [found for found in in_hyp if found.entity in spoken]
        return _flags(ref, words, in_ref), _flags(hyp, words, in_hyp)

    def _matcher(self, entries: Entities) -> EntityMatcher:
        names: Dict[str, Units] = {}
        others: List[Tuple[str, Units]] = []
        for entry in entries_of(entries):
            if isinstance(entry, Entity) and entry.weight < 0:  # to be pushed away, not found
                continue
            name, *spoken = entry.surface_forms if isinstance(entry, Entity) else (entry,)
            forms = [form for text in (name, *spoken) for form in self._forms(text)]
            names[name] = forms[0] if forms else ()
            others += [(name, form) for form in forms[1:]]
        self._named.update(names)
        # An entity's own spelling takes precedence over another entity's spoken form or reading.
        return EntityMatcher([*names.items(), *others], possessives=has_possessives(self._language))

    def _forms(self, text: str) -> List[Units]:
        """The readings of a name or rare word."""
        read = text_of(text, self._language)
        return list(map(units_of, forms_of(read, self._comparable) if read.places else filter(None, [self._comparable(text)])))

    def _rare_words(self, given: AbstractSet[str]) -> Tuple[AbstractSet[str], EntityMatcher]:
        forms = [form for word in given for form in self._forms(word)]
        unspaced = [form for form in forms if any(map(is_unspaced, form))]
        return frozenset(unit for form in forms for unit in form), EntityMatcher(("", form) for form in unspaced)


def _flags(units: Units, words: AbstractSet[str], occurrences: Sequence[Occurrence]) -> Flags:
    inside = {place for found in occurrences for place in range(found.start, found.end)}
    return [place in inside if is_unspaced(unit) else unit in words for place, unit in enumerate(units)]
