"""Character references of HTML and XML in transcripts: ``don&#39;t``, ``R&amp;D``, ``&quot;yes&quot;``, ``&nbsp;``.

Transcripts that were taken from web pages, subtitles or Moses' tokeniser hold them. A name counts only with its
semicolon, since ``R&D`` and ``AT&T`` are words; the five of XML and ``&nbsp`` also without one, where no letter follows.
What was escaped twice (``&amp;#39;``) is decoded twice.
"""
from __future__ import annotations

import html
import re
from html.entities import html5

_REFERENCE = re.compile(
    r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6}(?:;|(?![0-9a-zA-Z]))|[A-Za-z][A-Za-z0-9]{1,31};|(?:amp|lt|gt|quot|apos|nbsp)(?![A-Za-z0-9=;]))"
)
_TIMES_ESCAPED = 3  # at most


def decode_entities(text: str) -> str:
    """``text`` with its character references decoded; unknown names stay."""
    for _ in range(_TIMES_ESCAPED):
        if "&" not in text:
            break
        decoded = _REFERENCE.sub(lambda found: _character(found[0]), text)
        if decoded == text:
            break
        text = decoded
    return text


def _character(reference: str) -> str:
    if reference[1] == "#":
        return html.unescape(reference)
    name = reference[1:].rstrip(";") + ";"
    return html5.get(name) or html5.get(name.lower()) or reference
