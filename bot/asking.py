"""What can be asked: a command, the arguments it takes, and the kinds that turn words into values and back.

The same description parses the words, prints them, names what is missing, and will make the forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from analysis import near_names
from analysis.errors import UserError
from storage.database import Json

if TYPE_CHECKING:
    from bot.context import Context, Outcome

Place = Literal["word", "rest", "option"]
Lane = Literal["quick", "evaluation"]
Right = Literal["read", "run", "write"]


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
    """A command. ``right``: `read` needs nothing, `run` and `write` are refused to guests.

    ``failed`` says what is written when it was refused or broke down; without it the one who asked is told."""

    name: str
    help: str
    arguments: tuple[Argument, ...]
    examples: tuple[str, ...]
    run: Callable[[Context], Outcome]
    right: Right = "read"
    lane: Lane = "quick"
    schedulable: bool = False
    failed: Callable[[Context, str], Outcome | None] | None = None
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


@dataclass(frozen=True, slots=True)
class Words:
    """Free words, kept as they are."""

    shape: str = "TEXT"
    longest: int = 3000

    def read(self, words: str) -> Json:
        text = words.strip()
        if not text:
            raise UserError(f"{self.shape} is empty: write some words.")
        if len(text) > self.longest:
            raise UserError(f"{self.shape} is {len(text):,} characters long; {self.longest:,} are the most.")
        return text

    def show(self, value: Json) -> str:
        return str(value)

    def split(self, text: str) -> tuple[str, str]:
        return text, ""


@dataclass(frozen=True, slots=True)
class Slug(Words):
    """A model's name or another short name: lower case letters, digits, - and _."""

    def read(self, words: str) -> Json:
        name = words.strip().strip("`*_ ").lower()
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
            raise UserError(
                f"{words!r} can't be a {self.shape.lower()}'s name: letters, digits, “-”, “.” and “_” make one."
            )
        return name


@dataclass(frozen=True, slots=True)
class Number(Words):
    """An id such as E-17, kept as 17."""

    letter: str = "E"

    def read(self, words: str) -> Json:
        found = re.fullmatch(rf"(?:{self.letter}-?)?(\d{{1,9}})", words.strip().upper())
        if not found:
            raise UserError(f"{words!r} is no id; one looks like {self.letter}-17.")
        return int(found[1])

    def show(self, value: Json) -> str:
        return f"{self.letter}-{value}"


@dataclass(frozen=True, slots=True)
class OneOf(Words):
    """One of a few known values; the nearest are offered for any other."""

    options: tuple[str, ...] = ()

    def read(self, words: str) -> Json:
        asked = " ".join(words.lower().replace("-", " ").split())
        for option in self.options:
            if option.lower().replace("-", " ") == asked:
                return option
        raise UserError(f"{words!r} is not known here{near(words, self.options)}")


@dataclass(frozen=True, slots=True)
class Condition(Words):
    """A slice: column=group, joined by &, kept as pairs."""

    def read(self, words: str) -> Json:
        pairs: list[Json] = []
        for part in words.split(" & "):
            column, sign, group = part.partition("=")
            if not sign or not column.strip():
                raise UserError(f'{words!r} is no slice; one looks like region=north or "age=[30, 45) & sex=f".')
            pairs.append([column.strip(), group.strip()])
        return pairs

    def show(self, value: Json) -> str:
        pairs = value if isinstance(value, list) else []
        return " & ".join(f"{p[0]}={p[1]}" for p in pairs if isinstance(p, list))


def near(name: str, known: tuple[str, ...] | list[str], *, most: int = 3) -> str:
    """The end of a sentence about an unknown name: the nearest known ones, else the first of all."""
    close = near_names.near(name, known, most=most)
    if close:
        return f"; did you mean {' or '.join(f'`{c}`' for c in close)}?"
    if not known:
        return "."
    shown = ", ".join(f"`{k}`" for k in known[:12])
    return f"; known: {shown}{' …' if len(known) > 12 else ''}."


def text_of(arguments: Mapping[str, Json], name: str) -> str | None:
    """A text argument, or None where it was not given."""
    value = arguments.get(name)
    return value if isinstance(value, str) else None


def number_of(arguments: Mapping[str, Json], name: str) -> int | None:
    value = arguments.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
