"""Kinds of files that are no log, told by their first bytes: so that an error names what a file is."""

from __future__ import annotations

_BY_START: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive (or an Excel workbook)", "unpack it, or save the sheet as CSV"),
    (b"PK\x05\x06", "an empty zip archive", "write the log as CSV, NDJSON or Parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"ARROW1", "a Feather (Arrow) file", "write it as Parquet"),
    (b"FEA1", "a Feather file", "write it as Parquet"),
    (b"BZh", "packed with bzip2", "unpack it, or pack it with gzip"),
    (b"\xfd7zXZ\x00", "packed with xz", "unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard", "unpack it, or pack it with gzip"),
    (b"\x04\x22\x4d\x18", "packed with LZ4", "unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"Obj\x01", "an Avro file", "write it as Parquet or NDJSON"),
    (b"\x89HDF", "an HDF5 file", "write it as Parquet"),
    (b"SQLite format 3\x00", "an SQLite database", "read it through a query under log.source.sql"),
    (b"%PDF", "a PDF", "save its table as CSV"),
    (b"\x80\x04\x95", "a Python pickle", "write it as Parquet"),
    (b"\x80\x05\x95", "a Python pickle", "write it as Parquet"),
)
_TAR, _TAR_AT = b"ustar", 257


def foreign_kind(name: str, head: bytes) -> str | None:
    """What a file is, and what to do with it, where it is none that can be read; None for all others."""
    if head.startswith(b"PK") and name.lower().endswith((".xlsx", ".xlsm", ".ods")):
        return f"{name} is an Excel workbook; save the sheet as CSV"
    for start, what, remedy in _BY_START:
        if head.startswith(start):
            return f"{name} is {what}; {remedy}"
    if head[_TAR_AT:].startswith(_TAR):
        return f"{name} is a tar archive; unpack it"
    return None


def json_array(name: str, head: bytes, *, is_csv: bool) -> str | None:
    """What is said of a file that is one JSON array; a CSV may begin with the same sign."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if is_csv or not start.startswith(b"["):
        return None
    return f"{name} is a JSON array; write one object a line, as NDJSON (jq -c '.[]' does it)"
