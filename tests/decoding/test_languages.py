"""Lists in any alphabet: a clean emission of a name gives the name back, with its span, in characters and in pieces."""
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ctcb

# A language's letters, lower case where it has case.
ALPHABETS = {
    "de": "abcdefghijklmnopqrstuvwxyzäöüß",
    "fr": "abcdefghijklmnopqrstuvwxyzàâæçéèêëîïôœùûüÿ",
    "pl": "aąbcćdeęfghijklłmnńoóprsśtuwyzźż",
    "cs": "aábcčdďeéěfghiíjklmnňoópqrřsštťuúůvwxyýzž",
    "tr": "abcçdefgğhıijklmnoöprsştuüvyz",
    "vi": "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ",
    "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "el": "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώ",
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإؤئةى",
    "he": "אבגדהוזחטיכךלמםנןסעפףצץקרשת",
    "hi": "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह",
    "ko": "가나다라마바사아자차카타파하고노도로모보소오조초",
}
UNSPACED = {
    "zh": "我们请李明张伟华来打电话给理鸣北京上海",
    "ja": "あいうえおかきくけこさしすせそ山田太郎東京アイウエオ",
    "th": "กขคงจฉชซญดตถทธนบปผพฟมยรลวสหอฮ",
}
SETTINGS = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
SHIFT = 0.04


def clean(ids, size):
    """Emissions that say the ids, two frames each and a blank behind each."""
    frames = [token for id_ in ids for token in (id_, id_, 0)]
    probs = np.full((len(frames) + 1, size), 1e-4)
    probs[-1, 0] = 1
    probs[np.arange(len(frames)), frames] = 1
    return np.log(probs / probs.sum(1, keepdims=True)).astype(np.float32)


def pieces(letters, seed):
    """A vocabulary in sentencepiece's manner: the letters, and pairs of them, inside of words and at their beginning."""
    draw = random.Random(seed)
    pairs = {"".join(draw.choices(letters, k=2)) for _ in range(60)}
    inner = list(dict.fromkeys([*letters, *sorted(pairs)]))
    return ["<blk>", *inner, *(f"▁{piece}" for piece in inner)]


def cut(word, vocabulary, draw):
    """A word in pieces, at random."""
    ids, place = [], 0
    while place < len(word):
        mark = "" if place else "▁"
        sizes = [size for size in (2, 1) if place + size <= len(word) and mark + word[place : place + size] in vocabulary]
        size = draw.choice(sizes)
        ids.append(vocabulary[mark + word[place : place + size]])
        place += size
    return ids


