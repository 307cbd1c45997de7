"""Templates of pages and drawings (``ctcb/report/templates``), in which every value is escaped."""
from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, **values: Any) -> str:
    """The text that a template makes of ``values``; one that it names and is not among them is an error."""
    return _templates().get_template(template).render(**values)


@lru_cache(maxsize=None)
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("ctcb", "report/templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    templates.filters["count"] = "{:,}".format
    templates.filters["number"] = "{:g}".format
    templates.filters["pixel"] = "{:.1f}".format
    return templates
