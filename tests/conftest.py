"""Which worker of pytest-xdist has which tests, what is no garbage in it, and what starts `parley` in each."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

from tests.starts import Starter, starter

GROUP = re.compile(r"mark\.xdist_group\(\"([^\"]+)\"\)")


class ByGroupOfFile(LoadGroupScheduling):  # type: ignore[misc]  # pytest-xdist publishes no complete types
    """Keeps the tests of a group together. pytest-xdist 3.8 does it by a name that workers add to each test's, which
    pytest 9.2 doesn't let them change: each worker made what only one of them was to make. So it is read here from the
    test's file, which has one mark for all of its tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(self.config.rootpath / nodeid.partition("::")[0]) or super()._split_scope(nodeid)


@cache
def group_of(file: Path) -> str | None:
    found = GROUP.search(file.read_text(encoding="utf-8"))
    return found[1] if found else None


@pytest.hookimpl(optionalhook=True)  # or nothing would run without pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling | None:
    return ByGroupOfFile(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_configure() -> None:
    gc.disable()  # what is imported and collected from here on stays


def pytest_collection_finish() -> None:
    gc.freeze()  # or a million objects would be looked through again and again
    gc.enable()


@pytest.fixture(scope="session")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with starter(tmp_path_factory.mktemp("starts")) as found:
        yield found
