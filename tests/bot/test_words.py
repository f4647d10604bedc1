"""The one parser: what people type becomes a request, and every request can be typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import UserError
from bot.asking.grammar import parse, words
from bot.asking.plain import mentions, plain, without_mention
from bot.commands import all_commands
from storage.database import Json

COMMANDS = all_commands()


@pytest.mark.parametrize(
    ("typed", "command", "arguments"),
    [
        ("", "help", {}),
        ("help evaluate", "help", {"command": "evaluate"}),
        ("evaluate return-risk", "evaluate", {"model": "return-risk"}),
        ("EVALUATE Return-Risk last 7 days", "evaluate", {"model": "return-risk", "window": "last 7 days"}),
        (
            "evaluate churn 2026-03-01..2026-03-31 --version V2",
            "evaluate",
            {"model": "churn", "window": "2026-03-01..2026-03-31", "version": "V2"},
        ),
        ("evaluate churn —version v2", "evaluate", {"model": "churn", "version": "v2"}),
        ("evaluate churn --window “last 7 days”", "evaluate", {"model": "churn", "window": "last 7 days"}),
        ("note churn it's the supplier's fault", "note", {"model": "churn", "text": "it's the supplier's fault"}),
        (
            'note churn --slice "region=north & age=[30, 45)" --kind decision wait',
            "note",
            {
                "model": "churn",
                "kind": "decision",
                "slice": [["region", "north"], ["age", "[30, 45)"]],
                "text": "wait",
            },
        ),
        (
            "note churn students joined --kind decision --period=2026-W10",
            "note",
            {"model": "churn", "kind": "decision", "period": "2026-W10", "text": "students joined"},
        ),
        (
            "note churn the --kind decision was wrong",
            "note",
            {"model": "churn", "text": "the --kind decision was wrong"},
        ),
        ("note churn -- it was --kind decision", "note", {"model": "churn", "text": "it was --kind decision"}),
        ("note churn -- --not-an-option", "note", {"model": "churn", "text": "--not-an-option"}),
        (
            "every monday 09:00 digest",
            "every",
            {"when": "monday 09:00", "what": {"command": "digest", "arguments": {}}},
        ),
        (
            "every 2 hours evaluate churn last 7 days",
            "every",
            {
                "when": "2 hours",
                "what": {"command": "evaluate", "arguments": {"model": "churn", "window": "last 7 days"}},
            },
        ),
        ("unschedule s-3", "unschedule", {"schedule": 3}),
        ("i-am ML engineer", "i-am", {"persona": "ML engineer"}),
    ],
)
def test_what_people_type_becomes_a_command(typed: str, command: str, arguments: dict[str, Json]) -> None:
    assert parse(typed, COMMANDS) == (command, arguments)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("evalute churn", "did you mean `evaluate`?"),
        ("evaluate", "`evaluate` needs MODEL"),
        ("evaluate churn yesterday-ish", "last 7 days"),
        ("evaluate churn --versoin v2", "did you mean `version`?"),
        ("evaluate churn --version", "--version needs a value"),
        ("evaluate churn --version v1 --version v2", "given twice"),
        ("every 5 minutes digest", "15 minutes is the shortest"),
        ("every now and then digest", "monday 08:30"),
        ("i-am astronaut", "product manager"),
        ("stop X-1", "E-17"),
        ("unschedule", "`unschedule` needs the schedule's id, such as S-3: `unschedule S-3`."),
        (
            "note churn --kind hypothsis x",
            "--kind: “hypothsis” is no kind. Did you mean `hypothesis`? It is one of",
        ),
        ("help evaluate now", "I don't know what to do with “now”"),
    ],
)
def test_what_cannot_be_read_is_answered_with_what_to_type(typed: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        parse(typed, COMMANDS)
    assert says in str(refused.value)


@pytest.mark.parametrize("example", [e for c in COMMANDS.values() for e in c.examples])
def test_every_example_in_the_help_can_be_typed_and_printed_again(example: str) -> None:
    name, arguments = parse(example, COMMANDS)
    assert parse(words(COMMANDS[name], arguments), COMMANDS) == (name, arguments)


trimmed = st.text(min_size=1, max_size=60).map(str.strip).filter(lambda t: t and "\u00a0" not in t and "\x00" not in t)
groups = trimmed.filter(lambda t: " & " not in t and not t.startswith("& ") and not t.endswith(" &") and t != "&")
columns = groups.filter(lambda t: "=" not in t)


@given(
    text=trimmed,
    version=trimmed.filter(lambda t: len(t) <= 40),
    pairs=st.lists(st.tuples(columns, groups), min_size=1, max_size=2),
    finding=st.integers(1, 999_999),
)
def test_any_request_can_be_printed_and_parsed_again(
    text: str, version: str, pairs: list[tuple[str, str]], finding: int
) -> None:
    note: dict[str, Json] = {
        "model": "churn",
        "slice": [list(p) for p in pairs],
        "period": version,
        "finding": finding,
        "text": text,
    }
    assert parse(words(COMMANDS["note"], note), COMMANDS) == ("note", note)
    asked: dict[str, Json] = {"model": "churn", "window": "rows 0..5000", "version": version}
    assert parse(words(COMMANDS["evaluate"], asked), COMMANDS) == ("evaluate", asked)


def test_slacks_marks_become_plain_words_that_ping_nobody() -> None:
    said = "<@U123|mara> see <#C1|general> and <https://x.example/a|the page> &amp; <!here> a &lt; b"
    assert plain(said) == "<@U123> see #general and the page (https://x.example/a) & @here a < b"


def test_the_bots_own_name_is_taken_off_a_mention() -> None:
    assert without_mention("<@UBOT>: evaluate churn", "UBOT", "parley") == "evaluate churn"
    assert without_mention("@Parley, evaluate churn", "UBOT", "parley") == "evaluate churn"


@pytest.mark.parametrize("typed", ["@parley help", "@PARLEY: help", "help @Parley", "<@UBOT|parley> help"])
def test_a_mention_is_one_in_any_case(typed: str) -> None:
    assert mentions(typed, "UBOT", "parley")


@pytest.mark.parametrize("typed", ["mail me@parley.example", "@parleyboat help", "parley help", "<@UBOX> help"])
def test_what_only_looks_like_a_mention_is_none(typed: str) -> None:
    assert not mentions(typed, "UBOT", "parley")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("<https://x.example/a>", "https://x.example/a"),
        ("<http://x.example|x.example>", "x.example"),
        ("<mailto:a@x.example|a@x.example>", "a@x.example"),
        ("<https://x.example/?a=1&amp;b=2|the page>", "the page (https://x.example/?a=1&b=2)"),
        ("ask <@U1> or <@U2|mara>", "ask <@U1> or <@U2>"),
        ("<#C1|> &amp;lt;b&amp;gt;", "#C1 &lt;b&gt;"),
    ],
)
def test_links_keep_their_address_and_mentions_their_id(sent: str, kept: str) -> None:
    assert plain(sent) == kept
