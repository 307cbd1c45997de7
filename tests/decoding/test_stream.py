"""Streams over emissions: whatever the pieces, an utterance's transcript is that of ``decode``."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import pytest
from constructed import MET, PIECES, log_probs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ctcb
from ctcb.decoding.endpoint import EndpointDetector, Endpoints
from ctcb.entities import Entity
from ctcb.errors import InputError
from ctcb.phones.phonetics import Phonetics
from ctcb.search.beam import stream as beam_stream

SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
SYMBOLS = ["<blk>", "▁an", "n", "▁met", "▁bo", "b", "v", "z", "▁new", "▁york", "'", "s"]
NAMES = [Entity("Bob", weight=2.0), "Ann Met", "New York", "New Yorks Bob", Entity("boz", weight=-1.0)]
SHIFT = 0.04
BEAM = {"beam.beam": 4}  # narrower than the vocabulary is large, so that hypotheses give way to others
KINDS = ("plain", "greedy", "boosts", "nbest", "lm", "class", "phones", "phones without a list", "pushed")


@lru_cache(maxsize=None)
def made(kind, folder=None):
    """A decoder, its list, how many texts are asked for, and whether there are phones."""
    if kind in ("lm", "class"):
        file = folder / "lm.arpa"
        words = "".join(f"-{0.4 + 0.1 * i:.1f}\t{word}\n" for i, word in enumerate(["met", "an", "ann", "bov", "new", "york", "yorks"]))
        file.write_text(f"\\data\\\nngram 1=10\n\n\\1-grams:\n-1\t<s>\n-1\t</s>\n-2\t<unk>\n{words}\n\\end\\\n")
        return ctcb.CtcDecoder(SYMBOLS, frame_shift=SHIFT, lm=file, settings=BEAM), NAMES if kind == "class" else [], 3, False
    with_phones = kind.startswith("phones")
    decoder = ctcb.CtcDecoder(
        SYMBOLS, frame_shift=SHIFT, bias="none" if kind in ("plain", "greedy") else "decoder", phone_emissions=with_phones,
        settings=BEAM,
        method="greedy" if kind == "greedy" else None)
    names = {"boosts": NAMES[:4], "nbest": NAMES[:4], "phones": NAMES[:4], "pushed": NAMES}.get(kind, [])
    return decoder, names, 4 if kind in ("nbest", "phones") else 1, with_phones


def spoken(seed, frames, width):
    """Emissions of random tokens, some of them unsure, with stretches of blanks."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (frames, width))
    said = np.where(rng.random(frames) < 0.5, 0, rng.integers(0, width, frames))
    logits[np.arange(frames), said] += rng.choice([3, 7, 12], frames)
    for first in rng.integers(0, frames + 1, 3):
        logits[first : first + 12, 0] += 12
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def fed(stream, arrays, cuts, watch=lambda partial: None):
    """The transcripts of a stream that gets ``arrays`` (tokens and phones, or tokens alone) in pieces."""
    found = []
    for piece in zip(*(np.split(array, cuts) for array in arrays)):
        found += stream.accept(*piece)
        watch(stream.partial())
    return [*found, stream.finish()]


@pytest.fixture(autouse=True)
def small_memory(monkeypatch):
    monkeypatch.setattr(beam_stream, "NODES", 20)
    monkeypatch.setattr(beam_stream, "ROWS", 10)


@pytest.mark.parametrize("kind", KINDS)
def test_transcript_equals_that_of_the_whole(kind, tmp_path_factory):
    decoder, names, nbest, with_phones = made(kind, tmp_path_factory.mktemp("lm") if kind in ("lm", "class") else None)

    def compared(seed, frames, cuts):
        """How many words are settled before the end."""
        arrays = [spoken(seed, frames, len(SYMBOLS))]
        if with_phones:
            arrays.append(spoken(seed + 1, frames, len(Phonetics.default().symbols)))
        partials = []
        [found] = fed(decoder.stream(names, nbest, "u"), arrays, cuts, partials.append)
        assert found == decoder.decode(arrays[0], names, nbest, "u", **({"phones": arrays[1]} if with_phones else {}))
        counts = [partial.settled for partial in partials]
        assert counts == sorted(counts)
        for partial in partials:
            assert partial.words[: partial.settled] == found.words[: partial.settled]
        if kind != "class":  # of entities the LM's class may come to count otherwise
            assert partials[-1].text == found.text or with_phones or found.withdrawn  # which `verify` does when it ends
        return counts[-1]

    @SETTINGS
    @given(seed=st.integers(0, 10**6), frames=st.integers(0, 120), data=st.data())
    def check(seed, frames, data):
        compared(seed, frames, sorted(data.draw(st.lists(st.integers(0, frames), max_size=8))))

    check()
    assert max(compared(seed, 120, [30, 60, 90, 119]) for seed in range(40)) > 0 or with_phones  # techniques behind the search may change any word


