"""The help of every command and group, with and without --help."""
from __future__ import annotations

import click
import pytest

from ctcb.cli import COMMANDS, cli, every_command, run


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
    assert "Commands:" in ran.out + ran.err


@pytest.mark.parametrize("words", ["", *groups(), *(words for words, _ in every_command())])
def test_help_has_no_escape_sequences(ctcb, words):
    ran = ctcb(*words.split(), "--help")
    assert ran.code == 0 and is_read_by_people(ran.out) and not ran.err


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
