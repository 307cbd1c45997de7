"""List formats of other toolkits, and the warning if a plain list looks like one of them."""
from __future__ import annotations

import re

import pytest

from ctcb.entities import FORMATS, Entity


@pytest.mark.parametrize(
    "format, line, entity, note",
    [
        ("sherpa", "HELLO WORLD :2.0", Entity("HELLO WORLD", 2.0), None),
        ("sherpa", "HELLO WORLD", Entity("HELLO WORLD"), None),
        ("sherpa", "ratio 3:2", Entity("ratio 3:2"), None),
        ("sherpa", "▁HE LL O ▁WORLD :1.5", Entity("HELLO WORLD", 1.5), "changed"),
        ("sherpa", "▁HE LL O :1.5 #0.6 @HELLO", Entity("HELLO", 1.5), "changed"),
        ("sherpa", "hello :0", None, "rejected"),
        ("sherpa", "hello :loud", None, "rejected"),
        ("sherpa", ":2.0", None, "rejected"),
        ("nemo", "gpu_g p u_gee  pee you", Entity("gpu", aliases=("g p u", "gee pee you")), None),
        ("nemo", "nvidia_nvidia", Entity("nvidia"), None),
        ("nemo", "nvidia", Entity("nvidia"), None),
        ("nemo", "_nvidia", None, "rejected"),
        ("nemo-score", "nvidia\t2.5", Entity("nvidia", 2.5), None),
        ("nemo-score", "new york\t 3 ", Entity("new york", 3.0), None),
        ("nemo-score", "nvidia", Entity("nvidia"), "changed"),
        ("nemo-score", "badword\t-100", Entity("badword", -100.0), None),
        ("nemo-score", "nvidia\t0", None, "rejected"),
        ("nemo-score", "nvidia\tfast", None, "rejected"),
        ("nemo-score", "nvidia\t1\t2", None, "rejected"),
        ("nemo-score", "\t1", None, "rejected"),
        ("funasr", "阿里巴巴 20", Entity("阿里巴巴", 1.0), None),
        ("funasr", "Marta  Novak 10", Entity("Marta Novak", 0.5), None),
        ("funasr", "Новосибирск\t40", Entity("Новосибирск", 2.0), None),
        ("funasr", "Boeing 737 20", Entity("Boeing 737", 1.0), None),
        ("funasr", "Brixby -3", Entity("Brixby", -3.0), None),
        ("funasr", "Brixby", Entity("Brixby"), "changed"),
        ("funasr", "Brixby 0", None, "rejected"),
    ],
)
def test_lines_of_other_formats(load, format, line, entity, note):
    entities = load(f"# a comment\n\n{line}\n", format)
    assert list(entities) == ([entity] if entity else [])
    assert {n.outcome for n in entities.report.notes if "not in Latin letters" not in n.reason} == ({note} if note else set())
    assert all(n.line == 3 for n in entities.report.notes)
    assert (entities.report.format, entities.report.warnings) == (format, ())


@pytest.mark.parametrize(
    "content, warning",
    [
        ("Ann\nBob Lee :2.0\nEve :1.5\n", "2 of 3 lines look like 'phrase :2.0'.*--entities-format sherpa"),
        ("gpu_g p u\nnvlink_nv link\nann\n", "2 of 3 lines look like 'word_spelling'.*--entities-format nemo"),
        ("ann\t2.0\nbob\n", "1 of 2 lines look like 'word<TAB>2.0'.*--entities-format nemo-score"),
        ("badword\t-100\n", "1 of 1 lines look like 'word<TAB>2.0'.*--entities-format nemo-score"),
        ("阿里巴巴 20\n李明 15\n", "2 of 2 lines look like 'phrase 20'.*--entities-format funasr"),
        ("Łódź 20\nСидоров 7.5\nann\n", "2 of 3 lines look like 'phrase 20'.*--entities-format funasr"),
        ("Müller, Schön, Jean-Pierre Léaud\n", "1 of 1 lines look like 'name, name'.*--entities-format comma"),
        ("张三，李明、王五\n", "1 of 1 lines look like 'name, name'.*--entities-format comma"),
        ("Сидоров; Анна Новак\nann\n", "1 of 2 lines look like 'name, name'.*--entities-format comma"),
        ("Brixby,15\nMüller,2.5\n", "2 of 2 lines look like 'name,weight'.*--entities-format csv"),
        ("Brixby;15;x\n", "1 of 1 lines look like 'name,weight'.*--entities-format csv"),
        ('"Acme, Inc.",2\n"Novak, Marta",3\n', "2 of 2 lines look like 'name,weight'.*--entities-format csv"),
        ("phrase,weight\nBrixby,high\n", "it looks like a table with the header 'phrase,weight' but was read.*--entities-format csv"),
        ("First Name\tLast Name\nMarta\tNovak\n", "it looks like a table with the header.*--entities-format csv"),
        ('["Brixby",\n"Ann"]\n', "it looks like JSON but was read.*--entities-format json"),
        ('{\n "phrases": []}\n', "it looks like JSON but was read.*--entities-format json"),
        ('{"text": "Brixby"}\n{"text": "Ann"}\n', "it looks like JSON but was read.*--entities-format json"),
        ("BEGIN:VCARD\nVERSION:3.0\nFN:Ann Lee\nEND:VCARD\n", "it looks like an address book.*--entities-format vcard"),
    ],
)
def test_plain_list_like_another_format_warns_once(load, content, warning):
    entities = load(content, "plain")
    assert entities.report.entries == content.count("\n")  # read as plain, never guessed
    (found,) = entities.report.warnings
    assert re.match(warning, found)
    assert entities.report.render().count("\n  warning: ") == 1 and entities.report.eventful


@pytest.mark.parametrize("content", ["Alien: Covenant\n", "Mission: 2\n", "snake_case\nann\nbob\n", "a\tweight=2\n", "10:30\n",
    "Boeing 737\nAirbus 320\n", "iPhone 15\nAnn\nBob\n", "Washington, D.C.\nAnn\nBob\n", "Acme, Inc.\nAnn\nBob\n", "Name\tweight=2\nAnn\n",
    "[noise]\nAnn\n", "Brixby\t\n", "12,5\nAnn\nBob\n",
])  # fmt: skip
def test_plain_list_with_few_similar_lines_does_not_warn(load, content):
    assert load(content, "plain").report.warnings == ()


def test_table_lists_all_formats():
    assert list(FORMATS) == ["plain", "sherpa", "nemo", "nemo-score", "funasr", "comma", "csv", "json", "vcard"]
