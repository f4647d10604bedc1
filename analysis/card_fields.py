"""Typed fields of a model card: each reader gives the value, or writes down what is wrong and gives None."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from analysis.card_yaml import Complaints, Entries, Items, Node, Scalar
from analysis.near_names import did_you_mean, listed, near

Value = TypeVar("Value")
Reader = Callable[["Field"], "Value | None"]

SURELY_MISSPELT = 0.75

_PERCENT = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?) ?%")
_SWITCHES = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Field:
    """A node with its place: ``path`` is how people find it (`log.columns.score`), ``line`` where its key stands."""

    node: Node
    path: str
    line: int
    complaints: Complaints

    def complain(self, sentence: str) -> None:
        self.complaints.add(self.line, sentence)

    def inner(self, node: Node, step: str) -> Field:
        return Field(node, f"{self.path}{step}", node.line, self.complaints)


class Section:
    """A mapping whose keys are known: unknown and repeated keys are written down when it is made.

    A key that is surely a misspelt one is read as that, so that it is not called missing too. ``elsewhere`` tells where
    keys that people look for here belong."""

    def __init__(
        self,
        field: Field,
        known: Collection[str],
        *,
        example: str,
        also: Collection[str] = (),
        elsewhere: Mapping[str, str] | None = None,
    ) -> None:
        self.field = field
        self.present = isinstance(field.node, Entries)
        self._fields = dict(entries(field, example=example))
        for key, inner in list(self._fields.items()):
            if key not in known and key not in also:
                if elsewhere is not None and key in elsewhere:
                    inner.complain(f'the key "{key}" belongs under {elsewhere[key]}')
                    continue
                choices = f"; the keys here are {listed(known, most=30)}"
                inner.complain(f'unknown key "{key}"{did_you_mean(key, known) or choices}')
                for meant in near(key, known, most=1, cutoff=SURELY_MISSPELT):
                    self._fields.setdefault(meant, inner)

    def get(self, key: str, read: Reader[Value]) -> Value | None:
        """The value under ``key``, or None when it is not there, or is wrong (which is written down)."""
        inner = self._fields.get(key)
        return None if inner is None else read(inner)

    def need(self, key: str, read: Reader[Value], *, example: str) -> Value | None:
        """As ``get``, but a key that is not there is written down with an example of what to write."""
        if self.present and key not in self._fields:
            self.field.complain(f'the key "{key}" is missing{self.where}; write for example: {example}')
        return self.get(key, read)

    @property
    def where(self) -> str:
        return f" under {self.field.path}" if self.field.path else ""

    def has(self, key: str) -> bool:
        return key in self._fields

    def line_of(self, key: str) -> int:
        return self._fields[key].line if key in self._fields else self.field.line

    def rest(self, known: Collection[str]) -> Iterator[tuple[str, Field]]:
        return ((key, inner) for key, inner in self._fields.items() if key not in known)


def entries(field: Field, *, example: str) -> list[tuple[str, Field]]:
    """A mapping's keys with their fields; what is no mapping, and keys that stand there twice, are written down."""
    node = field.node
    if not isinstance(node, Entries):
        field.complain(f"{field.path or 'the model card'} must be a mapping, not {kind_of(node)}; write {example}")
        return []
    found: dict[str, Field] = {}
    for key, value in node.pairs:
        name = key.text
        path = f"{field.path}.{name}" if field.path else name
        if name in found:
            field.complaints.add(
                key.line, f'the key "{name}" stands here a second time (first in line {found[name].line})'
            )
            continue
        found[name] = Field(value, path, key.line, field.complaints)
    return list(found.items())


def text(field: Field) -> str | None:
    """Text as it is written: 1.10 without quotes is the text "1.10"."""
    node = field.node
    if not isinstance(node, Scalar):
        field.complain(f"{field.path} must be text, not {kind_of(node)}")
        return None
    if node.is_null or not node.text.strip():
        field.complain(f"{field.path} is empty; write a value, or leave the line out")
        return None
    return node.text


