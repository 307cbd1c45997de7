#!/usr/bin/env python3
"""A websocket server of live transcription, with a list of names for each connection.

A client's first message is a JSON object: ``{"entities": ["Zelenskyy", "Łódź"], "rate": 16000}``. Binary messages are the
audio that follows: 16-bit little-endian PCM, mono, at that rate. Where the server decodes emissions (--tokens), they are
float32 log-probabilities, [frames, tokens]. Later JSON objects: ``{"entities": [...]}``, another list from the next utterance
on, and ``{"end": true}``. The server answers with JSON objects: ``{"partial": text, "settled": words}``, ``{"final": {...}}``
(a line of hyps.jsonl), ``{"error": text}``, and ``{"end": true}`` behind the last one.

    recipes/streaming/server.py --port 8765                                    audio, the bundled model
    recipes/streaming/server.py --tokens tokens.txt --frame-shift 0.04         emissions of any CTC model
"""
from __future__ import annotations

import argparse
import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Callable, List, Mapping, Optional

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

import ctcb

MOST_BYTES = 1 << 20  # of a message
PATIENCE = 120.0  # seconds in which a busy client, or this server, may leave a ping unanswered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8765, help="0: any that is free")
    parser.add_argument("--model", help="model directory; the bundled model by default")
    parser.add_argument("--bias", default="decoder", help="preset of techniques")
    parser.add_argument("--latency", type=float, help="seconds between a sound and what the model makes of it (1, or the model's own)")
    parser.add_argument("--tokens", help="decode emissions: the model's tokens.txt")
    parser.add_argument("--frame-shift", type=float, default=0.04, help="seconds a frame of emissions")
    parser.add_argument("--threads", type=int, default=2, help="threads that decode")
    asyncio.run(listen(parser.parse_args()))


async def listen(options: argparse.Namespace) -> None:
    """Serve until the process is stopped."""
    if options.tokens is not None:
        decoder = ctcb.CtcDecoder(options.tokens, frame_shift=options.frame_shift, bias=options.bias)
        tokens = len(Path(options.tokens).read_text(encoding="utf-8").splitlines())
        opened = partial(emission_stream, decoder, tokens)
    else:
        opened = partial(audio_stream, ctcb.load(options.model, bias=options.bias, precision="auto"), options.latency)
    with ThreadPoolExecutor(options.threads) as pool:
        async with serve(partial(converse, opened, pool), options.host, options.port, max_size=MOST_BYTES, ping_timeout=PATIENCE) as server:
            print(f"listening on port {server.sockets[0].getsockname()[1]}", flush=True)
            await server.serve_forever()


class Emissions:
    """A stream over emissions that takes bytes, as one over audio does."""

    def __init__(self, stream: Any, tokens: int) -> None:
        self._stream, self._tokens = stream, tokens
        self.partial, self.swap_list = stream.partial, stream.swap_list

    def accept(self, message: bytes) -> List[ctcb.Transcript]:
        """The emissions of some frames."""
        if len(message) % (4 * self._tokens):
            raise ctcb.InputError(f"{len(message)} bytes of emissions are no whole frames of {self._tokens} float32")
        return self._stream.accept(np.frombuffer(message, "<f4").reshape(-1, self._tokens))

    def finish(self) -> List[ctcb.Transcript]:
        """The last utterance."""
        return [self._stream.finish()]


def audio_stream(recognizer: ctcb.Recognizer, latency: Optional[float], settings: Mapping[str, Any]) -> Any:
    rate = settings.get("rate", 16_000)
    if not isinstance(rate, int):
        raise ctcb.InputError(f"the rate is {rate!r}", hint="give whole Hz")
    return recognizer.stream(settings.get("entities", []), sample_rate=rate, latency=latency)


def emission_stream(decoder: ctcb.CtcDecoder, tokens: int, settings: Mapping[str, Any]) -> Any:
    return Emissions(decoder.stream(settings.get("entities", []), endpoints=ctcb.Endpoints()), tokens)


async def converse(opened: Callable[[Mapping[str, Any]], Any], pool: ThreadPoolExecutor, connection: ServerConnection) -> None:
    """One connection. What is wrong with a message is answered, and ends it."""
    loop = asyncio.get_running_loop()
    try:
        stream = await loop.run_in_executor(pool, opened, settings_of(await connection.recv()))
        shown = None
        async for message in connection:
            if isinstance(message, bytes):
                closed = await loop.run_in_executor(pool, stream.accept, message)
                found = await loop.run_in_executor(pool, stream.partial)
            else:
                settings = settings_of(message)
                if settings.get("end"):
                    break
                await loop.run_in_executor(pool, stream.swap_list, settings.get("entities", []))
                continue
            await send_finals(connection, closed)
            if (found.text, found.settled) != shown:
                shown = found.text, found.settled
                await connection.send(json.dumps({"partial": found.text, "settled": found.settled}, ensure_ascii=False))
        await send_finals(connection, await loop.run_in_executor(pool, stream.finish))
        await connection.send(json.dumps({"end": True}))
    except ctcb.InputError as error:
        await connection.send(json.dumps({"error": str(error)}, ensure_ascii=False))
    except ConnectionClosed:  # the client went away
        pass


def settings_of(message: Any) -> Mapping[str, Any]:
    """A JSON object. Raises InputError for anything else."""
    try:
        settings = json.loads(message) if isinstance(message, str) else None
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        raise ctcb.InputError("a JSON object is expected", hint='send {"entities": ["a name", ...]} first')
    return settings


async def send_finals(connection: ServerConnection, transcripts: List[ctcb.Transcript]) -> None:
    for transcript in transcripts:
        if transcript.words:
            await connection.send(json.dumps({"final": transcript.to_dict()}, ensure_ascii=False))


if __name__ == "__main__":
    main()
