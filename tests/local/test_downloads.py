"""local/*/download_*.py from a local server: complete, interrupted, corrupt, with a full disk."""
import re
import shutil
import sys
import tarfile
import threading
from collections import namedtuple
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from corpora import make_librispeech, make_medical, make_voxpopuli

sys.path[:0] = [str(Path(__file__).parents[2] / "local" / name) for name in ("librispeech", "medical", "voxpopuli", "shared")]
import download_librispeech  # noqa: E402
import download_medical  # noqa: E402
import download_voxpopuli  # noqa: E402

from ctcb.cli import run  # noqa: E402


class Handler(SimpleHTTPRequestHandler):
    """Serves ranges, as the publishers' servers do, and records the requests."""

    asked = []

    def do_GET(self):
        data, first = Path(self.translate_path(self.path)), 0
        if not data.is_file():
            return self.send_error(404)
        content = data.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked:
            first = int(asked[1])
        self.asked.append((data.name, first))
        if first >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.end_headers()
            return None
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        self.wfile.write(content[first:])

    def log_message(self, *words):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A folder that is served, and its address."""
    folder = tmp_path / "server"
    folder.mkdir()
    monkeypatch.setattr(Handler, "asked", [])
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()


def ran(module, corpus, capsys, *more):
    """Exit code and the command's own messages."""
    code = 0
    try:
        run(module.command, module.__name__, [str(corpus), *more])
    except SystemExit as stop:
        code = stop.code
    return code, [line for line in capsys.readouterr().err.splitlines() if line.startswith("download_")]


def pack(archive, folder, *names):
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz" if archive.suffix == ".gz" else "w") as tar:
        for name in names:
            tar.add(folder / name, name)


@pytest.fixture
def medical(server, tmp_path, monkeypatch):
    folder, address = server
    make_medical(tmp_path / "made")
    for name in ("audio", "cleantext"):
        pack(folder / f"{name}.tar.gz", tmp_path / "made", name)
    for info in (tmp_path / "made").glob("*.info"):
        shutil.copy(info, folder)
    monkeypatch.setattr("lhotse.recipes.medical.MEDICAL_BASE_URL", f"{address}/")
    monkeypatch.setattr(download_medical, "CORPUS_BYTES", 1e6)
    return folder


def same(folder, other):
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return files and all((other / path).read_bytes() == (folder / path).read_bytes() for path in files)


def test_medical_download_resumes(medical, tmp_path, capsys):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    half = (medical / "audio.tar.gz").read_bytes()[:5000]
    (corpus / "audio.tar.gz").write_bytes(half)
    assert ran(download_medical, corpus, capsys) == (0, [])
    assert ("audio.tar.gz", 5000) in Handler.asked and same(tmp_path / "made", corpus)
    Handler.asked.clear()
    assert ran(download_medical, corpus, capsys) == (0, []) and not Handler.asked


def test_corrupt_archive_is_downloaded_again(medical, tmp_path, capsys):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    whole = (medical / "audio.tar.gz").read_bytes()
    (corpus / "audio.tar.gz").write_bytes(b"x" * len(whole))
    code, said = ran(download_medical, corpus, capsys)
    assert code == 1 and len(said) == 1 and "the corpus could not be fetched" in said[0] and not (corpus / ".unpacked").exists()
    assert ran(download_medical, corpus, capsys) == (0, []) and same(tmp_path / "made", corpus)


def test_missing_file_is_named(medical, tmp_path, capsys):
    (medical / "medical_dev.info").unlink()
    code, said = ran(download_medical, tmp_path / "corpus", capsys)
    assert code == 1 and len(said) == 1 and "404" in said[0] and not (tmp_path / "corpus/.unpacked").exists()