def group(field: Field) -> str | None:
    """The text of a group or a class; an empty value is the group of the missing, `null`."""
    if isinstance(field.node, Scalar):
        return field.node.text
    field.complain(f"{field.path} must be one value, not {kind_of(field.node)}")
    return None


def texts(field: Field) -> tuple[str, ...] | None:
    """A list of texts, without repeats."""
    read = items(field, text, example="[a, b]")
    if read is None:
        return None
    for repeated in sorted({t for t in read if read.count(t) > 1}):
        field.complain(f'{field.path} names "{repeated}" twice; once is enough')
    return tuple(dict.fromkeys(read))


def items(field: Field, read: Reader[Value], *, example: str) -> list[Value] | None:
    if not isinstance(field.node, Items):
        if isinstance(field.node, Scalar) and not field.node.is_null:
            example = f"[{field.node.written}]"
        field.complain(f"{field.path} must be a list, not {kind_of(field.node)}; write it like {example}")
        return None
    read_items = [read(field.inner(node, f"[{place}]")) for place, node in enumerate(field.node.nodes)]
    return [value for value in read_items if value is not None]


def number(field: Field) -> float | None:
    node = field.node
    found = node.number if isinstance(node, Scalar) else None
    if found is None:
        field.complain(f"{field.path} must be a number, not {kind_of(node)}")
    return found


def number_or_percent(field: Field) -> tuple[float, bool] | None:
    """A number, or a percentage as its hundredth; and whether it was a percentage."""
    node = field.node
    if isinstance(node, Scalar) and (match := _PERCENT.fullmatch(node.written)):
        return float(match[1]) / 100, True
    found = node.number if isinstance(node, Scalar) else None
    if found is None:
        field.complain(f"{field.path} must be a number like 0.7 or a percentage like 2%, not {kind_of(node)}")
        return None
    return found, False


def whole_number(field: Field) -> int | None:
    """A whole number of at least 1."""
    node = field.node
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**53:
        field.complain(f"{field.path} must be a whole number of at least 1, not {kind_of(node)}")
        return None
    return value


def switch(field: Field) -> bool | None:
    """on or off (also yes and no, true and false)."""
    node = field.node
    found = _SWITCHES.get(node.written.lower()) if isinstance(node, Scalar) else None
    if found is None:
        field.complain(f"{field.path} must be on or off, not {kind_of(node)}")
    return found


def is_switch(node: Node) -> bool:
    return isinstance(node, Scalar) and node.written.lower() in _SWITCHES


def one_of(choices: Collection[str]) -> Reader[str]:
    def read(field: Field) -> str | None:
        found = text(field)
        if found is None or found in choices:
            return found
        hint = did_you_mean(found, choices) or f"; it is one of {listed(choices)}"
        field.complain(f'{field.path} cannot be "{found}"{hint}')
        return None

    return read


def matching(pattern: str, what: str) -> Reader[str]:
    """Text that has a form; ``what`` says which, with an example."""

    def read(field: Field) -> str | None:
        found = text(field)
        if found is None or re.fullmatch(pattern, found):
            return found
        field.complain(f'{field.path} must be {what}, not "{found}"')
        return None

    return read


def mapping(field: Field, read: Reader[Value], *, example: str) -> Mapping[str, Value]:
    """A mapping with keys of the writer's own choice."""
    pairs = [(key, read(inner)) for key, inner in entries(field, example=example)]
    return {key: value for key, value in pairs if value is not None}


def plain(node: Node) -> object:
    """The node as Python values, for options that a check reads by itself."""
    if isinstance(node, Items):
        return [plain(inner) for inner in node.nodes]
    if isinstance(node, Entries):
        return {key.text: plain(inner) for key, inner in node.pairs}
    return node.value


def kind_of(node: Node) -> str:
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Entries):
        return "a mapping"
    return "an empty value" if node.is_null else f'"{node.written[:60]}"'
