"""The example server with real clients over loopback."""
from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from constructed import MET, PIECES, log_probs

import ctcb

client = pytest.importorskip("websockets.asyncio.client")
ROOT = Path(__file__).parents[2]
SHIFT = 0.04
ONCE = np.concatenate([log_probs(PIECES, MET), log_probs(PIECES, ["<blk>"] * 40)])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a server that decodes emissions."""
    tokens = tmp_path_factory.mktemp("server") / "tokens.txt"
    tokens.write_text("".join(f"{piece}\n" for piece in PIECES), encoding="utf-8")
    words = [sys.executable, ROOT / "recipes/streaming/server.py", "--port", "0", "--tokens", tokens, "--frame-shift", str(SHIFT)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
    process = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, text=True, env=environment)
    yield f"ws://localhost:{process.stdout.readline().split()[-1]}"
    process.terminate()
    process.wait(30)


async def converse(address, entities, pieces, pause=0.0):
    """What the server answers, and how many seconds the last answer took behind the last piece."""
    answers = []

    async def read(connection):
        async for message in connection:
            answers.append(json.loads(message))
            if "end" in answers[-1] or "error" in answers[-1]:
                return time.perf_counter()

    async with client.connect(address, ping_timeout=None) as connection:
        reader = asyncio.create_task(read(connection))
        await connection.send(json.dumps({"entities": entities}))
        for piece in pieces:
            await connection.send(piece if isinstance(piece, str) else np.asarray(piece, "<f4").tobytes())
            await asyncio.sleep(pause)
        last = time.perf_counter()
        await connection.send(json.dumps({"end": True}))
        return answers, await reader - last


def finals(answers):
    return [answer["final"]["text"] for answer in answers if "final" in answer]


def test_a_list_a_connection_and_another_at_an_endpoint(server):
    swap = json.dumps({"entities": ["Boz"]})
    answers, _ = asyncio.run(converse(server, ["Bob"], [ONCE[:5], ONCE[5:], swap, ONCE]))
    assert finals(answers) == ["ann met bob", "ann met boz"]
    partials = [answer["partial"] for answer in answers if "partial" in answer]
    assert partials[0] == "ann met" and answers[-1] == {"end": True}
    [final] = [answer["final"] for answer in answers if "final" in answer][:1]
    decoder = ctcb.CtcDecoder(PIECES, frame_shift=SHIFT)
    assert final["words"] == decoder.decode(ONCE[: 7 + 30], ["Bob"]).to_dict()["words"]


@pytest.mark.parametrize("pieces, said", [
    ([ONCE[:, :3]], "no whole frames"), ([np.zeros_like(ONCE)], "not natural-log"), (["[1]"], "JSON object"), (["{"], "JSON object"),
    ([json.dumps({"entities": ["?"]})], "no entity is left"),
])  # fmt: skip
def test_wrong_messages_are_answered(server, pieces, said):
    answers, _ = asyncio.run(converse(server, ["Bob"], pieces))
    assert said in answers[-1]["error"]


@pytest.mark.slow
def test_fifty_connections_at_once(server):
    """Each with a list of its own, in pieces of 0.2 s that come as fast as they are spoken."""
    names = ["Bob", "Boz", "Bov"]
    spoken = np.concatenate([ONCE] * 6)
    pieces = [spoken[first : first + 5] for first in range(0, len(spoken), 5)]

    async def all_at_once():
        return await asyncio.gather(*(converse(server, [names[number % 3]], pieces, 0.2) for number in range(50)))

    found = asyncio.run(all_at_once())
    for number, (answers, _) in enumerate(found):
        assert finals(answers) == [f"ann met {names[number % 3].lower()}"] * 6
    assert sorted(wait for _, wait in found)[25] < 5.0  # it keeps up: the queues have not grown