@st.composite
def sentences(draw, alphabets):
    """A language, a name of one or two words, and a word before and behind it that are no part of it."""
    language = draw(st.sampled_from(sorted(alphabets)))
    # Different letters, for a name that repeats itself may begin at several places.
    longest = min(9, len(alphabets[language]) // 4)
    word = st.lists(st.sampled_from(alphabets[language]), min_size=3, max_size=longest, unique=True).map("".join)
    name = [draw(word) for _ in range(draw(st.integers(1, 2)))]
    before, behind = draw(word), draw(word)
    return language, name, before, behind


def check(decoder, emissions, text, name, first, last):
    found = decoder.decode(emissions, entities=[name, "Smith", "Müller"])
    assert found.text == text
    (entity,) = found.entities
    assert entity.entity == name and entity.replaced is None
    # The last token may last until the next one begins.
    assert entity.start == pytest.approx(first * SHIFT) and last * SHIFT - 1e-6 <= entity.end <= (last + 2) * SHIFT


@SETTINGS
@given(sentences(ALPHABETS))
def test_names_in_characters(sentence):
    language, name, before, behind = sentence
    tokens = ["<pad>", "|", *ALPHABETS[language]]
    words = [before, *name, behind]
    if any(words[i : i + len(name)] == name for i in (0, 2) if i + len(name) <= len(words)):
        return
    ids = [tokens.index(char) for char in "|".join(words)]
    first, length = len(before) + 1, len(" ".join(name))
    decoder = ctcb.CtcDecoder(tokens, frame_shift=SHIFT, language=language)
    title = " ".join(word[:1].upper() + word[1:] if language not in ("de", "tr") else word for word in name)
    check(decoder, clean(ids, len(tokens)), " ".join(words), title, 3 * first, 3 * (first + length) - 1)


@SETTINGS
@given(sentences(ALPHABETS), st.integers(0, 5))
def test_names_in_pieces(sentence, seed):
    language, name, before, behind = sentence
    words = [before, *name, behind]
    if any(words[i : i + len(name)] == name for i in (0, 2) if i + len(name) <= len(words)):
        return
    tokens = pieces(ALPHABETS[language], seed)
    vocabulary, draw = {token: place for place, token in enumerate(tokens)}, random.Random(seed)
    parts = [cut(word, vocabulary, draw) for word in words]
    ids = [token for part in parts for token in part]
    first, last = len(parts[0]), len(ids) - len(parts[-1])
    decoder = ctcb.CtcDecoder(tokens, frame_shift=SHIFT)
    found = decoder.decode(clean(ids, len(tokens)), entities=[" ".join(name)])
    assert found.text == " ".join(words)
    assert [one.entity for one in found.entities] == [" ".join(name)]
    assert found.entities[0].start == pytest.approx(3 * first * SHIFT)
    assert found.entities[0].end == pytest.approx((3 * last - 1) * SHIFT, abs=2 * SHIFT)


@SETTINGS
@given(sentences(UNSPACED))
def test_names_without_spaces(sentence):
    language, name, before, behind = sentence
    name = "".join(name)
    text = before + name + behind
    if not set(name).isdisjoint(before + behind):  # else it may stand in parts elsewhere
        return
    tokens = ["<blank>", *UNSPACED[language], "<sos/eos>"]
    ids = [tokens.index(char) for char in text]
    decoder = ctcb.CtcDecoder(tokens, frame_shift=SHIFT)
    check(decoder, clean(ids, len(tokens)), text, name, 3 * len(before), 3 * (len(before) + len(name)) - 1)


@SETTINGS
@given(sentences({**ALPHABETS, **UNSPACED}), st.integers(0, 9))
def test_a_list_that_nobody_speaks_of_changes_nothing(sentence, seed):
    language, name, before, behind = sentence
    letters = {**ALPHABETS, **UNSPACED}[language]
    spaced = language in ALPHABETS
    tokens = ["<pad>", *(["|"] if spaced else []), *letters]
    words = [before, *name, behind]
    draw = random.Random(seed)
    others = ["".join(draw.choices(letters, k=draw.randint(4, 9))) for _ in range(20)]
    text = (" " if spaced else "").join(words)
    others = [other for other in others if other not in text]
    ids = [tokens.index("|" if char == " " else char) for char in text]
    found = ctcb.CtcDecoder(tokens).decode(clean(ids, len(tokens)), entities=others)
    assert found.text == text and found.entities == ()


def test_turkish_capitals():
    tokens = ["<pad>", "|", *ALPHABETS["tr"]]
    text = "bugün dıyarbakır istanbul"
    emissions = clean([tokens.index("|" if char == " " else char) for char in text], len(tokens))
    found = ctcb.CtcDecoder(tokens).decode(emissions, entities=["DIYARBAKIR", "İSTANBUL"])
    assert found.text == text and [one.entity for one in found.entities] == ["DIYARBAKIR", "İSTANBUL"]


def test_names_as_they_are_printed():
    tokens = ["<pad>", "|", *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    emissions = clean([tokens.index("|" if char == " " else char) for char in "ask mccarthy"], len(tokens))

    def text(print_as):
        return ctcb.CtcDecoder(tokens, print_as=print_as).decode(emissions, entities=["McCarthy", "José"]).text

    assert [text(way) for way in ("list", "model", "exact")] == ["ask McCarthy", "ask mccarthy", "ask McCarthy"]
    folded = clean([tokens.index("|" if char == " " else char) for char in "ask Jose"], len(tokens))
    decoders = [ctcb.CtcDecoder(tokens, print_as=way) for way in ("list", "model", "exact")]
    assert [one.decode(folded, entities=["José"]).text for one in decoders] == ["ask Jose", "ask Jose", "ask José"]
    with pytest.raises(ctcb.InputError, match="choose from list, model, exact"):
        ctcb.CtcDecoder(tokens, print_as="shouted")


@pytest.mark.parametrize("text, names, found, printed", [
    ("call smith, now", ["Smith"], ["Smith"], "call smith, now"),
    ("he met smith.", ["Smith"], ["Smith"], "he met smith."),
    ("the u.s. army", ["U.S."], ["U.S."], "the u.s. army"),
    ("jean-pierre came", ["Jean-Pierre"], ["Jean-Pierre"], "jean-pierre came"),
    ("jean pierre came", ["Jean-Pierre"], ["Jean-Pierre"], "jean-pierre came"),
    ("smith's house", ["Smith"], ["Smith"], "smith's house"),
    ("don't go", ["Don"], [], "don't go"),
    ("smithers came", ["Smith"], [], "smithers came"),
    ("smith-like men", ["Smith"], [], "smith-like men"),
    ("o'neil's, yes", ["O'Neil"], ["O'Neil"], "o'neil's, yes"),
])  # fmt: skip
def test_punctuation_beside_and_inside_names(text, names, found, printed):
    tokens = ["<pad>", "|", *"abcdefghijklmnopqrstuvwxyz'.,-"]
    emissions = clean([tokens.index("|" if char == " " else char) for char in text], len(tokens))
    result = ctcb.CtcDecoder(tokens).decode(emissions, entities=names)
    assert (result.text, [one.entity for one in result.entities]) == (printed, found)
    if found:
        assert found[0] in result.to_dict()["shown"]


def test_possessive_in_pieces():
    tokens = ["<blk>", "▁the", "▁", "z", "el", "en", "sk", "y", "▁speech", "'", "s", "▁man", ".", "ly"]
    ids = [1, 2, 3, 4, 5, 6, 7, 7, 9, 10, 8, 12]
    result = ctcb.CtcDecoder(tokens).decode(clean(ids, len(tokens)), entities=["Zelenskyy"])
    assert result.text == "the zelenskyy's speech." and [one.entity for one in result.entities] == ["Zelenskyy"]
    assert result.to_dict()["shown"] == "the Zelenskyy's speech."
    other = ctcb.CtcDecoder(tokens).decode(clean([1, 2, 3, 4, 5, 6, 7, 13, 8], len(tokens)), entities=["Zelensky"])
    assert other.text == "the zelenskyly speech" and other.entities == ()


def test_bytes_write_what_the_pieces_lack():
    tokens = ["<blk>", "<unk>", "▁", "a", "b", "▁ab", *(f"<0x{byte:02X}>" for byte in range(256))]
    in_bytes = [tokens.index(f"<0x{byte:02X}>") for byte in "李".encode()]
    result = ctcb.CtcDecoder(tokens).decode(clean([5, 2, *in_bytes, 5], len(tokens)), entities=["李"])
    assert result.text == "ab 李 ab" and [one.entity for one in result.entities] == ["李"]


def test_joined_tokenizers_and_wordpieces():
    joined = ["<blk>", "▁call", "▁lo", "gan", "▁now", "▁call", "▁lo", "gan", "▁ya"]
    second = ctcb.CtcDecoder(joined).decode(clean([5, 6, 7, 8], len(joined)), entities=["Logan"])
    assert second.text == "call logan ya" and [one.entity for one in second.entities] == ["Logan"]
    pieces_ = ["[PAD]", "[UNK]", "call", "lo", "##gan", "now", ",", "[unused1]"]
    result = ctcb.CtcDecoder(pieces_).decode(clean([2, 3, 4, 6, 5], len(pieces_)), entities=["Logan"])
    assert result.text == "call logan, now" and [one.entity for one in result.entities] == ["Logan"]
