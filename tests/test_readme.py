"""README and program say the same: commands, settings, checks and the terminal's commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import checks
from bot.cli import app, db
from bot.commands import all_commands
from bot.settings import Settings, variable

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [c.name for c in all_commands().values() if not c.hidden])
def test_every_command_stands_in_the_readme_with_its_usage_and_its_help(name: str) -> None:
    command = all_commands()[name]
    assert f"| `{command.usage.replace('|', chr(92) + '|')}` | {command.help} |" in README


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_stands_in_the_readme_with_its_meaning(field: str) -> None:
    assert f"| `{variable(field)}` | {Settings.model_fields[field].description} |" in README


@pytest.mark.parametrize("name", checks.names())
def test_every_check_stands_in_the_readme(name: str) -> None:
    assert f"| `{name}` | {checks.explain(name).splitlines()[0]} |" in README


def test_every_command_of_the_terminal_stands_in_the_readme() -> None:
    names = [c.name or str(c.callback.__name__) for c in app.registered_commands if c.callback is not None]
    names += [f"db {c.callback.__name__}" for c in db.registered_commands if c.callback is not None]
    assert [n for n in names if f"`parley {n}`" not in README] == []
