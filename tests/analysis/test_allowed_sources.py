"""Model cards made in Slack read only what lies under the allowed folders, also at the moment of opening."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from analysis.card import ModelCard
from analysis.card_reading import parse_card
from analysis.errors import DataError
from analysis.evaluate import evaluate
from analysis.log_allowed import restricted
from analysis.log_files import files_of
from analysis.log_opening import open_log
from tests.analysis.evaluating import NOW
from tests.analysis.logs import read

SECRET = "s\n0.5\n"
OUTSIDE = "lies outside the folders that model cards made in Slack may read"


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """The folder that may be read; beside it lies what may not."""
    folder = tmp_path / "sources"
    (folder / "inner").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "sources-too").mkdir()
    for path in ("secret/log.csv", "sources-too/log.csv", "sources/log.csv", "sources/inner/log.csv"):
        (tmp_path / path).write_text(SECRET)
    return folder


def a_card(root: Path, source: str, *, log: str = "", more: str = "") -> ModelCard:
    written = source if source.startswith("{") else f"'{source}'"  # YAML takes a bare * for an alias
    text = f"model: m\ntask: regression\nlog:\n  source: {written}\n  columns: {{score: s, label: y}}\n{log}\n{more}"
    return parse_card(text, root=root, name="m.yaml")


def made_in_slack(root: Path, source: str, **parts: str) -> ModelCard:
    return restricted(a_card(root, source, **parts), [root])


@pytest.mark.parametrize("source", ["log.csv", "inner", "inner/../log.csv", "**/log.csv", "inn*/*.csv", "ABSOLUTE"])
def test_what_lies_inside_is_read(allowed: Path, source: str) -> None:
    card = made_in_slack(allowed, source.replace("ABSOLUTE", str(allowed / "log.csv")), log="  labels: later")
    assert read(open_log(card), ["s"])["s"]


@pytest.mark.parametrize(
    "source",
    [
        "../secret/log.csv",
        "../secret",
        "../sec*/log.csv",
        "*/../../secret/*.csv",
        "../sources-too/log.csv",
        "inner/../../secret/log.csv",
        "/etc/passwd",
        "/etc/*",
        "..",
        "s3://bucket/log.csv",
        "abfs://container@account/log.csv",
        "{sql: select 1 as s, url: env:WAREHOUSE_URL}",
    ],
)
def test_what_lies_outside_is_refused_before_anything_is_opened(allowed: Path, source: str) -> None:
    with pytest.raises(DataError) as caught:
        made_in_slack(allowed, source)
    assert OUTSIDE in str(caught.value) or "can't read a database" in str(caught.value)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "parts",
    [
        {"log": "  labels: {source: ../secret/log.csv, by: s}"},
        {"more": "reference: {source: ../secret/log.csv}"},
        {"log": "  labels: {source: {sql: select 1, url: env:WAREHOUSE_URL}, by: s}"},
        {"more": "reference: {source: {sql: select 1, url: env:WAREHOUSE_URL}}"},
    ],
    ids=["labels", "reference", "labels by query", "reference by query"],
)
def test_labels_and_the_reference_are_held_to_it_too(allowed: Path, parts: dict[str, str]) -> None:
    with pytest.raises(DataError):
        made_in_slack(allowed, "log.csv", **parts)


def test_a_link_that_leads_outside_is_refused(allowed: Path) -> None:
    (allowed / "link.csv").symlink_to(allowed.parent / "secret" / "log.csv")
    (allowed / "folder").symlink_to(allowed.parent / "secret")
    for source in ("link.csv", "folder/log.csv", "folder"):
        with pytest.raises(DataError, match=OUTSIDE):
            made_in_slack(allowed, source)
    for source in ("*.csv", "fold*/*.csv", "."):
        card = made_in_slack(allowed, source, log="  labels: later")
        with pytest.raises(DataError, match=OUTSIDE):
            open_log(card)


def test_a_link_that_leads_inside_is_read(allowed: Path) -> None:
    (allowed / "link.csv").symlink_to(allowed / "inner" / "log.csv")
    assert read(open_log(made_in_slack(allowed, "link.csv", log="  labels: later")), ["s"])["s"] == [0.5]


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
def test_a_file_that_becomes_a_link_before_it_is_opened_is_refused(allowed: Path, name: str) -> None:
    pq.write_table(pa.table({"s": [0.5]}), allowed / "log.parquet")
    pq.write_table(pa.table({"s": [0.25]}), allowed.parent / "secret" / "log.parquet")
    card = made_in_slack(allowed, name, log="  labels: later")
    (file,) = files_of(name, allowed, card.allowed)
    (allowed / name).unlink()
    (allowed / name).symlink_to(allowed.parent / "secret" / name)
    with pytest.raises(DataError, match=OUTSIDE), file.open():
        pass
    with pytest.raises(DataError, match=OUTSIDE):
        open_log(card)


def test_a_folder_that_becomes_a_link_before_a_file_in_it_is_opened_is_refused(allowed: Path) -> None:
    card = made_in_slack(allowed, "inner/log.csv", log="  labels: later")
    log = open_log(card)
    (allowed / "inner").rename(allowed / "moved")
    (allowed / "inner").symlink_to(allowed.parent / "secret")
    (allowed / "inner.csv").write_text(SECRET)
    with pytest.raises(DataError, match=OUTSIDE), log.table.files[0].file.open():  # type: ignore[attr-defined]  # a file
        pass


def test_a_delta_table_outside_is_refused(allowed: Path) -> None:
    write_deltalake(allowed.parent / "secret" / "table", pa.table({"s": [0.5]}))
    (allowed / "table").symlink_to(allowed.parent / "secret" / "table")
    with pytest.raises(DataError, match=OUTSIDE):
        made_in_slack(allowed, "table")


def test_object_stores_are_read_below_an_allowed_prefix_alone(tmp_path: Path) -> None:
    places = ["s3://bucket/logs", "gs://other"]
    for source in ("s3://bucket/logs/a.csv", "s3://bucket/logs", "gcs://other/x.parquet"):
        assert restricted(a_card(tmp_path, source), places).allowed is not None
    for source in ("s3://bucket/logs-too/a.csv", "s3://bucket", "s3://bucket/logs/../secret", "gs://another/x"):
        with pytest.raises(DataError, match=OUTSIDE):
            restricted(a_card(tmp_path, source), places)


def test_nothing_is_allowed_where_nothing_is_named(allowed: Path) -> None:
    with pytest.raises(DataError, match=OUTSIDE):
        restricted(a_card(allowed, "log.csv"), [])


def test_a_model_card_in_a_file_reads_what_its_process_can(allowed: Path) -> None:
    card = a_card(allowed, "../secret/log.csv", log="  labels: later")
    assert evaluate(card, now=NOW).window.rows == 1
