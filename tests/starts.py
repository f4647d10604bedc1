"""Real starts of `parley` that end by themselves: each is a process of its own, forked from one that has the imports
done, because thirty starts of Python would take a minute."""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PRELOADED = ("bot.serving", "bot.demo.run", "bot.evaluate_cli", "bot.upgrading", "bot.doctor", "bot.workspace")
ORDINARY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
"""Root may read and write everywhere; these starts may not."""

SECONDS_TO_END = 60


@dataclass(frozen=True)
class Ended:
    status: int
    stdout: str
    stderr: str


class Starter:
    """Starts `parley` with words, settings and nothing else of this process's environment."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(
        self, *words: str, settings: Mapping[str, str], bytes_a_file: int | None = None, cwd: Path | None = None
    ) -> Ended:
        said = {name: self._folder / name for name in ("stdout", "stderr")}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        order = {
            "words": words,
            "environment": kept | dict(settings),
            "bytes_a_file": bytes_a_file,
            "cwd": str(cwd or self._folder),
            **{name: str(path) for name, path in said.items()},
        }
        _of(self._process.stdin).write(json.dumps(order) + "\n")
        _of(self._process.stdin).flush()
        ready, _, _ = select.select([_of(self._process.stdout)], [], [], SECONDS_TO_END)
        assert ready, f"parley {' '.join(words)} didn't end"
        status = int(_of(self._process.stdout).readline())
        return Ended(status, *(path.read_text(encoding="utf-8") for path in said.values()))


@contextmanager
def starter(folder: Path) -> Iterator[Starter]:
    before = ORDINARY if os.geteuid() == 0 and shutil.which(ORDINARY[0]) else ()
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "tests.starts"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield Starter(process, folder)
        finally:
            _of(process.stdin).close()


def _of(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def _serve() -> None:
    for module in PRELOADED:
        __import__(module)
    gc.freeze()  # or every child would copy all that was imported while it looks for what is no longer needed
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(order)
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201  # the answer


def _become(order: dict[str, Any]) -> None:
    """In the child: what a shell would have set up, then the command itself."""
    from bot.cli import main

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(str(order[name]), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), number)
    os.chdir(str(order["cwd"]))
    os.environ.clear()
    os.environ.update(order["environment"])
    if (limit := order["bytes_a_file"]) is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.argv = ["parley", *order["words"]]
    main()


if __name__ == "__main__":
    _serve()