@pytest.fixture
def voxpopuli(server, tmp_path, monkeypatch):
    folder, address = server
    make_voxpopuli(tmp_path / "made", utterances=2)
    years = sorted(int(path.name) for path in (tmp_path / "made/raw_audios/original").iterdir())
    for year in years:
        pack(folder / f"audios/original_{year}.tar", tmp_path / "made/raw_audios", f"original/{year}")
    (folder / "annotations/asr").mkdir(parents=True)
    shutil.copy(tmp_path / "made/transcribed_data/en/asr_en.tsv.gz", folder / "annotations/asr")
    monkeypatch.setattr("lhotse.recipes.voxpopuli.DOWNLOAD_BASE_URL", address)
    monkeypatch.setattr("lhotse.recipes.voxpopuli.YEARS", years)
    monkeypatch.setattr(download_voxpopuli, "YEAR_BYTES", 1e6)
    return folder, years


def test_voxpopuli_download_resumes_with_the_year(voxpopuli, tmp_path, capsys, monkeypatch):
    folder, years = voxpopuli
    corpus, late = tmp_path / "corpus", folder / f"audios/original_{years[2]}.tar"
    whole = late.read_bytes()
    late.write_bytes(whole[: len(whole) // 2])
    code, said = ran(download_voxpopuli, corpus, capsys)
    assert code == 1 and len(said) == 1 and f"the recordings of {years[2]} could not be fetched" in said[0]
    late.write_bytes(whole)
    monkeypatch.setattr("lhotse.recipes.voxpopuli.YEARS", years)
    Handler.asked.clear()
    assert ran(download_voxpopuli, corpus, capsys) == (0, []) and same(tmp_path / "made", corpus)
    assert [name for name, _ in Handler.asked] == [f"original_{year}.tar" for year in years[2:]]
    assert not list((corpus / "raw_audios").glob("*.tar"))


@pytest.fixture
def librispeech(server, tmp_path, monkeypatch):
    folder, address = server
    make_librispeech(tmp_path / "made")
    for part in (tmp_path / "made/LibriSpeech").iterdir():
        pack(folder / f"12/{part.name}.tar.gz", tmp_path / "made", f"LibriSpeech/{part.name}")
    shutil.copytree(tmp_path / "made/is21_deep_bias", folder / "is21_deep_bias")
    monkeypatch.setattr(download_librispeech, "AUDIO_URL", address)
    monkeypatch.setattr(download_librispeech, "IS21_URL", address)
    monkeypatch.setattr(download_librispeech, "PART_BYTES", {})
    monkeypatch.setattr(download_librispeech, "OTHER_BYTES", 1e6)
    monkeypatch.setattr(download_librispeech, "IS21_BYTES", 1e6)
    return folder, ("--part", "dev-clean", "--part", "test-clean")


def test_librispeech_download_resumes_with_the_part(librispeech, tmp_path, capsys):
    folder, parts = librispeech
    corpus, late = tmp_path / "corpus", folder / "12/test-clean.tar.gz"
    whole = late.read_bytes()
    late.write_bytes(b"x" * len(whole))
    code, said = ran(download_librispeech, corpus, capsys, *parts)
    assert code == 1 and len(said) == 1 and "test-clean could not be fetched" in said[0]
    late.write_bytes(whole)
    Handler.asked.clear()
    assert ran(download_librispeech, corpus, capsys, *parts) == (0, [])
    assert [name for name, _ in Handler.asked] == ["test-clean.tar.gz"] and not list(corpus.glob("*.tar.gz"))
    for name in ("LibriSpeech/dev-clean", "LibriSpeech/test-clean", "is21_deep_bias"):
        assert same(tmp_path / "made" / name, corpus / name)


def test_a_part_that_is_there_is_left_alone(librispeech, tmp_path, capsys):
    folder, parts = librispeech
    own = tmp_path / "corpus/LibriSpeech/dev-clean/1/2/own.flac"
    own.parent.mkdir(parents=True)
    own.touch()
    assert ran(download_librispeech, tmp_path / "corpus", capsys, *parts) == (0, []) and own.exists()
    assert "dev-clean.tar.gz" not in [name for name, _ in Handler.asked]


@pytest.mark.parametrize("module", [download_medical, download_voxpopuli])
def test_full_disk_is_reported(module, medical, voxpopuli, tmp_path, capsys, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    code, said = ran(module, tmp_path / "corpus", capsys)
    assert code == 1 and len(said) == 1 and "make room first" in said[0]
    assert not list((tmp_path / "corpus").rglob("*.tar*")) or module is download_voxpopuli
