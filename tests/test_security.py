"""No code is run from data, nothing reaches the network, and input is escaped in shells, pages and terminals."""
from __future__ import annotations

import ast
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from constructed import MET, PIECES, log_probs, write
from tones import sentences, write_manifest

ROOT = Path(__file__).parents[1]
SOURCES = [path for folder in ("ctcb", "utils", "local", "recipes") for path in sorted((ROOT / folder).rglob("*.py"))]

# Calls that run what they are given. Where one of them is needed, the place stands here with the reason.
FORBIDDEN = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads", "pickle.Unpickler", "torch.load",
    "yaml.load", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "marshal.loads", "marshal.load", "shelve.open", "joblib.load",
    "np.load", "numpy.load", "tempfile.mktemp", "subprocess.getoutput", "subprocess.getstatusoutput",
}  # fmt: skip
ALLOWED = {
    ("local/medical/make_terms.py", "pickle.Unpickler"),  # a subclass that may name neither class nor function (tests/local/test_make_lists.py)
    ("recipes/benchmarks/decoders/nemo_modules.py", "exec"),  # a function of the installed package, whose module imports more than it needs
    ("recipes/benchmarks/decoders/nemo_modules.py", "compile"),
}
# Modules that reach the network, and who may import them.
NETWORK = {"socket", "urllib.request", "http.client", "http.server", "ftplib", "smtplib", "requests", "urllib3", "httpx", "aiohttp"}


