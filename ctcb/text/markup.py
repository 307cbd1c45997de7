"""Markup in transcripts: what transcribers and recognisers note beside the words, and what nobody said.

:func:`clean` decodes character references (:mod:`ctcb.text.html_entities`), drops the markup and says what it was:

1.  **Angle brackets**: ``<unk>``, ``<noise/>``, ``</s>``, ``<COMMA>``, ``<|en|>``, ``<i>``, ``<v Ann>``; the text between
    two tags stays. ``a < b`` is none.
2.  **Square brackets**, with all that they hold: ``[noise]``, ``[SPEAKER_01]:``, ``[00:12]``, ``【掌声】``. Switchboard's
    ``[laughter-yes]`` is the word *yes*, and the letters of a word stay: ``[T]he``.
3.  **Parentheses** whose words all are of the list of sounds below: ``(laughter)``, ``((unintelligible))``, ``（笑）``; also
    ``(%hesitation)`` and the variants of pronunciations, ``word(2)``. Other parentheses hold words, as in print.
4.  **Braces** without a slash: ``{breath}``. With a slash they hold words, ``{ a / b }``: alternatives in SCTK's formats
    (:mod:`ctcb.scoring.readings`), where ``{ um }`` with spaces is one too, and punctuation elsewhere.
5.  **Words with a mark**: ``%hesitation``, ``%äh``, ``&=laughs``, ``++breath++``, ``!SIL``, ``*coughs*`` (sounds only).
6.  **A speaker's number** at the start: ``SPEAKER_01:``, ``Speaker 2:``.
"""
from __future__ import annotations

import unicodedata
from typing import Callable, List, Mapping, NamedTuple, Tuple

import regex

from ctcb.text.html_entities import decode_entities

# What stands in parentheses or between asterisks as a sound, or as the word for what was not understood; in several languages.
_SOUNDS = frozenset(
    """
    applause beep beeping beeps bell breath breathes breathing breaths chuckle chuckles chuckling clap clapping claps click clicks cough coughing coughs
    crosstalk cry crying exhale exhales foreign gasp gasps giggle giggles giggling groan groans hesitation inaudible indistinct inhale inhales
    indiscernible knock knocking knocks laugh laughing laughs laughter lipsmack mumble mumbles mumbling music noise noises overlap overlapping pause ring ringing
    rings scream screaming screams sigh sighing sighs silence sing singing sings siren slams smack smacks sneeze sneezes sniff sniffle sniffles sniffs
    sob sobbing sobs sound static throat unclear unintelligible unk vocalization vocalized whispering whispers whistle whistles whistling
    xx xxx yawn yawns
    applaus atmen atmet gelächter gemurmel geräusch husten hustet klatschen lachen lacht lachend musik pause räuspern räuspert rauschen seufzt
    stille stöhnt unverständlich weint
    applaudissements bruit inaudible inintelligible incompréhensible musique rire rires silence soupir soupire toux tousse
    aplausos música musica ruido risa risas ríe silencio suspira suspiro tos tose ininteligible inaudible llora
    applausi risata risate ride rumore silenzio sospiro tosse incomprensibile
    aplausos riso risos ri ruído silêncio suspiro tosse ininteligível inaudível
    applaus gelach lacht hoest muziek stilte zucht onverstaanbaar gekuch
    skratt skrattar applåder musik hosta hostar ohörbart latter bifald hoste
    śmiech śmieje oklaski muzyka kaszel hałas cisza westchnienie niezrozumiałe niewyraźnie
    smích potlesk hudba kašel hluk ticho nesrozumitelné
    смех смеется смеётся аплодисменты музыка кашель кашляет шум вздох вздыхает пауза тишина неразборчиво неслышно
    сміх сміється оплески музика шум зітхає нерозбірливо
    gülüşmeler gülüyor gülme kahkaha alkış alkışlar müzik öksürük öksürür gürültü sessizlik anlaşılmıyor
    ضحك تصفيق موسيقى ضوضاء سعال صمت
    हँसी हंसी तालियाँ तालियां संगीत शोर
    笑 笑声 笑聲 大笑 掌声 掌聲 鼓掌 音乐 音樂 噪音 咳嗽 沉默 叹气 听不清 聽不清
    拍手 音楽 笑い 笑い声 咳 雑音 沈黙 聞き取れない 聞き取れず 溜息 ため息
    웃음 웃음소리 박수 음악 기침 소음 침묵 한숨
    """.split()
)
# What may stand beside such a word.
_BESIDE = frozenset(
    """
    audience background brief clears continues crowd deep deeply door dramatic ends from group heavily heavy in language light long loud loudly nervous
    nervously outside phone playing plays short slight soft softly speaker speakers speaking speech starts stops unknown upbeat vocal voice voices
    allgemeines ein eine im kurze kurzes lange leise lautes publikum sich
    dans du en le la les léger légers général salle el del fondo público los
    в зале громкий тихий
    """.split()
)
_WORDS = regex.compile(r"[\p{L}\p{M}'’]+")
_WIDE = str.maketrans("（）［］｛｝＜＞【】〔〕％", "()[]{}<>[][]%")