@SETTINGS
@given(seed=st.integers(0, 10**6), data=st.data())
def test_endpoints_do_not_depend_on_the_pieces(seed, data):
    decoder, names, _, _ = made("boosts")
    emissions = spoken(seed, 300, len(SYMBOLS))
    rules = Endpoints(silence=8 * SHIFT, silence_before_words=15 * SHIFT, longest=60 * SHIFT)
    cuts = sorted(data.draw(st.lists(st.integers(0, 300), max_size=10)))
    found = fed(decoder.stream(names, utt_id="u", endpoints=rules), [emissions], cuts)
    # By hand: the rules, and then `decode` of each utterance.
    first = silent = 0
    expected, spoke = [], False
    for frame, best in enumerate(emissions.argmax(axis=1)):
        silent, spoke = (silent + 1, spoke) if best == 0 else (0, True)
        if silent == (8 if spoke else 15) or frame + 1 - first == 60:
            expected.append((first, frame + 1))
            first, silent, spoke = frame + 1, 0, False
    expected.append((first, 300))
    kept = []
    for first, end in expected:
        whole = decoder.decode(emissions[first:end], names)
        if whole.words or end == 300:
            kept.append((first, whole))
    assert len(found) == len(kept) > 2
    for number, (one, (first, whole)) in enumerate(zip(found, kept), 1):
        assert (one.utt_id, one.text) == (f"u-{number}", whole.text)
        np.testing.assert_allclose([word.start for word in one.words], [word.start + first * SHIFT for word in whole.words])
        assert one.stretches[0].start == pytest.approx(first * SHIFT)


def test_rules_of_endpoints():
    blank = np.ones(100, bool)
    word = ~np.ones(1, bool)
    detector = EndpointDetector(Endpoints(), 0.04)
    assert detector.find(blank) == 60  # 2.4 s without a word
    assert detector.find(np.r_[word, blank]) == 31  # 1.2 s behind one
    assert detector.find(np.zeros(600, bool)) == 500  # 20 s
    assert EndpointDetector(None, 0.04).find(np.ones(10_000, bool)) is None
    for wrong in (0, -1, float("nan")):
        with pytest.raises(InputError, match="longest"):
            Endpoints(longest=wrong)


def test_names_under_way_and_settled_words():
    decoder = ctcb.CtcDecoder(SYMBOLS, frame_shift=SHIFT, settings={"beam.beam": 2}, without=["g2g"])
    said = ["▁met", "<blk>", "▁an", "n", "<blk>", "▁new", "<blk>", "▁york", "<blk>", "▁met", "▁an", "n", "▁met"]
    emissions = log_probs(SYMBOLS, [{piece: 0.97, "v": 0.01} for piece in said])
    stream = decoder.stream(["New York", "Ann"])
    stream.accept(emissions[:6])
    assert (stream.partial().text, stream.partial().under_way) == ("met ann new", ("New York",))
    stream.accept(emissions[6:])
    partial = stream.partial()
    assert partial.text == "met ann new york met ann met" and partial.under_way == ()
    assert [found.entity for found in partial.entities] == ["Ann", "New York", "Ann"]
    assert partial.settled >= 4 and partial.end == pytest.approx(13 * SHIFT)


def test_list_is_swapped_at_an_endpoint():
    decoder = ctcb.CtcDecoder(PIECES, frame_shift=SHIFT)
    silence = log_probs(PIECES, ["<blk>"] * 40)
    once = np.concatenate([log_probs(PIECES, MET), silence])
    stream = decoder.stream(["Boz"], endpoints=Endpoints())
    assert stream.accept(once[:5]) == []
    stream.swap_list(["Bob"])  # for what comes behind the endpoint
    [first] = stream.accept(once[5:])
    [second] = stream.accept(once)
    stream.swap_list([])
    [third] = stream.accept(once)
    assert [one.text for one in (first, second, third)] == ["ann met boz", "ann met bob", "ann met bov"]
    with pytest.raises(InputError, match="no entity is left"):
        stream.swap_list(["???"])
    assert stream.finish().text == ""
    for call in (stream.finish, lambda: stream.accept(once), lambda: stream.swap_list([])):
        with pytest.raises(InputError, match="finished"):
            call()


def test_malformed_pieces_are_refused_and_change_nothing():
    decoder = ctcb.CtcDecoder(PIECES, frame_shift=SHIFT)
    emissions = log_probs(PIECES, MET)
    nan, wide = emissions.copy(), np.zeros((3, 4), np.float32)
    nan[2, 1] = np.nan
    stream = decoder.stream(["Bob"])
    stream.accept(emissions[:4])
    for wrong, said in (
        (nan, "NaN or .inf at frame 2 .*begins with the stream's frame 4"), (wide, "4 tokens a frame"), (emissions[0], "shape"),
        (np.exp(emissions), "not natural-log"), ("abc", "emissions"),
    ):
        with pytest.raises(InputError, match=said):
            stream.accept(wrong)
    with pytest.raises(InputError, match="frames without the list"):
        stream.accept(emissions, unbiased=emissions[:2])
    stream.accept(emissions[4:4])
    stream.accept(emissions[4:].astype(np.float64))
    assert stream.finish() == decoder.decode(emissions, ["Bob"])
    with_phones = ctcb.CtcDecoder(PIECES, phone_emissions=True)
    stream, phones = with_phones.stream(["Bob"]), spoken(0, len(emissions), len(Phonetics.default().symbols))
    with pytest.raises(InputError, match="no phone emissions"):
        stream.accept(emissions)
    stream.accept(emissions[:4], phones[:4])
    with pytest.raises(InputError, match="phone emissions"):
        stream.accept(emissions[4:])
    with pytest.raises(InputError, match="2 frames of phone emissions"):
        stream.accept(emissions[4:], phones[:2])


def test_streams_of_one_decoder_run_at_once():
    decoder, names, _, _ = made("boosts")
    emissions = [spoken(seed, 400, len(SYMBOLS)) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda one: fed(decoder.stream(names), [one], list(range(0, 400, 7))), emissions))
    assert found == [[decoder.decode(one, names)] for one in emissions]
