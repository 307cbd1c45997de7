"""The ``ctcb`` command: one thin module for each verb, imported only when the verb is called."""
from __future__ import annotations

import os
import sys
import time
import traceback
import warnings
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Iterator, List, Optional, Set, Tuple, Type

import click

from ctcb import __version__
from ctcb.cli.common.help import EXPERT, write_section
from ctcb.encoding import take_any_text
from ctcb.errors import CtcbError, InputWarning, visible
from ctcb.machine_code import ANY_PROCESSOR

# verb -> (module that holds its click command as `command`, one line of help).
# The help is kept here so that `ctcb --help` imports none of the modules.
COMMANDS = {
    "decode": ("ctcb.cli.decode.command", "Transcribe audio, biased toward a list of names."),
    "stream": ("ctcb.cli.stream.command", "Transcribe audio while it comes: a microphone, or PCM on stdin."),
    "entities": ("ctcb.cli.entities", "Check a list of names: loading, spelling, pronunciations."),
    "score": ("ctcb.cli.score", "Score transcripts: entity F1, WER, U-/B-WER, false alarms."),
    "prepare": ("ctcb.cli.prepare", "Prepare lhotse cuts and features from a manifest.tsv."),
    "tokenize": ("ctcb.cli.tokenize", "Train a sentencepiece tokenizer, or segment a text with one."),
    "lexicon": ("ctcb.cli.lexicon", "Write the pronunciations of words."),
    "lm": ("ctcb.cli.lm", "Estimate an n-gram language model on text."),
    "graph": ("ctcb.cli.graph", "Compile a language model into a decoding graph (k2)."),
    "train": ("ctcb.cli.train", "Train a base model, or a contextual adapter."),
    "ablate": ("ctcb.cli.ablate", "Measure the biasing techniques one by one and together."),
    "tune": ("ctcb.cli.tune", "Tune the biasing techniques' options on data sets."),
    "report": ("ctcb.cli.report", "Write an HTML page on the effect of a list."),
    "emit": ("ctcb.cli.emit", "Write a model's emissions (log-probabilities)."),
    "doctor": ("ctcb.cli.doctor", "Check the installation and measure this machine's speed."),
    "completion": ("ctcb.cli.completion", "Print a shell completion script."),
    "export": ("ctcb.cli.export", "Write a model directory from a training directory."),
}
# The help's sections; those whose title begins with "Expert" stand last.
SECTIONS = {
    "Transcribe": ("decode", "stream"),
    "List": ("entities",),
    "Measure": ("score", "report", "ablate"),
    "This machine": ("doctor", "completion"),
    "Expert, settings and language models": ("tune", "lm", "graph", "emit", "export"),
    "Expert, training": ("prepare", "tokenize", "lexicon", "train"),
}
# Former names of commands: kept for one release, and not shown in the help.
OLD_NAMES = {"ladder": "ablate"}


# click 8.2 raises this for a group without a command; earlier versions print the help themselves.
NO_ARGS: Tuple[Type[click.UsageError], ...] = tuple(filter(None, [getattr(click.exceptions, "NoArgsIsHelpError", None)]))


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> List[str]:
        """The names of the commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> Optional[click.Command]:
        """Import and return a command, also by a former name; None where there is none."""
        name = OLD_NAMES.get(name, name)
        if name not in COMMANDS:
            return None
        return import_module(COMMANDS[name][0]).command

    def resolve_command(self, ctx: click.Context, args: List[str]) -> Tuple[Optional[str], Optional[click.Command], List[str]]:
        """The called command's present name, the command, and the remaining arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return OLD_NAMES.get(name or "", name), command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands' sections of the help, without importing their modules."""
        formatter.write_paragraph()
        for title, names in SECTIONS.items():
            if title.startswith(EXPERT):
                formatter.write_paragraph()
            write_section(formatter, title, [(name, COMMANDS[name][1]) for name in names], max(map(len, COMMANDS)))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands' sections of the help, and the options of all commands behind them."""
        self.format_commands(ctx, formatter)
        formatter.write_paragraph()
        write_section(formatter, "Options", list(filter(None, (one.get_help_record(ctx) for one in self.get_params(ctx)))))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ctcb")
@click.option("--options", type=click.Path(), envvar="CTCB_OPTIONS", help="YAML file of options for each command; the command line takes precedence.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks (allowed anywhere on the command line).")
@click.pass_context
def cli(context: click.Context, options: Optional[str]) -> None:
    """Bias a CTC speech recogniser toward new words, without retraining it. Write a list of names, one on each line, in
    their printed form. Then:

    \b
    ctcb entities check names.txt                         check the list
    ctcb decode talk.ogg                                  transcribe without it
    ctcb decode --entities names.txt talk.ogg             transcribe with it
    ctcb decode --entities names.txt --explain talk.ogg   show what it changed
    ctcb COMMAND --help                                   more examples
    """
    if options is not None:
        from ctcb.cli.common.defaults import read_defaults

        context.default_map = read_defaults(options, context)


def every_command() -> Iterator[Tuple[str, click.Command]]:
    """All commands and subcommands with their names (``train base``); imports all of their modules."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", subcommand) for inner, subcommand in command.commands.items())
        else:
            yield name, command


def main(argv: Optional[List[str]] = None) -> None:
    """Run the ``ctcb`` command."""
    # numba's own choice, code for the host's widest vectors, takes nearly twice as long for the beam search (results/speed.md). It is
    # the whole process that is set so, which from Python is for the caller to decide (docs/using.md).
    if not ANY_PROCESSOR.keys() & os.environ.keys():
        os.environ.update(ANY_PROCESSOR)
    run(cli, "ctcb", argv)


@contextmanager
def input_warnings(name: str) -> Iterator[None]:
    """Show each different InputWarning once, as one line on stderr, while the block lasts; other warnings as ever."""
    with warnings.catch_warnings():
        shown_by_python = warnings.showwarning
        shown: Set[str] = set()

        def show(message: Any, category: Any, *where: Any, **options: Any) -> None:
            if not issubclass(category, InputWarning):
                shown_by_python(message, category, *where, **options)
            elif str(message) not in shown:
                shown.add(str(message))
                click.echo(f"{name}: warning: {visible(str(message))}", err=True)

        warnings.simplefilter("always", InputWarning)
        warnings.showwarning = show
        yield


def run(command: click.Command, name: str, argv: Optional[List[str]] = None) -> None:
    """Run a command, with the time when it began as its context's object; an error is printed as one line on stderr and sets the exit code (2: wrong input, 1: failed while running)."""
    argv = sys.argv[1:] if argv is None else argv
    debug = "--debug" in argv
    argv = [word for word in argv if word != "--debug"]
    take_any_text()
    try:
        with input_warnings(name):
            command.main(args=argv, prog_name=name, standalone_mode=False, obj=time.monotonic())
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"{name}: stopped", err=True)
        sys.exit(130)
    except NO_ARGS as error:  # its message is the help text, whose line ends must not be escaped
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.message = visible(error.message)
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of stdout has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, CtcbError):
            click.echo(f"{name}: {error}", err=True)
            sys.exit(error.exit_code)
        description = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        click.echo(f"{name}: failed: {visible(' '.join(description.split()))} (--debug shows where)", err=True)
        sys.exit(1)
