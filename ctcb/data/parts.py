"""Byte ranges of a file that are recordings of their own: files that were joined end to end, and chained Ogg streams.

libsndfile reads the first of them and is silent about the rest. Each part is handed to it as a file of its own. An MP3 without
any header behind FLAC or Ogg is not found.
"""
from __future__ import annotations

import io
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Iterator, List, Optional, Tuple, Union

from ctcb.data import chunks, mpeg
from ctcb.data.mpeg import Buffer

OGG_FLAC, OGG_FLAC_HEAD = b"\x7fFLAC", 9  # bytes of the mapping's own before the native stream begins
# FLAC begins with its STREAMINFO block, which is 34 bytes long and may be the last of its header.
FLAC_STARTS = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")

# What headers hold that is long enough to be nothing else, and how many bytes behind their first one: of the containers that
# name lengths, of Ogg and FLAC, and of the header frames of MP3.
STARTS = (
    (b"WAVEfmt ", 8), (b"WAVEds64", 8), (b"AIFFCOMM", 8), (b"AIFCFVER", 8), (b"caff\x00\x01\x00\x00desc", 0), (b"OggS\x00\x02", 0),
    *((mark, 0) for mark in FLAC_STARTS), *((mark + b"\x00\x00\x00", behind) for mark in (b"Xing", b"Info") for behind in (36, 21, 13)),
)  # fmt: skip
LEAST = 64  # bytes that may be a recording of their own


@dataclass(frozen=True)
class Part:
    """A recording within a file."""

    spans: Tuple[Tuple[int, int], ...]  # bytes of the file, first and end, in order
    header: bytes = b""  # what is put before them,
    samples: Optional[int] = None  # and the samples of a channel that then are at the end of what is decoded; None: all
    notes: Tuple[str, ...] = ()  # what is wrong with it, in words


def parts_of(data: Buffer) -> Optional[List[Part]]:
    """The recordings in a file's bytes; None where libsndfile reads the file to its end as it is."""
    start = mpeg.behind_tags(data, 0)
    magic = bytes(data[start : start + 4])
    if chunks.end_of(data, start) is not None:
        return _one_by_one(data, start)
    other = _other_container(data, start, magic)
    if other is not None:
        return [*_within(data, 0, other), *_within(data, other, len(data))]
    if magic.startswith(b"OggS"):
        links = list(_ogg_links(data, start))
        if any(link.is_flac for link in links) or len(links) > 1:
            return [link.part for link in links]
        return None
    if magic.startswith(b"fLaC"):
        starts = sorted(place for mark in FLAC_STARTS for place in _places(data, mark, start))
    else:
        found = mpeg.streams(data)
        return None if found is None else [Part(one.spans, one.header, one.samples, one.notes) for one in found]
    if len(starts) < 2:
        return None
    return [Part(((first, end),)) for first, end in zip(starts, [*starts[1:], len(data)])]


class _Link:
    """A link of a chained Ogg stream: pages that follow one another."""

    def __init__(self, place: int) -> None:
        self._first = self._end = place
        self._payloads: List[Tuple[int, int]] = []
        self.is_flac = False

    def add(self, data: Buffer, payload: int, end: int) -> None:
        """A page: where what it carries begins, and where it ends."""
        if not self._payloads and bytes(data[payload : payload + len(OGG_FLAC)]) == OGG_FLAC:
            self.is_flac, payload = True, payload + OGG_FLAC_HEAD
        self._payloads.append((payload, end))
        self._end = end

    @property
    def part(self) -> Part:
        """Its bytes; of FLAC without the pages, which libsndfile does not read: that is native FLAC."""
        return Part(tuple(self._payloads) if self.is_flac else ((self._first, self._end),))


def _ogg_links(data: Buffer, start: int) -> Iterator[_Link]:
    """The links of a chained Ogg stream (RFC 3533): each begins with a page that begins a stream behind one that does not."""
    place, in_header = start, False
    link: Optional[_Link] = None
    while place + 27 <= len(data):
        if bytes(data[place : place + 4]) != b"OggS":  # a tag or junk between two links
            place = data.find(b"OggS", place)
            if place < 0:
                break
            continue
        begins = bool(data[place + 5] & 2)
        if link is None or begins and not in_header:
            if link is not None:
                yield link
            link = _Link(place)
        in_header = begins
        payload = place + 27 + data[place + 26]
        end = payload + sum(data[place + 27 : payload])
        link.add(data, payload, min(end, len(data)))
        place = end
    if link is not None:
        yield link


