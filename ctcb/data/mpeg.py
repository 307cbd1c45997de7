"""MPEG audio (MP3 and its older layers) by its frames: where recordings in a file begin and how long they are.

A file without a Xing, Info or VBRI header does not say how long it is, and decoders guess it from the bit rate of the
first frame. Here its frames are counted, and a header that gives their number is put before them.
Formats: ISO/IEC 11172-3 and 13818-3 (frames), the Xing and LAME tags as mpg123 reads them, ID3v2.4, APEv2.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from mmap import mmap
from typing import List, NamedTuple, Optional, Tuple, Union

Buffer = Union[bytes, mmap]

# kbit/s by (MPEG-1?, layer) and the header's index. Index 0 is a free format, 15 is forbidden.
_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
KBITS = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): _LOW, (False, 3): _LOW,
}  # fmt: skip
RATES = (44100, 48000, 32000)  # Hz of MPEG-1; MPEG-2 has half of them, MPEG-2.5 a quarter
HEADER_ROOM = 200  # bytes that a header frame of ours has at least
LOST = 2  # frames that a header may leave out, itself for one; where more follow, they are another recording's

_BEGINNINGS = re.compile(rb"\xff[\xe2-\xff][\x10-\xef]|ID3|TAG|APETAGEX")  # of what may stand behind bytes that are nothing


class Frame(NamedTuple):
    """The header of a frame."""

    size: int  # bytes
    kind: Tuple[int, int, int, bool]  # version's and layer's bits, Hz, whether mono: alike in all frames of a recording
    samples: int  # of a channel


class _Header(NamedTuple):
    """What a header frame says."""

    frames: Optional[int]  # behind it
    is_read: bool  # by libsndfile's decoder


@dataclass(frozen=True)
class Stream:
    """A recording within the bytes of a file."""

    spans: Tuple[Tuple[int, int], ...]  # its bytes, first and end, in order
    header: bytes = b""  # to be put before them, where they lack one,
    samples: Optional[int] = None  # and the samples of a channel that then are at the end of what is decoded
    notes: Tuple[str, ...] = ()  # what is wrong with it, in words


def frame_at(data: Buffer, place: int) -> Optional[Frame]:
    """The frame that begins at a byte; None where none does, or one of a free format."""
    if place + 4 > len(data) or data[place] != 0xFF:
        return None
    second, third, fourth = data[place + 1], data[place + 2], data[place + 3]
    version, layer = second >> 3 & 3, 4 - (second >> 1 & 3)
    bits, rate = third >> 4, third >> 2 & 3
    if second < 0xE0 or version == 1 or layer == 4 or bits in (0, 15) or rate == 3:
        return None
    first = version == 3
    hertz = RATES[rate] >> (0 if first else 1 if version == 2 else 2)
    kbits, padding = KBITS[first, layer][bits], third >> 1 & 1
    if layer == 1:
        size = (12000 * kbits // hertz + padding) * 4
    else:
        size = (144000 if first or layer == 2 else 72000) * kbits // hertz + padding
    samples = 384 if layer == 1 else 576 if layer == 3 and not first else 1152
    return Frame(size, (version, layer, hertz, fourth >> 6 == 3), samples)


def behind_tags(data: Buffer, place: int) -> int:
    """The first byte from ``place`` on that is of no tag (ID3v1 and v2, APE)."""
    while True:
        mark = bytes(data[place : place + 10])
        if mark[:3] == b"ID3" and len(mark) == 10 and max(mark[6:]) < 128:
            size = mark[6] << 21 | mark[7] << 14 | mark[8] << 7 | mark[9]
            place += 10 + size + (10 if mark[5] & 16 else 0)
        elif mark[:3] == b"TAG":
            place += 128
        elif mark[:8] == b"APETAGEX":
            head = bytes(data[place : place + 32])
            size = int.from_bytes(head[12:16], "little")  # of the items and the footer
            footer_only = len(head) == 32 and not head[23] & 0x20
            place += 32 if footer_only else 32 + size
        else:
            return min(place, len(data))


def begins(data: Buffer, place: int = 0) -> bool:
    """Whether there is MPEG audio from a byte on, or tags and then MPEG audio."""
    place = behind_tags(data, place)
    first = frame_at(data, place)
    return first is not None and _followed(data, place, first)


def streams(data: Buffer) -> Optional[List[Stream]]:
    """The recordings in the bytes of a file; None where a decoder reads it to its end as it is, or it is no MPEG audio."""
    if not begins(data):
        return None
    runs = [run for run in _runs(data, behind_tags(data, 0)) if run.frames]
    if len(runs) == 1 and runs[0].is_plain:
        return None
    return [run.stream(data) for run in runs] or None


class _Run:
    """Frames of one kind, one behind the other, and the header frame before them."""

    def __init__(self, first: int, frame: Frame, header: Optional[_Header]) -> None:
        self.first, self.frame, self.header = first, frame, header
        self.claimed = None if header is None else header.frames  # by the header
        self.frames = self.skipped = 0  # frames; bytes in between that are neither frames nor tags
        self.is_cut = False  # within its last frame
        self.spans: List[Tuple[int, int]] = []
        self.late: List[Tuple[int, int]] = []  # frames beyond those that the header names

    def add(self, place: int, end: int) -> None:
        """The bytes of a frame."""
        self.frames += 1
        self._keep(place, end)

    def add_header(self, place: int, end: int) -> None:
        """The bytes of the header frame, which stays where decoders read it."""
        if self.header is not None and self.header.is_read:
            self._keep(place, end)

    def _keep(self, place: int, end: int) -> None:
        if self.spans and self.spans[-1][1] == place:
            self.spans[-1] = (self.spans[-1][0], end)
        else:
            self.spans.append((place, end))

    @property
    def is_plain(self) -> bool:
        """Whether a decoder finds its length and its end by itself."""
        return not (self._needs_header or self.skipped)

    @property
    def _needs_header(self) -> bool:
        return self.frame.kind[1] == 3 and (self.header is None or not self.header.is_read)

    def stream(self, data: Buffer) -> Stream:
        """The recording, with an Info frame where one is needed."""
        if not self._needs_header:
            return Stream(tuple(self.spans), notes=self.notes)
        count = max(self.frames, self.claimed or 0)
        header = info_frames(bytes(data[self.first : self.first + 4]), count)
        return Stream(tuple(self.spans), header, count * self.frame.samples, self.notes)

    @property
    def notes(self) -> Tuple[str, ...]:
        """What is wrong with it."""
        found = []
        if self.skipped:
            found.append("bytes between the frames, which are no audio, skipped")
        if self.is_cut and self.claimed is None:
            found.append("cut off within the last frame, and no header says how much is missing,")
        return tuple(found)


def _runs(data: Buffer, place: int) -> List[_Run]:
    runs: List[_Run] = []
    run: Optional[_Run] = None
    while place < len(data):
        frame = frame_at(data, place)
        if frame is None or (run is not None and frame.kind != run.frame.kind and not _followed(data, place, frame)):
            behind = behind_tags(data, place)
            if behind == place:
                behind = _next_frame(data, place + 1)
                if run is not None and behind < len(data):
                    run.skipped += behind - place
            elif run is not None and run.claimed is not None and bytes(data[place : place + 3]) == b"ID3":
                run = None  # a tag stands before a recording
            place = behind
            continue
        end = place + frame.size
        header = _header(data, place, frame)
        if run is None or header is not None or frame.kind != run.frame.kind:
            run = _Run(place, frame, header)
            runs.append(run)
        if end > len(data):
            run.is_cut = True
        elif header is not None:
            run.add_header(place, end)
        elif run.claimed is not None and run.frames >= run.claimed:
            run.late.append((place, end))
            if len(run.late) > LOST:  # another recording's, which has no header
                late, run = run.late, _Run(run.late[0][0], frame, None)
                runs.append(run)
                for one in late:
                    run.add(*one)
        else:
            run.add(place, end)
        place = end
    return runs


def _followed(data: Buffer, place: int, frame: Frame) -> bool:
    """Whether another frame of the kind, a tag, or the end comes behind a frame: two bytes alone may be chance."""
    behind = behind_tags(data, place + frame.size)
    if behind >= len(data) or behind != place + frame.size:
        return True
    following = frame_at(data, behind)
    return following is not None and following.kind == frame.kind


def _next_frame(data: Buffer, place: int) -> int:
    """The next byte at which a frame begins that another one follows; the end where there is none."""
    for found in _BEGINNINGS.finditer(data, place):
        place = found.start()
        frame = frame_at(data, place)
        if (frame is not None and _followed(data, place, frame)) or behind_tags(data, place) > place:
            return place
    return len(data)


def _header(data: Buffer, place: int, frame: Frame) -> Optional[_Header]:
    """What a frame says of the number of frames, if it is a Xing, Info or VBRI header."""
    version, layer, _, mono = frame.kind
    if layer != 3:
        return None
    tag = place + 4 + _side_info(version, mono)
    mark = bytes(data[tag : tag + 12])
    if mark[:4] in (b"Xing", b"Info") and len(mark) == 12:
        count = int.from_bytes(mark[8:], "big") if mark[7] & 1 else 0
        return _Header(count or None, count > 0)
    mark = bytes(data[place + 36 : place + 54])
    if mark[:4] == b"VBRI" and len(mark) == 18:
        return _Header(int.from_bytes(mark[14:], "big") or None, False)
    return None


def _side_info(version: int, mono: bool) -> int:
    """Bytes between a frame's header and what it codes."""
    return (17 if mono else 32) if version == 3 else (9 if mono else 17)


def info_frames(header: bytes, frames: int) -> bytes:
    """Two Layer III frames of silence, the first of which tells decoders how many frames follow it.

    Decoders that know the number leave out their delay of 529 samples at the start: the second frame is there for that.
    ``header``: the first four bytes of one that follows.
    """
    second, third, fourth = header[1] | 1, header[2] & 0x0C, header[3]  # without a checksum and padding
    choices = (bytes((0xFF, second, third | bits << 4, fourth)) for bits in range(1, 15))  # by rising bit rate
    made, frame = next((one, frame) for one in choices if (frame := frame_at(one, 0)) is not None and frame.size >= HEADER_ROOM)
    silent = bytes(_side_info(frame.kind[0], frame.kind[3]))
    said = b"Info" + (1).to_bytes(4, "big") + (frames + 1).to_bytes(4, "big")
    return (made + silent + said).ljust(frame.size, b"\0") + made.ljust(frame.size, b"\0")
