"""Normaliser: hand-worked readings, and properties that hold for any text at all."""
from __future__ import annotations

import re

import inflect
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctcb.text.normalize import normalize

# Written by hand from the rules in the module's docstring, not from its output.
READINGS = [
    ("It’s THE ’tis `quoted´ word", "it's the tis quoted word"),
    ("shakespeare's dogs' rock 'n' roll o'clock", "shakespeare's dogs rock n roll o'clock"),
    ("don''t", "don t"),
    ("e-mail twenty-one, well...", "e mail twenty one well"),
    ("U.S.A. but USA", "u s a but usa"),
    ("Łódź Ångström ÆSOP Straße café cafe\u0301", "lodz angstrom aesop strasse cafe cafe"),
    ("Москва Ольга", "moskva olga"),
    ("北京", "beijing"),
    ("ＦＵＬＬ １２", "full twelve"),
    ("Mr. Smith and Mrs Jones saw Dr. Who", "mister smith and missus jones saw doctor who"),
    ("an mr scan", "an mr scan"),
    ("0 7 12 121 1,001", "zero seven twelve one hundred twenty one one thousand one"),
    ("1,234,567", "one million two hundred thirty four thousand five hundred sixty seven"),
    ("1st 2nd 3rd 21st 100th 1,000th", "first second third twenty first one hundredth one thousandth"),
    ("1905 1999 1900 2005 2010", "nineteen oh five nineteen ninety nine nineteen hundred two thousand five twenty ten"),
    ("the 1980s, the '90s", "the nineteen eighties the nineties"),
    ("1,999 people", "one thousand nine hundred ninety nine people"),
    ("3.14 and .5", "three point one four and point five"),
    ("-5 but 5-10", "minus five but five ten"),
    ("007", "zero zero seven"),
    ("50% & 2.5%", "fifty percent and two point five percent"),
    ("a+b@c", "a plus b at c"),
    ("37°C", "thirty seven degrees c"),
    ("$5, $1, $1.50, $0.05", "five dollars one dollar one dollar and fifty cents five cents"),
    ("€2.5 million, 20€ £1.01", "two point five million euros twenty euros one pound and one penny"),
    ("$1999", "one thousand nine hundred ninety nine dollars"),
    ("B12 K2 H₂O covid19", "b twelve k two h two o covid nineteen"),
    ("½ 2½ ¾", "one half two and one half three quarters"),
    ("1/2 cup, 3/4 mile, 2/3 of it, 5/8.", "one half cup three quarters mile two thirds of it five eighths"),
    ("2 1/2 cups, 2-1/2 in, 3 3/16 in, 10 9/10", "two and one half cups two and one half in three and three sixteenths in ten and nine tenths"),
    ("1/3rd 2/3rds 1/10th 7/20ths", "one third two thirds one tenth seven twentieths"),
    ("-1/2 1/2% 1/2-inch", "minus one half one half percent one half inch"),
    ("24/7 9/11 50/50 7/20 4/4 0/2", "twenty four seven nine eleven fifty fifty seven twenty four four zero two"),
    ("3/14/2020 1/2/2020 1/2/3 12/25 1/2.5", "three fourteen twenty twenty one two twenty twenty one two three twelve twenty five one two point five"),
    ("in 2019 1/2 of 5/4 and and/or", "in twenty nineteen one half of five four and and or"),
    ("10:05 3:00 10:30", "ten oh five three ten thirty"),
    ("Coke™ 😀 co\u00adop", "coke coop"),
    ("\ttabs\nand\u00a0spaces  ", "tabs and spaces"),
    ("12345678901234567", "one two three four five six seven eight nine zero one two three four five six seven"),
    ("... !?", ""),
    ("", ""),
]


@pytest.mark.parametrize("text, spoken", READINGS)
def test_written_forms_are_read_as_words(text: str, spoken: str) -> None:
    assert normalize(text) == spoken


INFLECT = inflect.engine()
numberish = st.text(alphabet="0123456789.,:$€£¢%-+'s thndr½⁄²", max_size=30)


@given(st.one_of(st.text(), st.text(st.characters()), numberish))
@example("\ud800")
@example("1" * 5000)
@example("$" + "1" * 5000 + ".10")
@example("1⁄" + "0" * 20)
@example("١٢٣⁄٤")
def test_normalisation_gives_plain_words_and_is_idempotent(text: str) -> None:
    spoken = normalize(text)
    assert re.fullmatch(r"([a-z]+('[a-z]+)*( [a-z]+('[a-z]+)*)*)?", spoken)
    assert normalize(spoken) == spoken


@given(st.integers(0, 10**15 - 1))
@example(0)
@example(1000)
@example(1_000_000)
@example(20_000_019)
def test_numbers_agree_with_inflect(value: int) -> None:
    """A decimal is never a year, so ``N.0`` reads the plain cardinal of N."""
    peer = INFLECT.number_to_words(value, andword="")
    assert normalize(f"{value}.0") == " ".join(re.findall("[a-z]+", peer)) + " point zero"
    assert normalize(f"{value}th") == " ".join(re.findall("[a-z]+", INFLECT.ordinal(peer)))


@given(st.text(st.sampled_from("MDrsmdabEZ' .,-")))
@example("Mr. O'Neill-Smith, Dr.")
@example("dr-Mrs")
def test_fast_path_gives_the_same_words(text: str) -> None:
    # The letter of another script sends the text through every rule.
    assert normalize(text) == normalize(f"{text} ж")[: -len("zh")].rstrip()


def test_normalised_text_comes_back_itself() -> None:
    line = "he had written a number of books himself among them shakespeare's sonnets"
    assert normalize(line) is line  # a row of rules would have made another string
