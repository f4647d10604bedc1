"""What can be asked: a command and the arguments it takes.

The same description parses the words, prints them, names what is missing, and will make the forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from storage.database import Json

if TYPE_CHECKING:
    from bot.asking.context import Context, Outcome

Place = Literal["word", "rest", "option"]
Lane = Literal["quick", "slow", "evaluation"]
"""Requests of one lane wait for one another: an answer in words must not wait for a chart, nor a chart for a log."""
Right = Literal["none", "read", "run", "write"]


class Kind(Protocol):
    """How an argument's words become a value that JSON can hold, and how that value is printed again."""

    @property
    def shape(self) -> str:
        """What stands for it in a usage line, such as E-17."""
        ...

    def read(self, words: str) -> Json: ...

    def show(self, value: Json) -> str: ...

    def split(self, text: str) -> tuple[str, str]:
        """The part of a text that belongs to this argument when it stands in place `rest`, and what follows it."""
        ...


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    kind: Kind
    help: str
    place: Place = "option"
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command. ``right``: `read` is for everybody who may see something here, `run` and `write` are
    refused to guests, `none` is what Parley asks of itself. A ``hidden`` one can't be typed.

    ``failed`` says what is written when it was refused or broke down; without it the one who asked is told."""

    name: str
    help: str
    arguments: tuple[Argument, ...]
    examples: tuple[str, ...]
    run: Callable[[Context], Outcome]
    right: Right = "read"
    lane: Lane = "quick"
    schedulable: bool = False
    hidden: bool = False
    failed: Callable[[Context, str], Outcome] | None = None
    order: int = 100

    def argument(self, name: str) -> Argument | None:
        return next((a for a in self.arguments if a.name == name), None)

    @property
    def usage(self) -> str:
        parts = [self.name]
        for a in self.arguments:
            shown = f"--{a.name} {a.kind.shape}" if a.place == "option" else a.kind.shape
            parts.append(shown if a.required else f"[{shown}]")
        return " ".join(parts)


def text_of(arguments: Mapping[str, Json], name: str) -> str | None:
    """A text argument, or None where it was not given."""
    value = arguments.get(name)
    return value if isinstance(value, str) else None


def number_of(arguments: Mapping[str, Json], name: str) -> int | None:
    value = arguments.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
