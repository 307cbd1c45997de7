"""G2P: the same phones as g2p_en's neural network, without access to the internet."""
from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from ctcb.text.g2p import predict

WORDS = """zelensky yekaterinburg hydroxychloroquine acantholysis selenski x aa bcd tchaikovsky
brzeczyszczykiewicz lisinopril schwarzenegger nguyen ctcb""".split()


def test_agrees_with_g2p_en(monkeypatch: pytest.MonkeyPatch) -> None:
    nltk = pytest.importorskip("nltk")
    monkeypatch.setattr(nltk, "download", lambda *args, **kwargs: False)
    peer = pytest.importorskip("g2p_en.g2p")
    monkeypatch.setattr(peer, "cmudict", SimpleNamespace(dict=dict))
    network = peer.G2p()
    assert predict(WORDS) == [tuple(network.predict(word)) for word in WORDS]


def test_batch_equals_single_words() -> None:
    from ctcb.text import g2p

    batch = g2p._network().predict(WORDS)
    single = [g2p._network().predict([word])[0] for word in WORDS]
    assert [phones for phones, _ in batch] == [phones for phones, _ in single]
    assert [confidence for _, confidence in batch] == pytest.approx([confidence for _, confidence in single], abs=1e-4)
    assert all(confidence < 0 for _, confidence in batch)


def test_repeated_and_empty_words() -> None:
    assert predict([]) == []
    first, second = predict(["zelensky", "zelensky"])
    assert first == second == ("Z", "IH0", "L", "EH1", "N", "S", "K", "IY0")


def test_needs_neither_network_nor_nltk() -> None:
    """In a process of its own, where opening a socket raises."""
    program = """
import socket, sys
def refuse(*args, **kwargs):
    raise AssertionError("a socket was opened")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from ctcb.text.lexicon import Lexicon
assert Lexicon().phones_of_text("Zelensky's NHS speech")
assert "nltk" not in sys.modules and "g2p_en" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