_MAY_HOLD = regex.compile(r"[<\[({%&*!（［｛＜【〔％＆]|\+\+|(?i:^\W*(?:speaker|spk)[ _-]?\w\s*:)|(?i:^\W*(?:speaker|spk)[ _-]?\d)")
_LAUGHED = regex.compile(r"(?i)\[(?:laughter|laughing|laugh|lachen)-(\p{L}[\p{L}\p{M}'’-]*)\]")
_PART_OF_WORD = regex.compile(r"\[([\p{Lu}\p{Ll}]{1,2})\](?=\p{Ll})|(?<=\p{Ll})\[(\p{Ll}+)\](?=-)")
# What is dropped wherever it stands.
_MARKS = tuple(
    map(
        regex.compile,
        (
            r"<\p{L}[\w:.-]*(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s<>\"']+))*\s*/?>",  # a tag, also with attributes
            r"<v(?:\.[\w.-]+)?\s[^<>]+>",  # the speaker of WebVTT
            r"(?<!\S)(?<!\d )%\p{L}[\w-]*",
            r"(?<!\S)&=[\p{L}:_]+",
            r"\+\+[\p{L}_-]+\+\+",
            r"(?<!\S)!(?i:SIL|NULL|ENTER|EXIT)(?!\S)",
            r"(?<=\p{L})\(\d+\)(?![\p{L}\p{N}])",
            r"\(\s*%\p{L}[\w-]*\s*\)",
            r"(?i)^\W*(?:speaker|spk)[ _-]?(?:\d+|[a-z])\s*:",
        ),
    )
)
# What is dropped if it holds a letter (or a digit, or the signs of Whisper's and WebVTT's tags), and what is if it is a sound.
_ANGLED, _SQUARE = regex.compile(r"<([^\s<>]+)>"), regex.compile(r"\[([^\[\]]*)\](?:\s*:)?")
_BRACE, _TIGHT_BRACE = regex.compile(r"\{([^{}/]*)\}"), regex.compile(r"\{((?!\s)[^{}/]*(?<!\s))\}")
_LETTER, _LETTER_OR_DIGIT, _IN_TAG = map(regex.compile, (r"\p{L}", r"[\p{L}\p{N}]", r"[\p{L}|]|\d:\d"))
_MAYBE_SOUND = tuple(map(regex.compile, (r"\({1,2}([^()]*)\){1,2}", r"(?<!\S)\*{1,2}([^*]*)\*{1,2}(?!\S)", r"<([^<>]*)>")))
_FIRST_OF_BRACES = regex.compile(r"\{([^{}/]*)/[^{}]*\}")
_DEEPEST = 20  # brackets within brackets
_SHOWN = 5  # different marks in a message


class Cleaned(NamedTuple):
    """A text without markup, and each mark that was dropped, in lower case."""

    text: str
    dropped: Tuple[str, ...] = ()


def clean(text: str, sctk: bool = False) -> Cleaned:
    """``text`` with character references decoded and markup dropped by the rules in the module's docstring.

    ``sctk``: the text is of one of SCTK's formats, where ``{ word }`` with spaces is an alternative. Text without markup stays as it
    is, but for character references.
    """
    text = decode_entities(text)
    if _MAY_HOLD.search(text) is None:
        return Cleaned(text)
    dropped: List[str] = []
    wide = text.translate(_WIDE)
    cleaned = wide
    for _ in range(_DEEPEST):
        before = cleaned
        cleaned = _pass(cleaned, sctk, dropped)
        if cleaned == before:
            break
    return Cleaned(text if cleaned == wide else cleaned, tuple(dropped))


def first_alternatives(text: str) -> str:
    """``text`` with the first of the words between slashes in braces: ``{ um / uh / @ } so`` -> ``um so``."""
    while True:
        chosen = _FIRST_OF_BRACES.sub(lambda found: f" {'' if found[1].strip() == '@' else found[1]} ", text)
        if chosen == text:
            return text
        text = chosen


def render_dropped(counts: Mapping[str, int]) -> str:
    """How often each mark was dropped, in a few words: ``3 (2 [noise], 1 <unk>)``."""
    shown = ", ".join(f"{count:,} {mark}" for mark, count in sorted(counts.items(), key=lambda item: -item[1])[:_SHOWN])
    return f"{sum(counts.values()):,} ({shown}{', ...' if len(counts) > _SHOWN else ''})"


def is_sound(words: str) -> bool:
    """Whether words that stand in parentheses name a sound, or say that nothing was understood, rather than having been spoken."""
    found = [word.casefold() for word in _WORDS.findall(unicodedata.normalize("NFC", words))]
    return any(word in _SOUNDS for word in found) and all(word in _SOUNDS or word in _BESIDE for word in found)


def _pass(text: str, sctk: bool, dropped: List[str]) -> str:
    def drop(found: "regex.Match[str]") -> str:
        dropped.append(" ".join(found[0].casefold().split()))
        return " "

    def drop_if(test: Callable[[str], object]) -> Callable[["regex.Match[str]"], str]:
        return lambda found: drop(found) if test(found[1]) else found[0]

    def keep_word(found: "regex.Match[str]") -> str:
        dropped.append("[laughter-...]")
        return f" {found[1]} "

    text = _LAUGHED.sub(keep_word, text)
    text = _PART_OF_WORD.sub(lambda found: found[1] or "", text)
    for pattern in _MARKS:
        text = pattern.sub(drop, text)
    text = _ANGLED.sub(drop_if(_IN_TAG.search), text)
    text = _SQUARE.sub(drop_if(_LETTER_OR_DIGIT.search), text)
    text = (_TIGHT_BRACE if sctk else _BRACE).sub(drop_if(_LETTER.search), text)
    for pattern in _MAYBE_SOUND:
        text = pattern.sub(drop_if(is_sound), text)
    return text
