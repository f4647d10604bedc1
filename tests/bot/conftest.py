"""What several tests of the bot share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.starts import Starter, starter


@pytest.fixture(scope="session")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with starter(tmp_path_factory.mktemp("starts")) as found:
        yield found
