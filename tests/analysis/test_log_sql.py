"""Logs in SQL databases: read from SQLite and from a real PostgreSQL as the same rows are from Parquet."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, create_engine, text

from analysis import log_query_groups as groups
from analysis.card import Sql
from analysis.card_reading import parse_card
from analysis.errors import DataError, UserError
from analysis.evaluate import evaluate
from analysis.log_limits import DEFAULT_LIMITS
from analysis.log_pieces import Piece
from analysis.log_query import Query, open_query
from analysis.log_query_groups import Joining
from analysis.log_roles import Roles
from analysis.log_sql import BATCH_ROWS, Database
from analysis.log_sql_text import is_ordered
from analysis.log_values import Kind
from analysis.values import Measure, Result
from tests.analysis.evaluating import NOW
from tests.analysis.logs import opened, read, refused
from tests.databases import KINDS, fresh_url
from tests.databases import Kind as DatabaseKind

ROWS = 40_000
"""More than two batches of a query, and few enough for ninety tests."""
MANY_ROWS = 140_000
"""More than two batches of a file, and than a sample holds."""
ORDERED = "select * from log order by id"


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> DatabaseKind:
    chosen: DatabaseKind = request.param
    return chosen


@pytest.fixture(scope="module")
def warehouse(kind: DatabaseKind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database with the rows of ``the_rows``, and of no other test."""
    with fresh_url(kind, tmp_path_factory, with_tables=False) as url:
        engine = create_engine(url)
        filled(engine, "log", the_rows())
        filled(engine, "before_it", the_rows().slice(0, 1000))
        engine.dispose()
        yield url


