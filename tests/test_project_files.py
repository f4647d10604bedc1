"""The project's files: locked versions are whole, make says what to do, the wheel has all that the program reads."""

from __future__ import annotations

import importlib.metadata
import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = (("linux", "Linux", "x86_64"), ("linux", "Linux", "aarch64"), ("darwin", "Darwin", "arm64"))
ENVIRONMENTS = [
    {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": platform,
        "platform_system": system,
        "platform_machine": machine,
        "os_name": "posix",
        "extra": "",
    }
    for python, (platform, system, machine) in itertools.product(PYTHONS, SYSTEMS)
]


def pins(name: str) -> dict[str, str]:
    """Each package with its version, as a file of ours pins it."""
    found = re.findall(r"^([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


def asked_for() -> tuple[list[Requirement], list[Requirement]]:
    """What the program needs with PostgreSQL, and what its development needs beside that."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["postgres"]]
    return [Requirement(r) for r in needed], [Requirement(r) for r in project["dependency-groups"]["dev"]]


def all_of(requirements: Iterable[Requirement], environment: dict[str, str]) -> Iterator[Requirement]:
    """Requirements with all that they require in turn, by what the installed packages say of themselves."""
    seen: set[tuple[str, str]] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        yield requirement
        for extra in ("", *requirement.extras):
            name = (canonicalize_name(requirement.name), extra)
            if name in seen:
                continue
            seen.add(name)
            found = [Requirement(r) for r in importlib.metadata.requires(requirement.name) or []]
            waiting += [r for r in found if r.marker is None or r.marker.evaluate({**environment, "extra": extra})]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda e: f"{e['python_version']}-{e['platform_machine']}")
def test_the_locked_versions_are_whole_for_each_python_and_system(environment: dict[str, str]) -> None:
    program, development = asked_for()
    for name, requirements in (("requirements.lock", program), ("constraints.txt", [*program, *development])):
        pinned = pins(name)
        for requirement in all_of(requirements, environment):
            version = pinned.get(canonicalize_name(requirement.name))
            if version is None:
                assert canonicalize_name(requirement.name) in ("pip", "setuptools"), f"{name} lacks {requirement}"
            else:
                assert requirement.specifier.contains(version, prereleases=True), f"{name}: {requirement} is {version}"


def test_both_files_lock_the_same_versions() -> None:
    locked, constrained = pins("requirements.lock"), pins("constraints.txt")
    assert len(locked) > 30
    assert {name: constrained[name] for name in locked} == locked


def test_each_version_in_the_lock_has_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]


@pytest.mark.parametrize("name", ["requirements.lock", "constraints.txt"])
def test_locked_versions_name_no_host_and_no_folder(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "/" not in re.sub(r"^# .*", "", text)
    assert "--index" not in text
    assert "@" not in text


def make(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs make as from a shell, also where make runs these tests: the outer one's flags are not for it."""
    outside = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(["make", *arguments], cwd=folder, env=outside, capture_output=True, text=True, check=False)


def test_make_help_names_every_target(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    said = make("help", folder=tmp_path).stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert targets is not None
    assert re.findall(r"^  ([a-z]+) +\S", said, re.MULTILINE) == targets[1].split()


def test_make_says_what_to_install_where_there_is_no_venv(tmp_path: Path) -> None:
    for file in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, tmp_path)
    python = tmp_path / "python-without-venv"
    python.write_text(f'#!/bin/sh\ncase "$*" in *venv*) mkdir -p .venv; exit 1;; esac\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    made = make("demo", f"PYTHON={python}", folder=tmp_path)
    assert made.returncode != 0
    assert "apt-get install python3-venv" in made.stderr
    assert not (tmp_path / ".venv").exists()  # nothing half-made that a second try would trust


def test_the_wheel_holds_everything_that_the_program_reads(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-c", f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[-1]
    inside = set(zipfile.ZipFile(tmp_path / built).namelist())
    for package in ("analysis", "bot", "storage"):
        files = {p.relative_to(ROOT).as_posix() for p in (ROOT / package).rglob("*") if p.is_file()}
        missing = {f for f in files - inside if "__pycache__" not in f}
        assert not missing
    assert {"bot/demo/cards/return-risk.yaml", "storage/migrations/script.py.mako", "bot/py.typed"} <= inside
    assert any(name.endswith("licenses/LICENSE") for name in inside)


def test_compose_starts_each_role_beside_postgresql() -> None:
    services = YAML(typ="safe").load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert {name: service["command"] for name, service in services.items() if name != "database"} == {
        role: ["serve", "--role", role] for role in ("web", "worker", "clock")
    }
    for name in ("web", "worker", "clock"):
        assert services[name]["environment"]["PARLEY_DATABASE_URL"].startswith("postgresql://")


def test_the_example_settings_are_settings_that_there_are() -> None:
    from bot.settings import Settings

    known = {str(field.validation_alias) for field in Settings.model_fields.values()} | {"POSTGRES_PASSWORD"}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^#?([A-Z][A-Z_]+)=", example, re.MULTILINE)
    assert named
    assert set(named) <= known
