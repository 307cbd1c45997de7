"""``ctcb lexicon``: pronunciations of words."""
from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Optional, Tuple

import click

from ctcb.cli.common.help import Command
from ctcb.errors import InputError
from ctcb.text import espeak
from ctcb.text.lang import write_common
from ctcb.text.language import write_language
from ctcb.text.lexicon import G2P, LETTERS, Lexicon, phones_used, write_phones, write_symbols
from ctcb.text.lines import read_sentences
from ctcb.text.phone_lexicon import PhoneLexicon


@click.command(cls=Command, sections={
    "Input": "words language",
    "Output": "out phones common",
})
@click.option(
    "--text", "--words", "files", multiple=True, metavar="FILE",
    help="File of words or sentences: text, text.gz or manifest.tsv; repeatable.",
)  # fmt: skip
@click.option("--lexicon", "own", metavar="FILE", help="A lexicon.txt whose pronunciations take precedence.")
@click.option("--language", metavar="CODE", help="Phones of the IPA by espeak-ng in this language (de, fr, ...).  [default: English, in CMU phones]")
@click.option(
    "--g2p", type=click.Choice(G2P), help=f"Words that no English dictionary has: by the sounds of letters, or by g2p_en's network, 100 times slower.  [default: {LETTERS}]"
)
@click.option("--stress", is_flag=True, help="Keep the stress marks of vowels.")
@click.option("--phones", metavar="FILE", help="Also write the symbol table phones.txt here; with --language, language.txt beside it.")
@click.option("--common", metavar="FILE", help="Also write the texts' commonest words here, which compete with names.")
@click.option("--most", type=click.IntRange(min=1), default=1000, show_default=True, help="Number of words in --common.")
@click.option("--out", required=True, metavar="FILE", help="The lexicon.txt to write.")
@click.argument("more", nargs=-1, metavar="[FILE]...")
def command(
    files: Tuple[str, ...], more: Tuple[str, ...], own: Optional[str], language: Optional[str], g2p: Optional[str], stress: bool,
    phones: Optional[str], common: Optional[str], most: int, out: str,
) -> None:
    """Write the pronunciations of all words in FILEs: word TAB phones, one pronunciation on each line.

    \b
    ctcb lexicon train.txt --out exp/lang/lexicon.txt --phones exp/lang/phones.txt
    ctcb lexicon train.txt --language de --out exp/lang/lexicon.txt --phones exp/lang/phones.txt
    """
    lexicon = _lexicon(own, language, g2p, stress)
    words = Counter(word for file in files + more for line in read_sentences(file) for word in lexicon.words(line))
    if not words:
        raise InputError("there are no words to pronounce", hint="name files with words, with --text or --words")
    origins = lexicon.write(out, words)
    if phones and language:
        write_symbols(phones, phones_used(out))
        write_language(Path(phones).parent, language)
    elif phones:
        write_phones(phones, stress)
    if common:
        write_common(common, words, most)
    counts = ", ".join(f"{count} {origin}" for origin, count in sorted(origins.items()))
    click.echo(f"{out}: {len(words)} words ({counts})")


def _lexicon(own: Optional[str], language: Optional[str], g2p: Optional[str], stress: bool) -> Lexicon:
    if language is None:
        by = g2p or LETTERS
        return Lexicon.read(own, stress, by) if own else Lexicon(stress=stress, g2p=by)
    if g2p is not None:
        raise InputError("--g2p is for English, and --language has espeak-ng pronounce all words", hint="leave one out")
    espeak.check_language(language)
    return PhoneLexicon.of_file(own, None, language, stress) if own else PhoneLexicon(None, None, language, stress)
