"""Audio files as people have them, made in memory: MP3s without their header, Ogg pages, files behind one another."""
from __future__ import annotations

import io
import struct
from typing import Any, Sequence

import numpy as np
import soundfile


def encoded(samples: np.ndarray, rate: int = 16_000, form: str = "WAV", **how: Any) -> bytes:
    """A file of ``[N]`` or ``[N, channels]`` samples by libsndfile's encoders."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, **how)
    return file.getvalue()


def mp3(samples: np.ndarray, rate: int = 16_000, mode: str = "VARIABLE", level: float = 0.5) -> bytes:
    """LAME's MP3 with its Xing or Info frame."""
    return encoded(samples, rate, "MP3", bitrate_mode=mode, compression_level=level)


def unfinished(wav, whole=36):
    """A WAV with a header as its recorder leaves it that is stopped: of no samples, and of a file of ``whole`` bytes; None: the right size."""
    begin = wav.index(b"data") + 4
    return wav[:4] + (wav[4:8] if whole is None else struct.pack("<I", whole)) + wav[8:begin] + bytes(4) + wav[begin + 4 :]


def without_info(data: bytes) -> bytes:
    """The MP3 without the frame that says how long it is: from the second sync word of the same kind on."""
    found = max(data.find(b"Xing"), data.find(b"Info"))
    assert 0 < found < 60
    place = found
    while data[place : place + 2] != data[:2] or (data[place + 2] ^ data[2]) & 0x0C:
        place += 1
    return data[place:]


def id3v2(size: int = 50) -> bytes:
    """A tag of this many bytes behind its own ten; it holds what looks like a frame."""
    body = (b"\xff\xfb\x90\xc0" + bytes(size))[:size]
    return b"ID3\x04\x00\x00" + bytes((size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127)) + body


def id3v1() -> bytes:
    """The tag of 128 bytes that stands at the end of a file."""
    return b"TAG" + b"Title".ljust(125, b"\0")


def ogg_flac(samples: np.ndarray, rate: int, serial: int) -> bytes:
    """FLAC in Ogg (the mapping of xiph.org, version 1.0) of at most 4,000 samples, which are one frame."""
    flac = encoded(samples, rate, "FLAC")
    assert len(samples) <= 4000 and flac[:8] == b"fLaC\x00\x00\x00\x22"
    place, blocks = 4, []
    while True:
        size = int.from_bytes(flac[place + 1 : place + 4], "big")
        blocks.append(flac[place : place + 4 + size])
        place += 4 + size
        if blocks[-1][0] & 0x80:
            break
    first = b"\x7fFLAC\x01\x00" + (1).to_bytes(2, "big") + b"fLaC" + blocks[0]
    comment = b"\x84" + (8).to_bytes(3, "big") + bytes(8)  # the vorbis comment, without any
    packets = [(first, 2, 0), (comment, 0, 0), (flac[place:], 4, len(samples))]
    return b"".join(ogg_page(packet, serial, number, flags, granule) for number, (packet, flags, granule) in enumerate(packets))


def ogg_page(packet: bytes, serial: int, number: int, flags: int, granule: int) -> bytes:
    """A page with one packet (RFC 3533)."""
    lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    assert len(lacing) < 256
    head = b"OggS\0" + bytes([flags]) + granule.to_bytes(8, "little") + serial.to_bytes(4, "little") + number.to_bytes(4, "little")
    page = head + bytes(4) + bytes([len(lacing)]) + lacing + packet
    check = 0
    for byte in page:
        check ^= byte << 24
        for _ in range(8):
            check = (check << 1 ^ 0x04C11DB7 if check & 1 << 31 else check << 1) & 0xFFFFFFFF
    return page[:22] + check.to_bytes(4, "little") + page[26:]


def tone(hertz: float, seconds: float, rate: int = 16_000) -> np.ndarray:
    """``[N]`` float32, of full volume nowhere."""
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def pitches(samples: np.ndarray, ends: Sequence[float], rate: int = 16_000) -> Sequence[float]:
    """The strongest frequency, in Hz, of each stretch between the seconds ``ends``."""
    found, first = [], 0.0
    for end in ends:
        part = samples[round(first * rate) : round(end * rate)]
        found.append(float(np.abs(np.fft.rfft(part)).argmax() * rate / len(part)))
        first = end
    return found
