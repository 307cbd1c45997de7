"""The two ways in which a command ends badly, and how they reach the user, with nothing in them that a terminal obeys.

``InputError`` -> exit code 2: something that was handed in is wrong. Its message is one line that
names the file, the line where there is one, and a hint at what to do.
``RunError`` -> exit code 1: the input was right, and the work failed while running.
"""
from __future__ import annotations

import sys
from os import PathLike
from typing import Callable, Optional, Union

# Persian and the scripts of India spell with these two; other invisible characters only hide in a text.
JOINERS = "\u200c\u200d"


def visible(text: str) -> str:
    """``text`` with its control and invisible characters spelled out (``\\x1b``), so that none reaches a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in JOINERS else char.encode("unicode_escape").decode() for char in text)


class CtcbError(Exception):
    """Base of the errors that are shown as one line, without a traceback."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(visible(" ".join(message.split())))


class RunError(CtcbError):
    """The work failed while running, on input that was right."""


def unexpected(error: Exception, what: object) -> RunError:
    """An error that nobody foresaw, as one of ours that says at ``what`` it arose: one utterance must not cost the others."""
    told = RunError(f"{what}: failed: {type(error).__name__}: {error}")
    told.__cause__ = error
    return told


class InputError(CtcbError):
    """What was handed in is wrong.

    Parameters
    ----------
    problem : what is wrong, in a few words.
    file : the file at fault, if there is one.
    line : its line, counted from 1.
    hint : what the user can do about it.
    """

    exit_code = 2

    def __init__(
        self,
        problem: str,
        *,
        file: Optional[Union[str, PathLike]] = None,
        line: Optional[int] = None,
        hint: Optional[str] = None,
    ) -> None:
        where = "" if file is None else f"{file}: " if line is None else f"{file}:{line}: "
        message = where + problem + (f"; {hint}" if hint else "")
        super().__init__(message)
        self.problem, self.file, self.line, self.hint = problem, file, line, hint


def run_script(main: Callable[[], None], name: str) -> None:
    """Run a script's ``main``; a CtcbError becomes a line on stderr and its exit code (commands have `ctcb.cli.run`)."""
    try:
        main()
    except CtcbError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
