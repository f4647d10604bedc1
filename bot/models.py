"""The models that can be asked about: the model cards in a folder, read again when a file changes."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from ruamel.yaml import YAML

from analysis.card import ModelCard
from analysis.errors import DataError, UserError
from analysis.near_names import near as near_to
from bot.asking.nearest import near
from bot.asking.rights import NOBODY, Access, Sensitivity, access_of

log = structlog.get_logger()

ENDINGS = (".yaml", ".yml")
STRICTNESS: tuple[Sensitivity, ...] = ("open", "internal", "restricted")
SECONDS_A_FILE_SETTLES = 3.0

Stamp = tuple[int, int]
"""When a file was changed, in ns, and its size."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model card that could be read: its value, its text, and the SHA-256 of the text."""

    card: ModelCard
    path: Path
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class BrokenCard:
    """A file that is no valid model card, and why. ``access``: who may see that, as far as the file says it."""

    path: Path
    why: str
    model: str | None = None
    access: Access = NOBODY


class Models:
    """The model cards under one folder. Safe to use from several threads."""

    def __init__(
        self, folder: Path, *, read: Callable[..., ModelCard], seconds_since_1970: Callable[[], float] = time.time
    ) -> None:
        self.folder = folder
        self._read = read
        self._time = seconds_since_1970
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[Stamp, KnownModel | BrokenCard]] = {}
        self._good: dict[str, KnownModel] = {}

    def warm(self) -> None:
        """Read every model card before somebody asks: a thousand take seconds."""
        self.all()

    def all(self) -> tuple[list[KnownModel], list[BrokenCard]]:
        """Every model by name, and the files that could not be read."""
        with self._lock:
            read = [self._load(file, stamp) for file, stamp in self._files()]
        known = sorted((k for k in read if isinstance(k, KnownModel)), key=lambda k: k.card.model)
        return known, [b for b in read if isinstance(b, BrokenCard)]

    def _files(self) -> list[tuple[str, Stamp]]:
        """The path and stamp of each model card, by one look at the folder: every command asks for thousands."""
        try:
            with os.scandir(self.folder) as entries:
                found = [(entry.path, _stamp(entry)) for entry in entries if entry.name.endswith(ENDINGS)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            log.warning("the folder of model cards can't be read", why=error.strerror)
            return []
        return sorted((file, stamp) for file, stamp in found if stamp is not None)

    def _load(self, file: str, stamp: Stamp) -> KnownModel | BrokenCard:
        cached = self._cache.get(file)
        if cached and cached[0] == stamp:
            return cached[1]
        loaded = self._parsed(Path(file))
        before = self._good.get(file)
        if isinstance(loaded, BrokenCard):
            return self._keep(file, stamp, _as_it_was(loaded, before))
        if before is not None and self._may_be_half_written(loaded, before, stamp):
            return before
        self._good[file] = loaded
        return self._keep(file, stamp, loaded)

    def _keep(self, file: str, stamp: Stamp, loaded: KnownModel | BrokenCard) -> KnownModel | BrokenCard:
        self._cache[file] = (stamp, loaded)
        return loaded

    def _may_be_half_written(self, now: KnownModel, before: KnownModel, stamp: Stamp) -> bool:
        """A model card that was stricter a moment ago may only lack its end, where that stands."""
        looser = STRICTNESS.index(now.card.sensitivity) < STRICTNESS.index(before.card.sensitivity)
        return looser and self._time() - stamp[0] / 1e9 < SECONDS_A_FILE_SETTLES

    def _parsed(self, path: Path) -> KnownModel | BrokenCard:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return BrokenCard(path, f"{path.name} is not UTF-8 text; save it as UTF-8")
        except OSError as error:
            return BrokenCard(path, f"{path.name} can't be read: {error.strerror}")
        try:
            card = self._read(text, root=path.parent, name=path.name)
        except (DataError, UserError) as error:
            return BrokenCard(path, str(error), *_said_in(text))
        except Exception as error:  # the edge of one model card: others must be read
            log.exception("a model card broke its reader", file=path.name)
            return BrokenCard(path, f"{path.name} can't be read ({type(error).__name__})")
        return KnownModel(card, path, text, hashlib.sha256(text.encode()).hexdigest())


def find(name: str, known: list[KnownModel], broken: list[BrokenCard]) -> KnownModel:
    """The model of that name among these. Raises UserError with the nearest names, DataError where its card is
    broken."""
    found = [k for k in known if k.card.model == name]
    if len(found) > 1:
        files = " and ".join(k.path.name for k in found)
        raise DataError(f"Two model cards are called `{name}`: {files}. Rename the model in one of them.")
    if found:
        return found[0]
    for card in broken:
        if name in (card.model, card.path.stem):
            raise DataError(f"The model card {card.path.name} can't be used:\n{card.why}")
    raise UserError(f"There is no model `{name}`{near(name, [k.card.model for k in known])}")


def _as_it_was(broken: BrokenCard, before: KnownModel | None) -> BrokenCard:
    """A model card that was whole before is about the same model, for the same people, whatever it says now."""
    if before is None:
        return broken
    return replace(broken, model=before.card.model, access=access_of(before.card))


def _said_in(text: str) -> tuple[str | None, Access]:
    """The model, and who may see it, of a card that is broken in another place; nobody where it doesn't say so clearly,
    or where a key that it has may be a misspelt `sensitivity`."""
    try:
        card = YAML(typ="safe", pure=True).load(text)
    except Exception:  # the edge of one text: whatever is wrong with it, nobody may see what it is about
        return None, NOBODY
    if not isinstance(card, dict) or not isinstance(card.get("model"), str):
        return None, NOBODY
    return card["model"], _access_in(card)


def _access_in(card: dict[Any, Any]) -> Access:
    channels, owners = card.get("channels"), card.get("owners")
    sensitivity = card.get("sensitivity", "internal")
    others = {str(key): value for key, value in card.items() if key != "sensitivity"}
    is_misspelt = any(near_to(key, ["sensitivity"]) or value in STRICTNESS for key, value in others.items())
    if is_misspelt or sensitivity not in STRICTNESS:
        return NOBODY
    return Access(
        sensitivity,
        tuple(map(str, channels)) if isinstance(channels, list) else (),
        tuple(map(str, owners.values())) if isinstance(owners, dict) else (),
    )


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    """None for what is no file, or went away meanwhile. What can't be looked at is read, and says why it can't be."""
    try:
        status = entry.stat()
    except FileNotFoundError:
        return None
    except OSError:
        return 0, 0
    return (status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else None
