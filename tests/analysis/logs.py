"""Small logs on disk, and all that is read from them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from analysis.card import ModelCard
from analysis.card_reading import parse_card
from analysis.errors import DataError
from analysis.log import OpenLog
from analysis.log_limits import DEFAULT_LIMITS, Limits
from analysis.log_opening import open_log
from analysis.log_reading import Log
from analysis.windows import parse_window

NOW = datetime(2026, 3, 9, tzinfo=UTC)


def a_card(
    root: Path, *, source: str = "log.csv", columns: str = "{score: s}", more: str = "", log: str = ""
) -> ModelCard:
    """A regression card, for it needs the fewest columns; ``log`` are more lines under `log:`."""
    inner = "".join(f"  {line}\n" for line in log.splitlines())
    text = f"model: m\ntask: regression\nlog:\n  source: {source}\n  columns: {columns}\n{inner}{more}\n"
    return parse_card(text, root=root, name="m.yaml")


def write(root: Path, name: str, content: str | bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def opened(root: Path, window: str = "all", limits: Limits = DEFAULT_LIMITS, **parts: str) -> Log:
    return open_log(a_card(root, **parts), window=parse_window(window, now=NOW), limits=limits)


def read(log: OpenLog, columns: Sequence[str] | None = None) -> dict[str, list[Any]]:
    """The values of all partitions, one after another; under "#" the rows' places in the log."""
    wanted = list(log.columns if columns is None else columns)
    found: dict[str, list[Any]] = {"#": [], **{c: [] for c in wanted}}
    for partition in log.partitions:
        for batch in log.read(partition, wanted):
            assert set(batch.columns) == set(wanted)
            assert 0 < len(batch) <= 262_144
            assert all(len(values) == len(batch) for values in batch.columns.values())
            found["#"] += batch.positions.tolist()
            for column, values in batch.columns.items():
                values.validate(full=True)
                found[column] += values.to_pylist()
    return found


def type_of(log: OpenLog, column: str) -> pa.DataType:
    """The one type that a column has in every batch."""
    types = {b.columns[column].type for p in log.partitions for b in log.read(p, [column])}
    assert len(types) == 1
    return types.pop()


def refused(root: Path, window: str = "all", limits: Limits = DEFAULT_LIMITS, **parts: str) -> str:
    """What is said when the log cannot be opened or read."""
    try:
        read(opened(root, window, limits, **parts))
    except DataError as error:
        return str(error)
    raise AssertionError("the log was read")
