"""Where recordings end in the containers whose headers say how long they are: WAV, RF64, Wave64, AIFF, CAF and AU.

A stream's header does not say it: such a recording ends where the next header of its own kind begins, or with the file.
Formats: RIFF and RF64 (EBU Tech 3306), Sony's Wave64, AIFF and AIFF-C, Apple's Core Audio Format 1.0, Sun's .snd.
"""
from __future__ import annotations

from typing import Callable, Dict, Iterator, Optional, Tuple

from ctcb.data.mpeg import Buffer

STREAMED = 0x7FF00000  # bytes: headers of streams claim this much, or more
MOST_CHUNKS = 1000  # that are looked through for the samples of a recording
CHUNKS_BEHIND = (b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"cue ", b"<?xp", b"_PMX")  # that some write behind a file's end
_W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"

Header = Tuple[Optional[int], bytes]  # where a recording ends, if its header says so; and what the headers of its kind share


def end_of(data: Buffer, place: int) -> Optional[int]:
    """Where the recording ends that begins at a byte; None where none of these containers begins there."""
    read = _READERS.get(bytes(data[place : place + 4]))
    header = None if read is None else read(data, place)
    if read is None or header is None:
        return None
    end, shared = header
    return min(len(data), _next(data, place, read, shared) if end is None else end)


def _next(data: Buffer, place: int, read: Callable[[Buffer, int], Optional[Header]], shared: bytes) -> int:
    """Where the next header with what a stream's header has begins; the end of the file where there is none."""
    mark = bytes(data[place : place + 4])
    found = data.find(mark, place + 4)
    while found >= 0:
        header = read(data, found)
        if header is not None and header[1] == shared:
            return found
        found = data.find(mark, found + 1)
    return len(data)


def _riff(data: Buffer, place: int) -> Optional[Header]:
    """A WAV, or one of more than 4 GB (RF64)."""
    if bytes(data[place + 8 : place + 12]) != b"WAVE":
        return None
    whole, large, first, shared = _number(data, place + 4, 4), 0, place + 12, b""
    if data[place : place + 4] == b"RF64" and bytes(data[first : first + 4]) == b"ds64":
        whole, large = _number(data, first + 8, 8), _number(data, first + 16, 8)
        if whole >= 1 << 62:
            whole = 0
    for name, at, size in _riff_chunks(data, first):
        if name == b"data":
            size = large or size
            samples = None if size == 0 or STREAMED <= size and not large else at + size
            if samples is None and not at - place - 8 < whole < STREAMED:
                return None, shared
            return max(samples or 0, place + 8 + whole + whole % 2 if large or whole < STREAMED else 0), shared
        shared = bytes(data[at - 8 : at + size]) if name == b"fmt " else shared
    return len(data), shared


def _riff_chunks(data: Buffer, at: int) -> Iterator[Tuple[bytes, int, int]]:
    """The chunks from a byte on: the name of each, where what it holds begins, and how much it says that is."""
    for _ in range(MOST_CHUNKS):
        name, size = bytes(data[at : at + 4]), _number(data, at + 4, 4)
        if len(name) < 4:
            return
        yield name, at + 8, size
        at += 8 + size + size % 2


def unfinished(data: Buffer, place: int) -> Optional[int]:
    """Where the samples of the WAV that begins at a byte begin, though its header names none: whoever recorded it was stopped
    before the header was finished. None where it names some, or where none stand there."""
    if bytes(data[place : place + 4]) != b"RIFF" or bytes(data[place + 8 : place + 12]) != b"WAVE":
        return None
    for name, at, size in _riff_chunks(data, place + 12):
        if name == b"data":
            return None if size or bytes(data[at : at + 4]) in CHUNKS_BEHIND else at
    return None


def _wave64(data: Buffer, place: int) -> Optional[Header]:
    size = _number(data, place + 16, 8)
    if bytes(data[place : place + 16]) != _W64_RIFF:
        return None
    shared = bytes(data[place + 40 : place + 80])  # its format
    return (place + size + -size % 8 if 0 < size < 1 << 62 else None), shared


def _aiff(data: Buffer, place: int) -> Optional[Header]:
    if bytes(data[place + 8 : place + 12]) not in (b"AIFF", b"AIFC"):
        return None
    size = _number(data, place + 4, 4, "big")
    return (place + 8 + size + size % 2 if 0 < size < STREAMED else None), bytes(data[place + 8 : place + 20])


def _caf(data: Buffer, place: int) -> Optional[Header]:
    if bytes(data[place + 4 : place + 6]) != b"\x00\x01" or bytes(data[place + 8 : place + 12]) != b"desc":
        return None
    shared, at, has_samples = bytes(data[place : place + 52]), place + 8, False
    for _ in range(MOST_CHUNKS):
        name, size = bytes(data[at : at + 4]), _number(data, at + 4, 8, "big")
        if name == b"data" and size >= 1 << 63:  # to the end
            return None, shared
        is_chunk = name.isascii() and name.decode().isprintable() and len(name) == 4 and at + 12 + size <= len(data)
        if has_samples and not is_chunk:
            return at + (bytes(data[at : at + 1]) == b"\0"), shared  # the packets of ALAC are filled up to an even number of bytes
        if not is_chunk and name != b"data":
            break
        has_samples |= name == b"data"
        at += 12 + size
    return len(data), shared


def _au(data: Buffer, place: int) -> Optional[Header]:
    order = "big" if bytes(data[place : place + 4]) == b".snd" else "little"
    first, size, encoding, rate, channels = (_number(data, place + 4 * field, 4, order) for field in range(1, 6))
    if not (24 <= first < 1 << 16 and 0 < encoding < 64 and 0 < rate < 1 << 20 and 0 < channels < 1024):
        return None
    shared = bytes(data[place + 4 : place + 8]) + bytes(data[place + 12 : place + 24])
    return (place + first + size if size < STREAMED else None), shared


def _number(data: Buffer, place: int, size: int, order: str = "little") -> int:
    return int.from_bytes(bytes(data[place : place + size]), "big" if order == "big" else "little")


_READERS: Dict[bytes, Callable[[Buffer, int], Optional[Header]]] = {
    b"RIFF": _riff, b"RF64": _riff, b"riff": _wave64, b"FORM": _aiff, b"caff": _caf, b".snd": _au, b"dns.": _au,
}  # fmt: skip
