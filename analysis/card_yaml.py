"""YAML 1.2 as a tree that keeps lines and the text as written, and the list of what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from analysis.errors import DataError

MOST_CHARACTERS = 500_000
MOST_LEVELS = 20

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NULLS = ("", "~", "null", "Null", "NULL")
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. ``written`` is its text in the file; ``plain`` says that it stood there without quotes."""

    written: str
    plain: bool
    line: int

    @property
    def is_null(self) -> bool:
        return self.plain and self.written in _NULLS

    @property
    def text(self) -> str:
        """The value where text is meant: 1.10 is "1.10", True is "true", an empty value is "null"."""
        if self.is_null:
            return "null"
        return self.written.lower() if self.plain and self.written in _TRUTHS else self.written

    @property
    def value(self) -> str | int | float | bool | None:
        """The value by YAML 1.2's own rules."""
        if not self.plain:
            return self.written
        if self.is_null:
            return None
        if self.written in _TRUTHS:
            return _TRUTHS[self.written]
        if _INTEGER.fullmatch(self.written) and len(self.written) < 400:
            return int(self.written)
        if _FLOAT.fullmatch(self.written):
            return float(self.written)
        if _INFINITE.fullmatch(self.written):
            return float(self.written.replace(".", ""))
        return self.written

    @property
    def number(self) -> float | None:
        """The value as a finite number, else None; true is no number."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value) if math.isfinite(value) and abs(value) < 1e308 else None


@dataclass(frozen=True, slots=True)
class Items:
    nodes: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping; a key that stood there twice is there twice."""

    pairs: tuple[tuple[Scalar, Node], ...]
    line: int


Node = Scalar | Items | Entries


@dataclass(slots=True)
class Complaints:
    """What is wrong with a model card: gathered while reading on, so that one message names it all."""

    name: str
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, sentence: str) -> None:
        self.found.append((line, sentence))

    def raise_if_any(self) -> None:
        if not self.found:
            return
        lines = dict.fromkeys(f"line {line}: {sentence}" for line, sentence in sorted(self.found, key=lambda c: c[0]))
        what = "one thing" if len(lines) == 1 else f"{len(lines)} things"
        raise DataError("\n".join([f"The model card {self.name} cannot be used; {what} to put right:", *lines]))


def read_tree(text: str, complaints: Complaints) -> Node | None:
    """The document as a tree, or None for an empty one. Raises DataError where the text is not YAML at all."""
    if len(text) > MOST_CHARACTERS:
        complaints.add(1, f"the file has {len(text):,} characters; a model card has at most {MOST_CHARACTERS:,}")
        complaints.raise_if_any()
    try:
        return _document(iter(YAML(typ="safe", pure=True).parse(text)), complaints)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(part) for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else 1
        if "'\\t'" in said:
            complaints.add(line, "a tab stands here, and YAML is indented with spaces alone: use spaces")
        else:
            complaints.add(line, f"this is not YAML: {' '.join(said.split())}")
    except YAMLError as error:
        complaints.add(1, f"this is not YAML: {' '.join(str(error).split())}")
    complaints.raise_if_any()
    return None


def _document(events: Iterator[Event], complaints: Complaints) -> Node | None:
    tree: Node | None = None
    documents = 0
    for event in events:
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                complaints.add(_line(event), "a second document begins here; a file holds one model card")
        elif isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent | AliasEvent):
            node = _node(event, events, complaints, level=0)
            tree = node if documents == 1 else tree
    return None if isinstance(tree, Scalar) and tree.is_null else tree


def _node(event: Event, events: Iterator[Event], complaints: Complaints, level: int) -> Node:
    line = _line(event)
    if level > MOST_LEVELS:
        complaints.add(line, f"this is nested more than {MOST_LEVELS} levels deep; no model card needs that")
        complaints.raise_if_any()
    if isinstance(event, AliasEvent):
        complaints.add(line, f"*{event.anchor} repeats an earlier part; write the part out here instead")
        return Scalar(written="", plain=True, line=line)
    if isinstance(event, SequenceStartEvent):
        return _items(events, complaints, level, line)
    if isinstance(event, MappingStartEvent):
        return _entries(events, complaints, level, line)
    assert isinstance(event, ScalarEvent)  # noqa: S101 -- the grammar leaves nothing else; this tells mypy
    return Scalar(written=event.value, plain=event.style is None and event.implicit[0], line=line)


def _items(events: Iterator[Event], complaints: Complaints, level: int, line: int) -> Items:
    nodes: list[Node] = []
    for event in events:
        if isinstance(event, SequenceEndEvent):
            break
        nodes.append(_node(event, events, complaints, level + 1))
    return Items(tuple(nodes), line)


def _entries(events: Iterator[Event], complaints: Complaints, level: int, line: int) -> Entries:
    pairs: list[tuple[Scalar, Node]] = []
    for event in events:
        if isinstance(event, MappingEndEvent):
            break
        key = _node(event, events, complaints, level + 1)
        value = _node(next(events), events, complaints, level + 1)
        if isinstance(key, Scalar):
            pairs.append((key, value))
        else:
            complaints.add(key.line, "a key must be text, not a list or a mapping")
    return Entries(tuple(pairs), line)


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1
