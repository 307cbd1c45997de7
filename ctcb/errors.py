"""The two errors with which a command ends, and their one-line messages, free of terminal control characters.

``InputError`` -> exit code 2: the input is wrong. Its message is one line that names the file, the
line number where there is one, and a hint at what to do.
``RunError`` -> exit code 1: the input was right, and the command failed while running.
"""
from __future__ import annotations

import sys
from os import PathLike
from typing import Callable, Optional, Union

# Persian and the scripts of India are spelled with these two joiners; no other invisible character is part of a spelling.
JOINERS = "\u200c\u200d"


def visible(text: str) -> str:
    """``text`` with its control and invisible characters escaped (``\\x1b``), so that none reaches a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in JOINERS else char.encode("unicode_escape").decode() for char in text)


class CtcbError(Exception):
    """Base class of the errors that are shown as one line, without a traceback."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(visible(" ".join(message.split())))


class InputWarning(UserWarning):
    """The input is usable, but was changed to be so; commands show it as one line on stderr."""


class RunError(CtcbError):
    """The command failed while running, on valid input."""


def unexpected(error: Exception, item: object) -> RunError:
    """Wrap an unforeseen error in a RunError that names the ``item`` that was being processed, such as an utterance.

    It is returned, not raised, so that one utterance's failure does not stop the others.
    """
    wrapped = RunError(f"{item}: failed: {type(error).__name__}: {error}")
    wrapped.__cause__ = error
    return wrapped


class InputError(CtcbError):
    """The input is wrong: a file, an option or an argument.

    Parameters
    ----------
    problem : what is wrong, in a few words.
    file : the file at fault, if there is one.
    line : the line number in it, counted from 1.
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


def unreadable(error: OSError, file: Union[str, "PathLike[str]"], missing: str = "check the path") -> InputError:
    """What the operating system says of a file that was to be read, as the error of a command; ``missing``: the hint where there is none."""
    if isinstance(error, FileNotFoundError):
        return InputError("no such file", file=file, hint=missing)
    if isinstance(error, IsADirectoryError):
        return InputError("this is a folder", file=file, hint="name a file inside it")
    hint = "make it readable" if isinstance(error, PermissionError) else "check the path, and the disk that it is on"
    return InputError(f"cannot be read ({error.strerror or error})", file=file, hint=hint)


def run_script(main: Callable[[], None], name: str) -> None:
    """Run a script's ``main``; a CtcbError is printed as one line on stderr and sets the exit code (commands use `ctcb.cli.run`)."""
    from ctcb.encoding import take_any_text

    take_any_text()
    try:
        main()
    except CtcbError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
