"""The workspace knows nothing of Parley: what it imports shows it."""

from __future__ import annotations

import ast
from pathlib import Path

import bot.workspace

OURS = {"analysis", "storage", "bot"}


def imported(path: Path, package: str) -> set[str]:
    """Every module that a file imports, absolute or relative, by its full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            found.add(".".join(part for part in (base, node.module or "") if part))
    return found


def test_the_workspace_imports_only_itself_and_libraries() -> None:
    folder = Path(bot.workspace.__file__).parent
    strangers = {
        f"{path.relative_to(folder)} imports {name}"
        for path in folder.rglob("*.py")
        for name in imported(path, ".".join(["bot.workspace", *path.parent.relative_to(folder).parts]))
        if name.partition(".")[0] in OURS and not name.startswith("bot.workspace")
    }
    assert strangers == set()
