"""A Delta table as its current version has it: which files count now, and their partition's values.

Files that a later version has replaced or removed stay in the folder, so a Delta table is never read as a folder.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pyarrow as pa

from analysis.errors import DataError, UserError
from analysis.log_partitions import Partition
from analysis.log_values import as_text

DELTA, ICEBERG, HUDI = "_delta_log", "metadata", ".hoodie"
EXPORT = "or write its rows as Parquet files and name these"
_VALUE = "partition."


def table_format(folder: Path) -> str | None:
    """What kind of table a folder is, if it is one whose files alone don't tell which rows count."""
    if (folder / DELTA).is_dir():
        return "Delta"
    if (folder / HUDI).is_dir():
        return "Hudi"
    return "Iceberg" if any((folder / ICEBERG).glob("*.metadata.json")) else None


def must_be_no_table(folder: Path, source: str) -> None:
    """Raises DataError for a table that isn't read at all."""
    format_ = table_format(folder)
    if format_ in ("Iceberg", "Hudi"):
        article = "an" if format_ == "Iceberg" else "a"
        raise DataError(
            f"{source} is {article} {format_} table, which I can't read; read it through a query under "
            f"log.source.sql, {EXPORT}"
        )


def current_files(folder: Path, source: str) -> list[tuple[Path, Partition]]:
    """The files of a Delta table's current version with the values of its partition columns, in the order of their
    names. Raises UserError without deltalake, DataError for a table that it can't read."""
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ModuleNotFoundError:
        raise UserError(f"{source} is a Delta table: install parley[delta] to read it, {EXPORT}") from None
    try:
        table = DeltaTable(str(folder))
        actions = pa.table(table.get_add_actions(flatten=True))
        hidden = pa.table(table.deletion_vectors()).num_rows
    except (DeltaError, OSError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(f"{source} is a Delta table that can't be read ({said}); repair it, {EXPORT}") from None
    features = table.protocol().reader_features or []
    if hidden or "columnMapping" in features or "delta.columnMapping.mode" in table.metadata().configuration:
        what = "deletion vectors" if hidden else "column mapping"
        raise DataError(f"{source} is a Delta table with {what}, which I can't read; rewrite it without, {EXPORT}")
    columns = [c for c in actions.column_names if c.startswith(_VALUE)]
    values = {c.removeprefix(_VALUE): as_text(actions.column(c).combine_chunks()).to_pylist() for c in columns}
    found = []
    for row, path in enumerate(actions.column("path").to_pylist()):
        relative = PurePosixPath(unquote(path))
        if relative.is_absolute() or "://" in path or ".." in relative.parts:
            raise DataError(
                f"{source} is a Delta table with files outside its folder, which I don't follow; {EXPORT[3:]}"
            )
        found.append((folder / relative, tuple((name, own[row]) for name, own in values.items())))
    return sorted(found)
