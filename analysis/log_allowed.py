"""Which sources a model card may read that was made by people who may not read every file of this machine.

A model card in a file may read whatever its process can. One that was made in Slack is restricted: its sources must lie
under folders (or prefixes of object stores) that were allowed, wherever links and `..` lead. It is checked when the
model card is restricted, and again for each file at the moment of opening, because a link can be changed in between.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from analysis.card import ModelCard, Sql
from analysis.errors import DataError
from analysis.log_names import is_glob
from analysis.log_store_settings import OBJECT_STORES

_ALIASES = {"gcs://": "gs://", "abfss://": "abfs://"}


@dataclass(frozen=True, slots=True)
class Allowed:
    """``roots`` are folders as they resolve, ``prefixes`` those of object stores, ending in `/`."""

    roots: tuple[Path, ...] = ()
    prefixes: tuple[str, ...] = ()

    @classmethod
    def under(cls, places: Iterable[str | Path]) -> Allowed:
        """What lies under these folders and prefixes of object stores (`s3://bucket/logs`)."""
        written = [str(place) for place in places]
        stores = [place for place in written if place.startswith(OBJECT_STORES)]
        folders = [Path(place).resolve() for place in written if place not in stores]
        return cls(tuple(folders), tuple(f"{_store(place).rstrip('/')}/" for place in stores))

    def must_allow(self, source: str | Sql, root: Path) -> None:
        """Raises DataError for a source that may lead outside, before anything is opened or listed."""
        if isinstance(source, Sql):
            raise DataError(
                "a model card made in Slack can't read a database: name a file, or ask an operator to add the model "
                "card as a file"
            )
        if source.startswith(OBJECT_STORES):
            self.must_hold_key(source, source)
            return
        if is_glob(source) and ".." in Path(source).parts:
            raise _outside(source)
        self.must_hold(root / _fixed_part(source), source)

    def must_hold(self, path: Path, name: str) -> Path:
        """The path as it resolves now; DataError where that lies outside."""
        try:
            resolved = path.resolve()
        except (OSError, RuntimeError):
            raise _outside(name) from None
        if not any(resolved.is_relative_to(root) for root in self.roots):
            raise _outside(name)
        return resolved

    def must_hold_open(self, path: Path, handle: int, name: str) -> None:
        """Raises DataError unless an open file is the one that lies at ``path``, and that lies inside."""
        there = os.stat(self.must_hold(path, name))  # noqa: PTH116 -- beside os.fstat
        if not os.path.samestat(there, os.fstat(handle)):
            raise DataError(f"{name} was replaced while it was opened; run it again")

    def must_hold_key(self, address: str, name: str) -> None:
        """Raises DataError for a key of an object store outside the allowed prefixes."""
        written = _store(address)
        if ".." in written.split("/") or not any(f"{written}/".startswith(prefix) for prefix in self.prefixes):
            raise _outside(name)


def restricted(card: ModelCard, places: Iterable[str | Path]) -> ModelCard:
    """The model card, reading only what lies under these places (PARLEY_SOURCES and the uploads). Raises DataError for
    a source of the log, the labels or the reference that is a query or leads elsewhere."""
    allowed = Allowed.under(places)
    for source in sources_of(card):
        allowed.must_allow(source, card.root)
    return replace(card, allowed=allowed)


def sources_of(card: ModelCard) -> Iterator[str | Sql]:
    yield card.source
    if card.labels is not None:
        yield card.labels.source
    if card.reference is not None and card.reference.source is not None:
        yield card.reference.source


def must_be_inside(allowed: Allowed | None, path: Path, stream: BinaryIO, name: str) -> None:
    if allowed is not None:
        allowed.must_hold_open(path, stream.fileno(), name)


def _fixed_part(source: str) -> Path:
    """A path without its last parts from the first with a sign of a glob on."""
    kept: list[str] = []
    for part in Path(source).parts:
        if is_glob(part):
            break
        kept.append(part)
    return Path(*kept)


def _store(address: str) -> str:
    for alias, name in _ALIASES.items():
        if address.startswith(alias):
            return name + address.removeprefix(alias)
    return address


def _outside(name: str) -> DataError:
    return DataError(
        f"{name} lies outside the folders that model cards made in Slack may read; put the file there or upload it, or "
        "ask an operator to add its folder to PARLEY_SOURCES"
    )
