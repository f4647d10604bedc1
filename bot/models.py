"""The models that can be asked about: the model cards in a folder, read again when a file changes."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from analysis.card import ModelCard
from analysis.errors import DataError, UserError
from bot.asking.nearest import near
from bot.asking.rights import NOBODY, Access

ENDINGS = (".yaml", ".yml")


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
    access: Access = NOBODY


class Models:
    """The model cards under one folder. Safe to use from several threads."""

    def __init__(self, folder: Path, *, read: Callable[..., ModelCard]) -> None:
        self.folder = folder
        self._read = read
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[tuple[int, int], KnownModel | BrokenCard]] = {}

    def warm(self) -> None:
        """Read every model card before somebody asks: a thousand take seconds."""
        self.all()

    def all(self) -> tuple[list[KnownModel], list[BrokenCard]]:
        """Every model by name, and the files that could not be read."""
        with self._lock:
            read = [self._load(file, stamp) for file, stamp in self._files()]
        known = sorted((k for k in read if isinstance(k, KnownModel)), key=lambda k: k.card.model)
        return known, [b for b in read if isinstance(b, BrokenCard)]

    def _files(self) -> list[tuple[str, tuple[int, int]]]:
        """The path and stamp of each model card, by one look at the folder: every command asks for thousands."""
        found = []
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # it went away meanwhile
                    if entry.name.endswith(ENDINGS) and entry.is_file():
                        found.append((entry.path, _stamp(entry.stat())))
        return sorted(found, key=itemgetter(0))

    def _load(self, file: str, stamp: tuple[int, int]) -> KnownModel | BrokenCard:
        cached = self._cache.get(file)
        if cached and cached[0] == stamp:
            return cached[1]
        path = Path(file)
        try:
            loaded = self._parsed(path)
        except OSError as error:
            return BrokenCard(path, f"{path.name} can't be read: {error.strerror}")
        self._cache[file] = (stamp, loaded)
        return loaded

    def _parsed(self, path: Path) -> KnownModel | BrokenCard:
        try:
            text = path.read_text(encoding="utf-8")
            card = self._read(text, root=path.parent, name=path.name)
        except UnicodeDecodeError:
            return BrokenCard(path, f"{path.name} is not UTF-8 text; save it as UTF-8")
        except (DataError, UserError) as error:
            return BrokenCard(path, str(error), _access_in(text))
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
        if card.path.stem == name:
            raise DataError(f"The model card {card.path.name} can't be used:\n{card.why}")
    raise UserError(f"There is no model `{name}`{near(name, [k.card.model for k in known])}")


def _access_in(text: str) -> Access:
    """Who may see a model whose card is broken in another place; nobody where the card doesn't say it clearly."""
    try:
        card = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError):
        return NOBODY
    if not isinstance(card, dict):
        return NOBODY
    sensitivity, channels, owners = (card.get(key) for key in ("sensitivity", "channels", "owners"))
    if sensitivity not in ("open", "internal", "restricted", None):
        return NOBODY
    return Access(
        sensitivity or "internal",
        tuple(map(str, channels)) if isinstance(channels, list) else (),
        tuple(map(str, owners.values())) if isinstance(owners, dict) else (),
    )


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size
