"""What docs/security.md promises is held by files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "file", sorted(set(re.findall(r"`((?:bot|storage|analysis|tests|benchmarks|docs)/[\w/.]+)`", PAGE)))
)
def test_every_file_that_the_page_names_is_there(file: str) -> None:
    assert (ROOT / file).exists()