@pytest.fixture(autouse=True)
def address(warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", warehouse)


@cache
def the_rows(many: int = ROWS) -> pa.Table:
    """139 days. A column that begins with NULLs for longer than a batch, and one that has numbers of both kinds."""
    generator = np.random.default_rng(7)
    score = generator.random(many)
    first, each = datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=200_000 / many)
    return pa.table(
        {
            "id": [f"r{number:06}" for number in range(many)],
            "at": pa.array([first + n * each for n in range(many)], pa.timestamp("us", "UTC")),
            "score": score.round(6),
            "label": (generator.random(many) < score).astype(int),
            "late": [None if n < many // 2 else n / 2 for n in range(many)],
            "State of %s": [None if n % 7 == 0 else f"state:{n % 5}" for n in range(many)],
        }
    )


def filled(engine: Engine, name: str, rows: pa.Table) -> None:
    types = {"id": "text", "at": "timestamptz", "score": "float8", "label": "int", "late": "numeric"}
    here = engine.dialect.name == "postgresql"
    columns = ", ".join(f'"{c}" {types.get(c, "text") if here else ""}' for c in rows.column_names)
    found = [column.to_pylist() for column in rows.columns]
    with engine.begin() as connection:
        connection.execute(text(f"create table {name} ({columns})".replace(":", r"\:")))
        driver: Any = connection.connection.driver_connection
        if not here:
            kept = [[v.isoformat() for v in c] if isinstance(c[0], datetime) else c for c in found]
            driver.executemany(f"insert into {name} values ({', '.join('?' * len(kept))})", zip(*kept, strict=True))
            return
        with driver.cursor() as cursor, cursor.copy(f"copy {name} from stdin") as copy:
            for row in zip(*found, strict=True):
                copy.write_row(row)


def written(sql: str) -> str:
    return f"{{sql: '{sql}', url: env:WAREHOUSE_URL}}"


def result_of(root: Path, source: str, *, log: str = "", more: str = "", window: str = "all") -> Result:
    columns = "{id: id, timestamp: at, label: label, score: score}"
    described = f"model: m\ntask: binary\nlog:\n  source: {source}\n  columns: {columns}\n{log}\n{more}"
    return evaluate(parse_card(described, root=root, name="m.yaml"), now=NOW, window=window)


def a_query(sql: str, timestamp: str | None = None) -> Query:
    return open_query(Sql(sql=sql, url="env:WAREHOUSE_URL"), Roles(timestamp=timestamp), DEFAULT_LIMITS)


def test_a_query_is_evaluated_as_the_same_rows_in_parquet_are(warehouse: str, tmp_path: Path) -> None:
    engine, rows = create_engine(warehouse), the_rows(MANY_ROWS)
    filled(engine, "many", rows)
    engine.dispose()
    pq.write_table(rows, tmp_path / "log.parquet")
    found = result_of(tmp_path, written("select * from many order by id"))
    assert found.measures == result_of(tmp_path, "log.parquet").measures
    assert found.window.rows == MANY_ROWS


def counted(result: Result) -> list[Measure]:
    """Without those of a sample, which is drawn by the places of rows: a window that the database cuts has others."""
    return [m for m in result.measures if "sample" not in (m.note or "") and "held back" not in (m.note or "")]


def numbers_of(measure: Measure) -> tuple[float | None, ...]:
    return measure.value, measure.low, measure.high


def nearly(one: float | None, two: float | None) -> bool:
    return one == two or (one is not None and two is not None and one == pytest.approx(two, rel=1e-9, abs=1e-12))


@pytest.mark.parametrize("window", ["2026-03", "2026-04-01T12:30:00Z..2026-04-02T00:00:00Z", "rows 14000..34000"])
def test_a_window_holds_the_same_rows_as_in_parquet(tmp_path: Path, window: str) -> None:
    pq.write_table(the_rows(), tmp_path / "log.parquet")
    found = result_of(tmp_path, written(ORDERED), window=window)
    same = result_of(tmp_path, "log.parquet", window=window)
    assert (counted(found), found.window) == (counted(same), same.window)


def test_rows_after_the_window_are_not_asked_for(tmp_path: Path) -> None:
    log = opened(tmp_path, "rows 20..50", source=written(ORDERED), columns="{score: score}")
    assert read(log, ["id"])["#"] == list(range(20, 50))
    (query,), (partition,) = log.table.files, log.partitions
    _, piece = cast("tuple[int, Piece]", partition.where)
    assert sum(rows for rows, _ in query.read(piece, ["id"], query.kinds)) == 50


def test_labels_and_reference_may_be_queries(tmp_path: Path) -> None:
    rows = the_rows()
    pq.write_table(rows.drop_columns(["label"]), tmp_path / "log.parquet")
    pq.write_table(rows.slice(0, 1000), tmp_path / "before.parquet")
    pq.write_table(rows.select(["id", "label"]), tmp_path / "labels.parquet")
    near = result_of(
        tmp_path,
        "log.parquet",
        log="  labels: {source: labels.parquet, by: id}",
        more="reference: {source: before.parquet}",
    )
    far = result_of(
        tmp_path,
        written('select id, at, score, late, "State of %s" from log order by id'),
        log=f"  labels: {{source: {written('select id, label from log')}, by: id}}",
        more=f"reference: {{source: {written('select * from before_it order by id')}}}",
    )
    assert far.measures == near.measures
    assert far.reference is not None


def test_a_query_is_one_partition_that_no_cache_may_keep(tmp_path: Path) -> None:
    log = opened(tmp_path, source=written(ORDERED), columns="{score: score}")
    assert [(p.identity, log.key_of(p, ["score"])) for p in log.partitions] == [("", None)]


def test_rows_with_labels_of_a_query_are_kept_in_no_cache(tmp_path: Path) -> None:
    pq.write_table(the_rows().select(["id", "score"]), tmp_path / "log.parquet")
    columns = "{id: id, score: score, label: label}"
    labels = f"labels: {{source: {written('select id, label from before_it')}, by: id}}"
    log = opened(tmp_path, source="log.parquet", columns=columns, log=labels)
    assert log.key_of(log.partitions[0], ["score"]) is not None
    assert log.key_of(log.partitions[0], ["score", "label"]) is None


def test_rows_come_in_batches_while_the_database_still_reads(kind: DatabaseKind) -> None:
    series = {
        "postgresql": "select n, 1 / (35000 - n) as x from generate_series(1, 40000) as n",
        "sqlite": "select cast(substr(id, 2) as int) as n, "
        "case when id = 'r035000' then abs(-9223372036854775808) end as x from log",
    }
    batches: list[int] = []
    # Row 35,000 is an error: were all rows fetched at once, none would come.
    with (
        pytest.raises(DataError, match=r"division by zero|integer overflow"),
        Database("WAREHOUSE_URL").asked(series[kind]) as answer,
    ):
        batches.extend(map(len, answer.batches()))
    assert batches == [BATCH_ROWS] * (35_000 // BATCH_ROWS) != []


def test_nothing_can_be_written(kind: DatabaseKind, warehouse: str) -> None:
    engine = create_engine(warehouse)
    if kind == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("create sequence counted"))
            connection.execute(text("create function wipe() returns int language sql as 'delete from log returning 1'"))
        for sql in ("select nextval('counted')", "select wipe()"):
            with pytest.raises(DataError, match="in a read-only transaction"):
                list(a_query(sql).read(a_query(sql).pieces()[0], [], {}))
    else:
        with pytest.raises(DataError, match="readonly database"), Database("WAREHOUSE_URL").asked("delete from log"):
            pass
    with engine.begin() as connection:
        assert connection.execute(text("select count(*) from log")).scalar_one() == ROWS
    engine.dispose()


@pytest.mark.parametrize(
    "sql",
    [
        "delete from log",
        "/* select */ update log set score = 0",
        "-- select\ninsert into log values (1)",
        "select 1; drop table log",
        "select 1) as log; commit; drop table log; select * from (select 1",
        "table log",
        "",
    ],
)
def test_only_one_statement_that_reads_is_taken(sql: str) -> None:
    with pytest.raises(DataError, match=r"must begin with SELECT or WITH|must be one statement"):
        a_query(sql)


@pytest.mark.parametrize(
    "sql",
    [
        " -- why\n/* and */ SELECT 1 AS s;\n",
        "with x as (select 1 as s) select * from x -- end",
        "select 1 as s from log where 'a%' like '%%' and ':b' <> id limit 1",
    ],
)
def test_a_statement_that_reads_may_be_written_in_many_ways(sql: str) -> None:
    query = a_query(sql)
    assert [found["s"].to_pylist() for _, found in query.read(query.pieces()[0], ["s"], query.kinds)] == [[1]]


def test_rows_by_their_places_need_an_order(tmp_path: Path) -> None:
    unordered = written("select * from (select * from log order by id) as l where score > 0")
    for more, window in (
        ("", "rows 0..10"),
        ("reference: {window: rows 0..10}", "all"),
        ("periods: {rows: 10}", "all"),
    ):
        with pytest.raises(UserError, match="put ORDER BY at its end"):
            result_of(tmp_path, unordered, more=more, window=window)


def test_an_order_counts_only_at_the_end_of_the_statement() -> None:
    assert is_ordered("select a from (select 1 as a) as x ORDER\n BY a limit 5")
    assert not is_ordered("select row_number() over (order by a) from (select a from b order by a) as c")
    assert not is_ordered(
        "select 'order by a' as \"order by b\", $x$ order by $x$ from c -- order by d\n/* order by e */"
    )


def test_columns_are_named_as_the_database_names_them(tmp_path: Path) -> None:
    said = refused(tmp_path, source=written("select id, score as skore from log"), columns="{score: score}")
    assert said.startswith('the query on WAREHOUSE_URL lacks a column that the model card names: "score"')
    assert 'did you mean "skore"?' in said
    said = refused(tmp_path, source=written("select id, score as s, label as s from log"), columns="{score: s}")
    assert said == 'the query on WAREHOUSE_URL has more than one column named "s"; give each its own name with AS'


def test_a_mistake_in_the_statement_is_told_in_the_words_of_the_database(tmp_path: Path) -> None:
    said = refused(tmp_path, source=written("select s from nowhere"))
    assert said.startswith("the query on WAREHOUSE_URL failed: the database says ")
    assert "nowhere" in said


def test_a_value_that_is_no_time_is_named(tmp_path: Path) -> None:
    columns = "{score: score, timestamp: id}"
    said = refused(tmp_path, "2026-03", source=written("select * from before_it order by id"), columns=columns)
    assert said.startswith('the query on WAREHOUSE_URL, row 1: column "id" holds a value that is no time')


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "WAREHOUSE_URL is not set; set it to the database's address, as in postgresql://"),
        ("sesame", "WAREHOUSE_URL holds no database's address; write it like postgresql://"),
        ("nosuch://me:sesame@host/name", "WAREHOUSE_URL leads to a database that I do not know: nosuch"),
        ("mysql+pymysql://me:sesame@host/name", r"the driver of mysql\+pymysql is not installed: install pymysql"),
        (
            "postgresql+psycopg2://me:sesame@host/name",
            r"install parley\[postgres\], and write the address as postgresql",
        ),
    ],
)
def test_an_address_that_leads_nowhere_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", address)
    with pytest.raises(UserError, match=said) as found:
        opened(tmp_path, source=written("select 1 as s"))
    assert "sesame" not in str(found.value)


