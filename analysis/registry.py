"""Being in a folder registers: the one public value that each module of a package offers."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def registered(package: ModuleType, attribute: str, kind: type[T]) -> dict[str, T]:
    """``{module name: value}`` for every module of the package, in the order of names.

    A module without the value, or with a value of another kind, is a bug and is raised as TypeError.
    """
    found: dict[str, T] = {}
    for module in sorted(iter_modules(package.__path__), key=lambda m: m.name):
        value = getattr(import_module(f"{package.__name__}.{module.name}"), attribute, None)
        if not isinstance(value, kind):
            raise TypeError(
                f"{package.__name__}.{module.name} must have a public value {attribute!r} of {kind.__name__}"
            )
        found[module.name] = value
    return found
