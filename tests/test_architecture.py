"""The direction of imports, as docs and folder names promise it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("analysis", "storage", "bot")


def imported(path: Path) -> set[str]:
    """Every module that a file imports, also inside functions, but not for types alone."""
    names: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def files(folder: str) -> list[Path]:
    return [p for p in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in p.parts]


def reach(path: Path, *prefixes: str) -> set[str]:
    return {n for n in imported(path) if any(n == p or n.startswith(f"{p}.") for p in prefixes)}


@pytest.mark.parametrize("path", files("analysis"), ids=lambda p: str(p.relative_to(ROOT)))
def test_analysis_knows_neither_slack_nor_a_database_of_ours(path: Path) -> None:
    assert not reach(path, "bot", "storage", "slack_sdk", "slack_bolt")


@pytest.mark.parametrize("path", files("storage"), ids=lambda p: str(p.relative_to(ROOT)))
def test_storage_imports_only_the_values_of_analysis(path: Path) -> None:
    assert not reach(path, "bot", "slack_sdk", "slack_bolt")
    allowed = {"analysis.values", "analysis.errors", "analysis.periods"}
    assert {n for n in reach(path, "analysis") if not any(n == a or n.startswith(f"{a}.") for a in allowed)} <= {
        "analysis"
    }


@pytest.mark.parametrize("path", files("bot/render"), ids=lambda p: str(p.relative_to(ROOT)))
def test_rendering_acts_on_nothing(path: Path) -> None:
    acts = (
        "bot.app",
        "bot.gateway",
        "bot.listeners",
        "bot.answering",
        "bot.commands",
        "bot.slack",
        "bot.asking.context",
    )
    assert not reach(path, *acts, "slack_bolt", "slack_sdk.web", "sqlalchemy")


@pytest.mark.parametrize("path", files("bot/commands"), ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_know_no_bolt_no_slack_client_no_sqlalchemy(path: Path) -> None:
    assert not reach(path, "slack_bolt", "slack_sdk", "sqlalchemy", "bot.app", "bot.gateway", "bot.slack")


def importers(module: str) -> set[str]:
    bot = [p for p in files("bot") if "workspace" not in p.parts]
    return {str(p.relative_to(ROOT)) for p in bot if reach(p, module)}


def test_only_one_file_has_bolt_listeners_one_constructs_and_the_doors_hand_over() -> None:
    doors = {"bot/slack/deliveries.py", "bot/slack/sockets.py", "bot/web/slack_door.py"}
    assert importers("slack_bolt") == {"bot/app.py", "bot/listeners.py"} | doors


def test_only_one_file_knows_apscheduler() -> None:
    assert importers("apscheduler") == {"bot/clock.py"}


def test_nobody_but_storage_knows_sqlalchemy_and_what_reads_the_logs_in_a_warehouse() -> None:
    assert importers("sqlalchemy") == set()
    assert [p.name for p in files("analysis") if reach(p, "sqlalchemy")] == ["log_sql.py"]
