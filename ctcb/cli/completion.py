"""``ctcb completion``: shell completion."""
from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ctcb.cli.common.help import Command


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of ctcb for SHELL.

    \b
    ctcb completion bash >> ~/.bashrc
    ctcb completion zsh >> ~/.zshrc
    ctcb completion fish > ~/.config/fish/completions/ctcb.fish
    """
    from ctcb.cli import cli

    click.echo(get_completion_class(shell)(cli, {}, "ctcb", "_CTCB_COMPLETE").source())