def dotted(node):
    """``a.b.c`` of a name or attribute; "" for other expressions."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def names_used(tree):
    """(line, what is called or named, the call's keywords)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func), {word.arg: word.value for word in node.keywords}
        elif isinstance(node, ast.ClassDef):
            for base in node.bases:
                yield node.lineno, dotted(base), {}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_executes_input(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    where = str(path.relative_to(ROOT))
    for line, name, keywords in names_used(tree):
        shell = keywords.get("shell")
        assert shell is None or isinstance(shell, ast.Constant) and not shell.value, f"{where}:{line}: shell=True"
        pickled = keywords.get("allow_pickle")
        assert pickled is None or isinstance(pickled, ast.Constant) and pickled.value is False, f"{where}:{line}: allow_pickle"
        if name in ("np.load", "numpy.load") and (pickled is not None or "mmap_mode" in keywords):
            continue  # without pickles by default since numpy 1.16.3
        if name.endswith(".eval") or (where, name) in ALLOWED:
            continue
        assert name not in FORBIDDEN, f"{where}:{line}: {name}"
    if where.startswith("ctcb/"):
        for node in ast.walk(tree):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not NETWORK.intersection(imported), f"{where}:{node.lineno}: {imported}"


def test_scan_detects_dangerous_calls():
    tree = ast.parse("import pickle\npickle.loads(x)\nclass A(pickle.Unpickler): pass\nsubprocess.run(x, shell=True)")
    assert {"pickle.loads", "pickle.Unpickler", "subprocess.run"} <= {name for _, name, _ in names_used(tree)}


# Watches a command from inside: Python tells of every one of these, whichever library does it.
WATCHED = """
import os
import sys
seen = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind", "urllib.Request",
                 "pickle.find_class", "os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "ftplib.connect"):
        frame = sys._getframe()
        while frame is not None:
            if os.path.join("numba", "core", "") in frame.f_code.co_filename:
                return  # what numba compiled, kept beside the sources or in the cache of the user
            frame = frame.f_back
        seen.append((event, str(arguments)[:200]))
        raise RuntimeError(f"{event}: {arguments}")
from ctcb.cli import main
import ctcb.cli.decode.command, ctcb.cli.common.recognition, ctcb.cli.score, ctcb.cli.report, ctcb.cli.entities, ctcb.acoustic.open, numba, lhotse
sys.addaudithook(watch)
code = 0
for words in WORDS:
    try:
        main(words)
    except SystemExit as stop:
        code = max(code, stop.code or 0)
print(seen, file=sys.stderr)
sys.exit(3 if seen else code)
"""


def test_no_network_no_pickle_no_process(adapter_dir, tmp_path):
    """Decoding, scoring, checking a list and the report, with an adapter, names without a pronunciation, and a new cache."""
    manifest = write_manifest(tmp_path / "in", sentences(3))
    names = tmp_path / "names.txt"
    names.write_text("Zelenskyy\nXkcdqua\nann\n")
    out = str(tmp_path / "out")
    words = [
        ["decode", "--model", str(adapter_dir), "--bias", "joint", "--entities", str(names), "--explain", "--out", out, str(manifest)],
        ["entities", "check", "--model", str(adapter_dir), "--g2g", "2", str(names)],
        ["score", "--ref", str(manifest), "--hyp", f"{out}/hyps.jsonl", "--entities", str(names), "--bootstrap", "10"],
        ["report", "--ref", str(manifest), "--hyp", f"{out}/hyps.jsonl", "--entities", str(names), "--bootstrap", "10", "--out", str(tmp_path / "r.html")],
    ]
    environment = {**os.environ, "CTCB_CACHE": str(tmp_path / "cache")}
    ran = subprocess.run([sys.executable, "-c", f"WORDS = {words!r}\n{WATCHED}"], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0 and ran.stderr.splitlines()[-1] == "[]", ran.stderr


HOSTILE = [
    "<script>alert(1)</script> Bob", "\"><img src=x onerror=alert(1)> Bob", "Bob' onmouseover='x", "</style><script>x</script> Bob", "Bob &amp; <b>",
    "$(touch ran) Bob", "`touch ran` Bob", "Bob; touch ran", "Bob\x1b[31m", "Bob\x1b]0;title\x07", "\u202eBob", "Bob\u009b31m", "{{7*7}} Bob",
]  # fmt: skip


class Page(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_escaped_on_pages_and_terminals(ctcb, tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Tokens that spell what the name is said as, whatever it is.
    files = write(tmp_path, {"u": log_probs(PIECES, MET)})
    (tmp_path / "names.txt").write_text(f"{name}\tspoken=bob\n", encoding="utf-8")
    (tmp_path / "ref").write_text("u ann met bob\n")
    ran = ctcb("decode", *files, "--entities", "names.txt", "--explain", "--out", "out")
    shown = ctcb("decode", *files, "--entities", "names.txt", "--explain")
    report = ["report", "--ref", "ref", "--hyp", "out/hyps.jsonl", "--entities", "names.txt", "--bootstrap", 0]
    html = ctcb(*report, "--title", name, "--out", "r.html")
    assert (ran.code, shown.code, html.code) == (0, 0, 0), (ran.err, html.err)
    for text in (shown.out, shown.err, html.out, html.err, (tmp_path / "out/explain.txt").read_text(), (tmp_path / "out/text").read_text()):
        assert text.replace("\n", "").isprintable(), text
    (tmp_path / "names.txt").write_text("Bob\n")
    assert ctcb("decode", *files, "--entities", "names.txt", "--explain", "--out", "out").code == ctcb(*report, "--out", "plain.html").code == 0
    page, plain = Page(), Page()
    page.feed((tmp_path / "r.html").read_text("utf-8"))
    plain.feed((tmp_path / "plain.html").read_text("utf-8"))
    assert page.tags == plain.tags and not page.tags & {"script", "img", "iframe", "object"} and not [one for one in page.attributes if one.startswith("on")]
    assert not (tmp_path / "ran").exists() and "Bob" in shown.out


def test_reference_ids_are_escaped_on_pages_and_terminals(ctcb, tmp_path):
    hostile = "<script>x</script>\x1b[2J"
    (tmp_path / "names.txt").write_text("bob\n")
    (tmp_path / "ref").write_text(f"{hostile} ann bob\n")
    (tmp_path / "base").write_text(f"{hostile} ann tom\n")
    files = ["--ref", tmp_path / "ref", "--hyp", tmp_path / "ref", "--entities", tmp_path / "names.txt"]
    ran = ctcb("report", *files, "--base", tmp_path / "base", "--ref-format", "kaldi", "--bootstrap", 0, "--out", tmp_path / "r.html")
    page = Page()
    page.feed((tmp_path / "r.html").read_text("utf-8"))
    assert ran.code == 0 and "script" not in page.tags
    (tmp_path / "other").write_text("x\x1b[2J ann\n")
    for named in ((), ("--ref-format", "kaldi")):
        ran = ctcb("score", "--ref", tmp_path / "ref", "--hyp", tmp_path / "other", *named)
        assert ran.code == 2 and ran.err.replace("\n", "").isprintable()


def test_unexpected_errors_are_shown_without_control_codes(ctcb):
    from unittest import mock

    with mock.patch("ctcb.cli.score.read_transcripts", side_effect=ValueError("x\x1b[2J\u202ey")):
        ran = ctcb("score", "--ref", "a", "--hyp", "b")
    assert ran.code == 1 and ran.err == "ctcb: failed: ValueError: x\\x1b[2J\\u202ey (--debug shows where)\n"
    ran = ctcb("score", "--re\x1bf", "a")
    assert ran.code == 2 and "\x1b" not in ran.err
