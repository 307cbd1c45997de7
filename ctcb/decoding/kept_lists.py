"""Long lists that were prepared before, from disk."""
from __future__ import annotations

from functools import cached_property
from typing import Callable, Optional, Tuple

from ctcb.biasing.kept_context import pack_context, setting_facts, unpack_context
from ctcb.biasing.prepared_list import Context
from ctcb.biasing.technique import EncoderTechnique
from ctcb.decoding.pipeline import Pipeline
from ctcb.entities import EntityList, LoadReport
from ctcb.entities.kept import KIND, LONG, digest_of, list_key, pack_report, unpack_report
from ctcb.kept_arrays import KeptArrays


class KeptLists:
    """The lists that a pipeline has prepared, in this process or in others, where they are long."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline, self._kept = pipeline, KeptArrays(KIND)

    @cached_property
    def _facts(self) -> Optional[Tuple[object, ...]]:
        """What decides how a list is prepared; None where that is not known."""
        pipeline, facts = self._pipeline, setting_facts(self._pipeline.setting)
        techniques = [technique.name for technique in pipeline.techniques if not isinstance(technique, EncoderTechnique)]
        return None if facts is None else (*facts, techniques, type(pipeline.search).__name__)

    def _key(self, entities: EntityList) -> Optional[str]:
        if len(entities) < LONG or not self._kept.on or self._facts is None or entities.report is None:
            return None
        lines = [note.line for note in entities.report.notes], entities.report.entries
        return list_key("prepared", digest_of(entities.entities), lines, *self._facts)

    def load(self, entities: EntityList) -> Optional[Tuple[LoadReport, Context]]:
        """A list, prepared, and the load report; None where it was not kept."""
        key = self._key(entities)
        arrays = None if key is None else self._kept.load(key)
        if arrays is None:
            return None
        setting, file = self._pipeline.setting, None if entities.report is None else entities.report.file
        context = Context(entities.entities, entities.lines, file, (), (), setting)
        for technique in self._pipeline.techniques:
            context = technique.prepare(context) if isinstance(technique, EncoderTechnique) else context
        try:
            return unpack_report(arrays["report"], file), unpack_context(arrays, context)
        except (KeyError, ValueError):
            return None

    def prepared(self, entities: EntityList, told: Callable[[LoadReport], object]) -> Context:
        """A list, prepared, now or before; ``told`` is called with the load report. Raises InputError where no entity can be used, behind that."""
        found = self.load(entities)
        if found is not None:
            told(found[0])
            return found[1]
        spelled = self._pipeline.spell(entities)
        told(spelled.report)
        spelled.require()
        context = self._pipeline.prepare(spelled)
        self._save(entities, spelled.report, context)
        return context

    def _save(self, entities: EntityList, report: LoadReport, context: Context) -> None:
        key = self._key(entities)
        arrays = None if key is None else pack_context(context)
        if key is not None and arrays is not None:
            self._kept.save(key, {**arrays, "report": pack_report(report)})
