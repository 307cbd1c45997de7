"""The ``ctcb`` command: one thin module a verb, imported only when its verb is asked for."""
from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from typing import Iterator, List, Optional, Tuple, Type

import click

from ctcb import __version__
from ctcb.errors import CtcbError, visible

# verb -> (module that holds its click command as `command`, one line of help).
# The help stands here so that `ctcb --help` imports none of the modules.
COMMANDS = {
    "decode": ("ctcb.cli.decode.command", "Transcribe audio, leaning toward the names on a list."),
    "entities": ("ctcb.cli.entities", "Check a list of names: what is loaded, how it is read and said."),
    "score": ("ctcb.cli.score", "Compare transcripts with references: entity F1, WER, false alarms."),
    "prepare": ("ctcb.cli.prepare", "Turn a manifest.tsv into checked lhotse cuts and features."),
    "tokenize": ("ctcb.cli.tokenize", "Train a sentencepiece tokenizer, or show a text's pieces."),
    "lexicon": ("ctcb.cli.lexicon", "Write the pronunciations of words."),
    "lm": ("ctcb.cli.lm", "Estimate an n-gram language model on text."),
    "graph": ("ctcb.cli.graph", "Compile a language model into a decoding graph."),
    "train": ("ctcb.cli.train", "Train a base model, or an adapter for one."),
    "ablate": ("ctcb.cli.ablate", "Measure what each technique gives and costs on data sets."),
    "tune": ("ctcb.cli.tune", "Find the techniques' weights on data sets."),
    "report": ("ctcb.cli.report", "Write one HTML page that shows what a list did."),
    "emit": ("ctcb.cli.emit", "Write a model's emissions (log-probabilities)."),
    "doctor": ("ctcb.cli.doctor", "Say what is installed, what works, and how fast this machine is."),
    "completion": ("ctcb.cli.completion", "Print what completes ctcb's words in a shell."),
    "export": ("ctcb.cli.export", "Turn a training directory into a model directory."),
}
# Commands by the names that they had before: kept for one release, and in no help.
OLD_NAMES = {"ladder": "ablate"}


# What a bare group raises from click 8.2 on; before, it prints its help by itself.
NO_ARGS: Tuple[Type[click.UsageError], ...] = tuple(filter(None, [getattr(click.exceptions, "NoArgsIsHelpError", None)]))


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> List[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> Optional[click.Command]:
        name = OLD_NAMES.get(name, name)
        if name not in COMMANDS:
            return None
        return import_module(COMMANDS[name][0]).command

    def resolve_command(self, ctx: click.Context, args: List[str]) -> Tuple[Optional[str], Optional[click.Command], List[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return OLD_NAMES.get(name or "", name), command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ctcb")
@click.option("--options", type=click.Path(), envvar="CTCB_OPTIONS", help="YAML file of options a command; what is given on the line goes before it.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks (anywhere on the line).")
@click.pass_context
def cli(context: click.Context, options: Optional[str]) -> None:
    """Teach a CTC speech recogniser new words without retraining it.

    \b
    Write the names down, one a line, as they should be printed:
        ctcb entities check names.txt             what becomes of each of them
        ctcb decode talk.ogg                      what is recognised without
        ctcb decode --entities names.txt talk.ogg      and with them
        ctcb decode --entities names.txt --explain talk.ogg    what changed, and why
    Then measure it, with texts of what was said:
        ctcb decode --entities names.txt --explain --out out manifest.tsv
        ctcb score --ref manifest.tsv --hyp out/hyps.jsonl --entities names.txt
        ctcb report --ref manifest.tsv --hyp out/hyps.jsonl --entities names.txt --out report.html

    `ctcb COMMAND --help` has examples for each command; `ctcb doctor` says what works on this machine.
    """
    if options is not None:
        from ctcb.cli.common.defaults import read_defaults

        context.default_map = read_defaults(options, context)


def every_command() -> Iterator[Tuple[str, click.Command]]:
    """The commands and subcommands, each with its words behind ``ctcb``; imports all of their modules."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", one) for inner, one in command.commands.items())
        else:
            yield name, command


def main(argv: Optional[List[str]] = None) -> None:
    """Run the ``ctcb`` command."""
    run(cli, "ctcb", argv)


def run(command: click.Command, name: str, argv: Optional[List[str]] = None) -> None:
    """Run a command; errors become one line on stderr and an exit code (2 input, 1 running)."""
    argv = sys.argv[1:] if argv is None else argv
    debug = "--debug" in argv
    argv = [word for word in argv if word != "--debug"]
    try:
        command.main(args=argv, prog_name=name, standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"{name}: stopped", err=True)
        sys.exit(130)
    except NO_ARGS as error:  # its message is our own help, whose lines stay lines
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.message = visible(error.message)
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:  # who reads along has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, CtcbError):
            click.echo(f"{name}: {error}", err=True)
            sys.exit(error.exit_code)
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        click.echo(f"{name}: failed: {visible(' '.join(what.split()))} (--debug shows where)", err=True)
        sys.exit(1)
