"""A self-contained HTML page: elements built from escaped text, and the style sheet."""
from __future__ import annotations

from html import escape
from typing import Iterable, List, Optional, Sequence, Tuple

STYLE = """
:root { color-scheme: light dark; --text: #1c2024; --dim: #5b646e; --page: #ffffff; --card: #f4f6f8; --line: #d5dbe1;
  --good: #0b6e3b; --good-back: #d9f2e3; --bad: #a3162a; --bad-back: #fbe0e3; --mark: #1f5fbf; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ec; --dim: #9aa5b1; --page: #14181c; --card: #1e242a; --line: #37404a;
  --good: #7bd8a3; --good-back: #123524; --bad: #ff9aa6; --bad-back: #431a20; --mark: #7fb2ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p, dl { margin: .4rem 0; } .dim { color: var(--dim); } code { font-size: .9em; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { white-space: normal; vertical-align: bottom; } th:first-child, td:first-child { text-align: left; } td.words { white-space: normal; text-align: left; min-width: 14rem; }
.better { color: var(--good); } .worse { color: var(--bad); }
.plot { display: grid; grid-template-columns: fit-content(40%) minmax(4rem, 1fr) max-content; font-size: .9rem; gap: .2rem .8rem; align-items: center; }
.axis { position: relative; height: 1.5rem; background: var(--card); border-radius: 3px; }
.axis i { position: absolute; top: 50%; height: 2px; margin-top: -1px; background: var(--mark); }
.axis b { position: absolute; top: 50%; width: 10px; height: 10px; margin: -5px 0 0 -5px; border-radius: 5px; background: var(--mark); }
.axis span { position: absolute; font-size: .75rem; color: var(--dim); top: .15rem; }
article { background: var(--card); border-radius: 6px; padding: .7rem .9rem; margin: .7rem 0; }
dl.texts { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; } dt { color: var(--dim); } dd { margin: 0; }
mark { background: var(--bad-back); color: inherit; border-radius: 2px; padding: 0 .15em; }
mark.name { background: var(--good-back); } audio { width: 100%; max-width: 30rem; margin-top: .4rem; }
@media (max-width: 40rem) { th, td { padding: .2rem .4rem; font-size: .85rem; } }
img { max-width: 100%; height: auto; background: #ffffff; border-radius: 4px; }
""".strip()


def page(title: str, parts: Iterable[str]) -> str:
    """A whole HTML document, which loads nothing from outside; ``parts`` are HTML."""
    # The policy enforces that: no scripts, no addresses, only data in the file itself.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"
    return "\n".join([
        "<!DOCTYPE html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">', f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>", "</head>", "<body>", *parts, "</body>", "</html>", "",
    ])  # fmt: skip


def section(title: str, *parts: str) -> str:
    """A heading and the HTML ``parts`` below it."""
    return "\n".join([f"<section><h2>{escape(title)}</h2>", *parts, "</section>"])


def paragraph(text: str, dim: bool = False) -> str:
    """A paragraph of plain text, in a paler colour if ``dim``."""
    return f'<p{" class=dim" if dim else ""}>{escape(text)}</p>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, scrollable where it is too wide; the cells of ``rows`` are HTML, those of ``header`` plain text."""
    lines: List[str] = ["<div class=wide><table>", "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in header) + "</tr>"]
    lines += ["<tr>" + "".join(cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join([*lines, "</table></div>"])


def intervals(rows: Iterable[Tuple[str, Optional[float], Optional[float], Optional[float]]], unit: str) -> str:
    """A plot of values with their intervals on a common axis; rows of (name, value, low, high)."""
    rows = [row for row in rows if row[1] is not None]
    top = max([edge for _, value, _, high in rows for edge in (value, high) if edge is not None], default=0.0) or 1.0
    lines = ["<div class=plot>"]
    for name, value, low, high in rows:
        bar = ""
        if low is not None and high is not None:
            bar = f'<i style="left:{_share(low, top)};width:{96 * (high - low) / top:.2f}%"></i>'
        label = f"{value:.1f}" + ("" if low is None or high is None else f" ({low:.1f} to {high:.1f})")
        lines.append(
            f'<div>{escape(name)}</div><div class=axis title="{escape(label)} {escape(unit)}">{bar}'
            f'<b style="left:{_share(value, top)}"></b></div><div class=dim>{escape(label)}</div>'
        )
    lines.append(
        f'<div class=dim>{escape(unit)}</div><div class=axis><span style="left:.2rem">0</span>'
        f'<span style="right:.2rem">{top:.1f}</span></div><div></div></div>'
    )
    return "\n".join(lines)


def _share(value: float, top: float) -> str:
    # A margin at either end, so that dots on the edges are not cut off.
    return f"{2 + 96 * max(0.0, value) / top:.2f}%"
