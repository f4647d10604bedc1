"""The kinds of arguments: each turns words into a value that JSON can hold, and prints it again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from analysis import near_names
from analysis.errors import UserError
from storage.database import Json


class TooLong(UserError):  # noqa: N818  # read as what it says
    """Somebody wrote more than can be kept; ``written`` is given back, so that it is not lost."""

    def __init__(self, says: str, written: str) -> None:
        super().__init__(says)
        self.written = written


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
            says = f"{self.shape} is {len(text):,} characters long; {self.longest:,} are the most."
            raise TooLong(says, text)
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
        kind = self.shape.lower()
        close = near_names.near(words, self.options)
        meant = f" Did you mean {' or '.join(f'`{c}`' for c in close)}?" if close else ""
        raise UserError(f"“{words}” is no {kind}.{meant} It is one of {', '.join(self.options)}.")


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