def test_postgresql_without_its_driver_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as where it is not installed
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://me:sesame@127.0.0.1/name")
    with pytest.raises(UserError, match=r"PostgreSQL needs psycopg: install parley\[postgres\]"):
        opened(tmp_path, source=written("select 1 as s"))


def test_a_server_that_is_away_is_soon_noticed_and_no_password_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers, and nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv("WAREHOUSE_URL", f"postgresql://me:sesame@127.0.0.1:{port}/name")
        started = time.monotonic()
        said = refused(tmp_path, source=written("select 1 as s"))
    assert time.monotonic() - started < 15
    assert said.startswith("the query on WAREHOUSE_URL failed: the database says connection failed")
    assert "sesame" not in said


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", f"sqlite:///{tmp_path}/no #such.db")
    assert "unable to open database file" in refused(tmp_path, source=written("select 1 as s"))
    assert not list(tmp_path.iterdir())


def test_an_address_in_the_model_card_is_refused_and_not_repeated(tmp_path: Path) -> None:
    source = "{sql: select 1, url: 'postgresql://me:sesame@host/name'}"
    with pytest.raises(DataError, match="would put a password into a file; set an environment variable") as found:
        opened(tmp_path, source=source)
    assert "sesame" not in str(found.value)


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
class TestPostgresql:
    def test_each_type_is_what_it_is_in_a_file(self, tmp_path: Path) -> None:
        sql = (
            "select 1.25::numeric as s, 7::int2 as whole, true as switch, 'x'::bytea as bytes, null::float8 as nothing,"
            " '2026-03-01'::date as day, '2026-03-01 10:00+02'::timestamptz as moment, '{1}'::int[] as many, "
            "'{}'::jsonb as nested, '00000000-0000-0000-0000-000000000001'::uuid as uuid, '10.0.0.1'::inet as inet"
        )
        log = opened(tmp_path, source='{sql: "' + sql + '", url: env:WAREHOUSE_URL}')
        assert log.kinds["many"] is log.kinds["nested"] is Kind.NESTED
        found = {column: values[0] for column, values in read(log).items()}
        assert found == {
            "#": 0,
            "s": 1.25,
            "whole": 7,
            "switch": True,
            "bytes": "x",
            "nothing": None,
            "day": datetime(2026, 3, 1, tzinfo=UTC),
            "moment": datetime(2026, 3, 1, 8, tzinfo=UTC),
            "uuid": "00000000-0000-0000-0000-000000000001",
            "inet": "10.0.0.1",
        }

    @pytest.mark.parametrize(
        ("expression", "given"),
        [
            ("at", 288),
            ("at at time zone 'UTC'", 288),
            ("(at at time zone 'UTC')::date", 288),
            ("at::text", ROWS),
        ],
    )
    def test_a_window_is_left_to_the_database_where_it_has_true_times(
        self, tmp_path: Path, expression: str, given: int
    ) -> None:
        sql = f"select score as s, {expression} as at from log"
        from_database = opened(
            tmp_path,
            "2026-03-02",
            source='{sql: "' + sql + '", url: env:WAREHOUSE_URL}',
            columns="{score: s, timestamp: at}",
        )
        assert len(read(from_database, ["s"])["s"]) == 288
        (query,), (partition,) = from_database.table.files, from_database.partitions
        _, piece = cast("tuple[int, Piece]", partition.where)
        assert sum(rows for rows, _ in query.read(piece, ["s"], query.kinds)) == given

    @pytest.mark.parametrize("window", ["all", "2026-03", "2026-04-01T12:30:00Z..2026-04-02T07:00:00Z"])
    @pytest.mark.parametrize("periods", ["", "periods: month"])
    def test_rows_that_are_alike_are_asked_for_as_one_and_count_as_often_as_they_are_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: str, periods: str
    ) -> None:
        monkeypatch.setattr(groups, "LOOKED_AT", 60)
        rows = the_rows()
        score = pa.array(np.round(rows["score"].to_numpy(), 1))
        pq.write_table(rows.set_column(2, "score", score).drop_columns(["id", "late"]), tmp_path / "log.parquet")
        sql = 'select at, round(score::numeric, 1)::float8 as score, label, "State of %s" from log'
        columns = "{timestamp: at, label: label, score: score}"
        card = f"model: m\ntask: binary\nslices: [State of %s]\n{periods}\nlog:\n  columns: {columns}\n  source: "
        far, near = (
            evaluate(parse_card(card + source, root=tmp_path, name="m.yaml"), now=NOW, window=window)
            for source in (written(sql), "log.parquet")
        )
        assert far.window == near.window
        found, expected = ({(m.measure, m.feature, m.slice, m.period): m for m in counted(r)} for r in (far, near))
        # Rows that the database counts as one are not told apart, so that duplicates among them are not measured.
        del found["conflicting_label_rate", None, None, None], expected["conflicting_label_rate", None, None, None]
        del expected["duplicate_rate", None, None, None]
        assert found.keys() == expected.keys()
        for key, measure in expected.items():
            assert found[key].n == measure.n, key
            # Sums are added in another order.
            assert all(map(nearly, numbers_of(found[key]), numbers_of(measure))), key

    @pytest.mark.parametrize(
        ("sql", "asked", "joining", "rows"),
        [
            ("select label, at from log", ["label"], Joining(None, None), 2),
            ("select label, at from log", ["label", "at"], Joining("at", None), 2),
            ("select label, at from log", ["label", "at"], Joining("at", "month"), 10),
            ("select label, at::timestamp as at from log", ["label", "at"], Joining("at", "week"), 42),
            ("select label, at::date as at from log", ["label", "at"], Joining("at", "year"), 2),
            ("select label, at from log", ["label", "at"], None, ROWS),
            ("select id, at from log", ["id", "at"], Joining("at", "month"), ROWS),
            ("select label, at::text as at from log", ["label", "at"], Joining("at", "month"), ROWS),
            ("select label, '10.0.0.1'::inet as address from log", ["label", "address"], Joining(None, None), ROWS),
            ("select label, 1.0::numeric as price from log", ["label", "price"], Joining(None, None), 2),
            ("select label::float8 as s, 1.5::float8 as price from log", ["s", "price"], Joining(None, None), 2),
            ("select label from log limit 19999", ["label"], Joining(None, None), 19_999),
        ],
    )
    def test_rows_are_joined_only_where_many_are_alike_and_nothing_is_lost(
        self, monkeypatch: pytest.MonkeyPatch, sql: str, asked: list[str], joining: Joining | None, rows: int
    ) -> None:
        monkeypatch.setattr(groups, "LOOKED_AT", 20_000)
        query = replace(a_query(sql, "at"), joining=joining)
        grouping = query.grouping(asked)
        assert (grouping is None) == (rows > 1_000)
        statement = grouping.asking(sql, "") if grouping is not None else sql
        with Database("WAREHOUSE_URL").asked(statement) as answer:
            assert sum(map(len, answer.batches())) == rows
        given = sum(n for n, _ in query.read(query.pieces()[0], asked, query.kinds))
        assert given == (19_999 if "limit" in sql else ROWS)

    @pytest.mark.parametrize(("rows", "joined"), [(99_999, False), (100_000, True)])
    def test_rows_that_are_alike_are_joined_where_they_are_a_hundred_thousand(self, rows: int, joined: bool) -> None:
        query = a_query(f"select n % 2 as label from generate_series(1, {rows}) as n")
        query = replace(query, joining=Joining(None, None))
        assert (query.grouping(["label"]) is not None) == joined
        pieces = [n for n, _ in query.read(query.pieces()[0], ["label"], query.kinds)]
        assert sum(pieces) == rows

    @pytest.mark.parametrize(
        ("columns", "more", "labels"),
        [
            ("{timestamp: day, label: label, score: score}", "slices: [day]", ""),
            ("{timestamp: day, label: label, score: score, id: day}", "", ""),
            (
                "{timestamp: day, label: was, score: score}",
                "",
                (
                    "  labels: {source: {sql: 'select distinct (at at time zone ''UTC'')::date as day, "
                    "extract(doy from at)::int % 2 as was from log', url: env:WAREHOUSE_URL}, by: day}"
                ),
            ),
        ],
        ids=["slices", "ids", "keys of labels"],
    )
    def test_times_that_mean_more_than_their_period_are_told_apart(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str, more: str, labels: str
    ) -> None:
        sql = "select (at at time zone ''UTC'')::date as day, round(score::numeric, 1)::float8 as score, label from log"
        text = f"model: m\ntask: binary\nperiods: month\n{more}\nlog:\n  columns: {columns}\n{labels}\n"
        text += f"  source: {written(sql)}\ndefaults: off\n"
        card = parse_card(text, root=tmp_path, name="m.yaml")
        monkeypatch.setattr(groups, "LOOKED_AT", 20_000)
        found = {}
        for fewest in (10, 10**9):
            monkeypatch.setattr(groups, "FEWEST_ALIKE", fewest)
            measures = counted(evaluate(card, now=NOW))
            found[fewest] = {(m.measure, m.feature, m.slice, m.period): (m.value, m.n) for m in measures}
        assert found[10].keys() == found[10**9].keys()
        for key, (value, n) in found[10**9].items():
            assert found[10][key][1] == n, key
            assert nearly(found[10][key][0], value), key

    def test_an_empty_window_says_what_the_log_covers_to_the_minute(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = written("select at, label, round(score::numeric, 1)::float8 as score from log")
        monkeypatch.setattr(groups, "LOOKED_AT", 20_000)
        text = f"model: m\ntask: binary\nperiods: month\nlog:\n  source: {source}\n"
        text += "  columns: {timestamp: at, label: label, score: score}\n"
        with pytest.raises(DataError, match="from 2026-01-01 00:00 to 2026-05-19 21:15 UTC"):
            evaluate(parse_card(text, root=tmp_path, name="m.yaml"), now=NOW, window="2030-01")

    def test_rows_without_a_time_are_joined_apart_from_those_with_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(groups, "LOOKED_AT", 20_000)
        sql = "select case when label = 1 then at end as at, label from log"
        query = replace(a_query(sql, "at"), joining=Joining("at", None))
        (one, two), pieces = (0, 0), query.read(query.pieces()[0], ["at", "label"], query.kinds)
        for _, found in pieces:
            one += found["at"].null_count
            two += found["label"].to_pylist().count(0)
        assert one == two > 0

    def test_what_the_driver_cannot_hold_is_an_error_of_the_data(self, tmp_path: Path) -> None:
        source = written("select 1 as s, ''infinity''::timestamptz as at")
        assert "the database says" in refused(tmp_path, source=source, columns="{score: s, timestamp: at}")


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
class TestSqlite:
    def test_a_column_is_text_where_one_of_its_values_is(self, tmp_path: Path) -> None:
        sql = "select 1 as s, 2 as mixed, null as empty union all select 1.5, ''a'', null"
        assert read(opened(tmp_path, source=written(sql))) == {
            "#": [0, 1],
            "s": [1.0, 1.5],
            "mixed": ["2", "a"],
            "empty": [None, None],
        }

    def test_rows_that_change_between_the_look_and_the_reading_are_noticed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = f"sqlite:///{tmp_path}/changing.db"
        monkeypatch.setenv("WAREHOUSE_URL", url)
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("create table log (s)"))
            connection.execute(text("insert into log values (1)"))
        log = opened(tmp_path, source=written("select * from log"))
        with engine.begin() as connection:
            connection.execute(text("update log set s = 'one'"))
        engine.dispose()
        with pytest.raises(DataError, match='column "s" does not hold whole numbers alone; run it again if it changed'):
            read(log)


def test_values_that_python_knows_and_arrow_does_not_are_still_read() -> None:
    from analysis.log_sql_values import as_array, kind_of_values

    decimals = [None, Decimal("1.5"), 2**60 + 1]
    assert kind_of_values(decimals) is Kind.FRACTION
    assert as_array(decimals, Kind.FRACTION).to_pylist() == [None, 1.5, float(2**60)]
    assert kind_of_values([date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC)]) is Kind.TIME
    assert as_array([True, None, b"x", 1.0], Kind.TEXT).to_pylist() == ["true", None, "x", "1"]
