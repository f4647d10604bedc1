"""Real starts of `parley`: each is a process of its own, forked from one that has the imports done, because thirty
starts of Python would take a minute, and thirty of `parley serve`, whose fork server imports anew, three."""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

PRELOADED = ("bot.serving", "bot.demo.run", "bot.evaluate_cli", "bot.upgrading", "bot.doctor", "bot.workspace")
FORK_SERVER = "multiprocessing.forkserver"
ORDINARY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
"""Root may read and write everywhere; these starts may not."""

SECONDS_TO_END = 60


@dataclass(frozen=True)
class Ended:
    status: int
    stdout: str
    stderr: str


class Begun:
    """One that goes on until it is ended. It is no child of ours, so the one that forked it waits for it."""

    def __init__(self, starter: Starter, pid: int) -> None:
        self._starter = starter
        self.pid = pid
        self.status: int | None = None

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def poll(self) -> int | None:
        if self.status is None:
            self.status = self._starter.ask({"ended": self.pid})
        return self.status

    def wait(self, seconds: float = SECONDS_TO_END) -> int:
        end = time.monotonic() + seconds
        while (status := self.poll()) is None:
            assert time.monotonic() < end, f"process {self.pid} didn't end within {seconds} s"
            time.sleep(0.01)  # it is no child of ours, so it can't be waited for
        return status


class Starter:
    """Starts `parley` with words, settings and nothing else of this process's environment."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(
        self, *words: str, settings: Mapping[str, str], bytes_a_file: int | None = None, cwd: Path | None = None
    ) -> Ended:
        said = {name: self._folder / name for name in ("stdout", "stderr")}
        for file in said.values():
            file.unlink(missing_ok=True)
        pid = self._start(words, settings, bytes_a_file, cwd or self._folder, said)
        status = self.ask({"waited for": pid})
        assert status is not None
        return Ended(status, *(path.read_text(encoding="utf-8") for path in said.values()))

    def begin(self, *words: str, settings: Mapping[str, str], log: Path) -> Begun:
        """One that goes on, and adds what it says to a file."""
        return Begun(self, self._start(words, settings, None, self._folder, {"stdout": log, "stderr": log}))

    def _start(
        self,
        words: tuple[str, ...],
        settings: Mapping[str, str],
        bytes_a_file: int | None,
        cwd: Path,
        said: Mapping[str, Path],
    ) -> int:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        order = {
            "words": words,
            "environment": kept | dict(settings),
            "bytes_a_file": bytes_a_file,
            "cwd": str(cwd),
            **{name: str(path) for name, path in said.items()},
        }
        pid = self.ask(order)
        assert pid is not None
        return pid

    def ask(self, order: Mapping[str, Any]) -> int | None:
        _of(self._process.stdin).write(json.dumps(order) + "\n")
        _of(self._process.stdin).flush()
        ready, _, _ = select.select([_of(self._process.stdout)], [], [], SECONDS_TO_END)
        assert ready, f"no answer to {order}"
        answer: int | None = json.loads(_of(self._process.stdout).readline())
        return answer


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
        answer: int | None
        if "words" in order:
            answer = os.fork()
            if answer == 0:
                _become(order)
                return
        else:
            pid, status = os.waitpid(order.get("waited for") or order["ended"], os.WNOHANG if "ended" in order else 0)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        print(json.dumps(answer), flush=True)  # noqa: T201  # the answer


def _become(order: dict[str, Any]) -> None:
    """In the child: what a shell would have set up, then the command itself."""
    import bot.cli

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(str(order[name]), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), number)
    os.chdir(str(order["cwd"]))
    os.environ.clear()
    os.environ.update(order["environment"])
    if (limit := order["bytes_a_file"]) is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.argv = ["parley", *order["words"]]
    sys.modules["__main__"] = bot.cli  # children import the main module anew, and are to find the one that they would
    _keep_a_fork_server_ready()
    bot.cli.main()


def _keep_a_fork_server_ready() -> None:
    """Where multiprocessing is to start its fork server as a new Python, one that was forked before becomes it: it was
    forked when there were neither threads nor files, and has the imports done that would take three seconds."""
    util: Any = importlib.import_module("multiprocessing.util")
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _become_a_fork_server(theirs)
    theirs.close()
    start = util.spawnv_passfds

    def spawned(path: bytes, words: list[str], passed: list[int]) -> int:
        if FORK_SERVER not in words[-1]:
            return int(start(path, words, passed))
        umask = os.umask(0o077)
        os.umask(umask)
        socket.send_fds(ours, [json.dumps([words[-1], passed, umask]).encode()], passed)
        return pid

    util.spawnv_passfds = spawned


def _become_a_fork_server(theirs: socket.socket) -> NoReturn:
    """In the child of the child: what is passed gets the numbers that it has there, then the same code runs."""
    order, received, _, _ = socket.recv_fds(theirs, 65536, 8)
    if not order:  # it ended without having wanted one
        os._exit(0)
    code, passed, umask = json.loads(order)
    os.umask(umask)
    # Out of the way first: a number that is wanted may be one that was given to another.
    aside = [fcntl.fcntl(number, fcntl.F_DUPFD, 500) for number in received]
    os.closerange(3, 500)
    for number, wanted in zip(aside, passed, strict=True):
        os.dup2(number, wanted, inheritable=False)
        os.close(number)
    exec(code, {})  # noqa: S102  # the code that multiprocessing would give `python -c` for its fork server
    os._exit(0)


if __name__ == "__main__":
    _serve()