def _one_by_one(data: Buffer, start: int) -> Optional[List[Part]]:
    """Recordings whose headers say where they end, and what stands behind them; None where there is only one."""
    parts: List[Part] = []
    place, end = start, chunks.end_of(data, start)
    while end is not None and end > place:
        samples = chunks.unfinished(data, place)
        parts.append(Part(((place, end),)) if samples is None or samples >= end else _finished(data, place, samples, end))
        place = mpeg.behind_tags(data, end)
        end = chunks.end_of(data, place)
    left = len(data) - place
    if left >= LEAST and any(data[place : place + LEAST]):
        mark = bytes(data[place : place + 4])
        if mark in (b"OggS", b"fLaC") or mpeg.begins(data, place):
            parts += _within(data, place, len(data))
        elif mark not in chunks.CHUNKS_BEHIND:
            note = f"{left} bytes behind the end of the recording, which are no audio of a known kind, left out"
            parts[-1] = replace(parts[-1], notes=(note,))
    return parts if len(parts) > 1 or parts[-1].notes else None


def _finished(data: Buffer, place: int, samples: int, end: int) -> Part:
    """A WAV whose header names no samples, with a header that names all."""
    header = bytes(data[place : samples - 4]) + (end - samples).to_bytes(4, "little")
    return Part(((samples, end),), header, notes=("its header was not finished; read to the end",))


def _within(data: Buffer, first: int, end: int) -> List[Part]:
    """The recordings in a stretch of bytes."""
    stretch = bytes(data[first:end])
    parts = parts_of(stretch) or [Part(((0, len(stretch)),))]
    return [replace(part, spans=tuple((first + begin, first + stop) for begin, stop in part.spans)) for part in parts]


def _other_container(data: Buffer, start: int, magic: bytes) -> Optional[int]:
    """Where the first recording in a container of another kind begins, behind one whose header does not say where it ends."""
    firsts = (
        next((place - before for place in _places(data, mark, start + 1 + before) if _begins(data, place - before, magic)), None)
        for mark, before in STARTS
    )
    return min((place for place in firsts if place is not None), default=None)


def _begins(data: Buffer, place: int, magic: bytes) -> bool:
    """Whether a recording of another kind than ``magic`` begins at a byte."""
    mark = bytes(data[place : place + 4])
    if mark == b"fLaC" and bytes(data[place - OGG_FLAC_HEAD : place]).startswith(OGG_FLAC):
        return False
    if mark == magic or mark[:1] == magic[:1] == b"\xff":
        return False
    return mark in (b"OggS", b"fLaC") or mpeg.begins(data, place) or chunks.end_of(data, place) is not None


def _places(data: Buffer, mark: bytes, start: int) -> Iterator[int]:
    """Every place of ``mark``."""
    place = data.find(mark, start)
    while place >= 0:
        yield place
        place = data.find(mark, place + 1)


class Spliced(io.RawIOBase):
    """A part as a file to read from."""

    def __init__(self, data: Buffer, part: Part) -> None:
        view = memoryview(data)
        self._pieces = [memoryview(part.header), *(view[first:end] for first, end in part.spans)]
        self._ends = list(accumulate(map(len, self._pieces)))
        self._at = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte, and return its number."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1]}[whence]
        return self._at

    def tell(self) -> int:
        """The number of the next byte."""
        return self._at

    def readinto(self, buffer: Union[bytearray, memoryview]) -> int:  # type: ignore[override]
        """Fill ``buffer`` as far as there are bytes, and return their number."""
        target = memoryview(buffer).cast("B")
        done = 0
        while done < len(target) and self._at < self._ends[-1]:
            number = bisect_right(self._ends, self._at)
            piece = self._pieces[number]
            first = self._at - (self._ends[number] - len(piece))
            count = min(len(piece) - first, len(target) - done)
            target[done : done + count] = piece[first : first + count]
            done, self._at = done + count, self._at + count
        return done
