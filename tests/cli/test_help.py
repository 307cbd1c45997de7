"""The help of every command and group, with and without --help."""
from __future__ import annotations

import math
import re
from itertools import takewhile

import click
import pytest

from ctcb.cli import COMMANDS, SECTIONS, cli, every_command, run
from ctcb.cli.common.help import option_name, option_text


def groups():
    context = click.Context(cli)
    return [name for name in COMMANDS if isinstance(cli.get_command(context, name), click.Group)]


def is_read_by_people(help_text):
    return "\\n" not in help_text and "\\x" not in help_text and len(help_text.splitlines()) > 5 and help_text.startswith("Usage: ctcb")


@pytest.mark.parametrize("words", [[], *([name] for name in groups()), ["--options", "{options}", "train"]], ids=" ".join)
def test_bare_command_group_prints_its_help(ctcb, tmp_path, words):
    (tmp_path / "o.yaml").write_text("decode: {beam: 8}\n")
    ran = ctcb(*(word.format(options=tmp_path / "o.yaml") for word in words))
    assert is_read_by_people(ran.out + ran.err) and not (ran.out and ran.err)
    assert ("Commands:" if words else "Transcribe:") in ran.out + ran.err


@pytest.mark.parametrize("words", ["", *groups(), *(words for words, _ in every_command())])
def test_help_has_no_escape_sequences(ctcb, words):
    ran = ctcb(*words.split(), "--help")
    assert ran.code == 0 and is_read_by_people(ran.out) and not ran.err


@pytest.mark.parametrize("words", ["", *(words for words, _ in every_command())])
def test_what_most_people_need_fits_a_screen(ctcb, words):
    """Everything before the part for experts, on a terminal of 80 columns."""
    lines = ctcb(*words.split(), "--help").out.splitlines()
    basic = "\n".join(takewhile(lambda line: not line.startswith(("Expert", "More:")), lines)).rstrip().split("\n")
    assert sum(max(1, math.ceil(len(line) / 80)) for line in basic) <= 25, "\n".join(basic)


def test_every_command_is_in_a_section(ctcb):
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(COMMANDS)
    shown = ctcb("--help").out
    assert all(f"  {name} " in shown and text in shown for name, (_, text) in COMMANDS.items())


@pytest.mark.parametrize("words, command", list(every_command()), ids=[words for words, _ in every_command()])
def test_help_shows_every_option_once(ctcb, words, command):
    shown = ctcb(*words.split(), "--help").out
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert sorted(map(id, options)) == sorted(id(one) for part in command.sections().values() for one in part)
    for one in options:
        assert len(re.findall(rf"^  {re.escape(option_name(one))}( |$)", shown, re.M)) == 1, one.opts
        if isinstance(one.type, click.Choice) and one.opts[-1] != "--without":  # its techniques are those of --with
            assert all(re.search(rf"\b{re.escape(str(choice))}\b", f"{option_name(one)} {option_text(one)}") for choice in one.type.choices), one.opts


def test_control_characters_of_inputs_are_escaped(ctcb, capsys):
    ran = ctcb("decode", "--bias", "a\nb\x1b[31m")
    assert ran.code == 2 and "\x1b" not in ran.err and "a\\nb\\x1b[31m" in ran.err

    @click.command(no_args_is_help=True)
    @click.option("--form", type=click.Choice(["a", "b"]), required=True)
    def command(form):
        """Do it."""

    for words in ([], ["--form", "c"], ["--from", "a"]):
        with pytest.raises(SystemExit):
            run(command, "ctcb tool", words)
        told = "".join(capsys.readouterr())
        assert told.startswith("Usage: ctcb tool") and "\\n" not in told
