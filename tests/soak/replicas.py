"""Replicas of Parley as an operator runs them: processes that can be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

import psutil

from tests.stage import until

SECONDS_TO_START = 180.0


def free_port() -> int:
    with closing(socket.socket()) as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


class Replica:
    """One `parley serve`. Its log goes on in the same file after each start."""

    def __init__(self, folder: Path, port: int, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = port
        self.log = folder / "log"
        self.kills = 0
        self._environment = {**os.environ, **environment, "PARLEY_HOME": str(folder), "PARLEY_PORT": str(port)}
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def is_open(self) -> bool:
        """Whether it takes connections."""
        with closing(socket.socket()) as door:
            return door.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self) -> None:
        command = [sys.executable, "-m", "bot.cli", "serve"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def wait_until_open(self) -> None:
        until(lambda: self.is_open, seconds=SECONDS_TO_START, why=f"a replica to start; see {self.log}")

    def kill(self) -> None:
        """As a power cut does: without a word. Its children end because it did."""
        if self._process is None:
            return
        self.kills += 1
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> int | None:
        """End it in order; its exit code, None where it had to be killed."""
        if self._process is None:
            return None
        self._process.terminate()
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None

    def kill_a_child(self) -> bool:
        """Kill the youngest process that works for it, which is an evaluation while one runs."""
        if self._process is None:
            return False
        with suppress(psutil.Error):
            root = psutil.Process(self._process.pid)
            workers = [child for child in root.children(recursive=True) if child.ppid() != root.pid]
            if workers:
                max(workers, key=lambda worker: worker.create_time()).kill()
                return True
        return False


def logs(replicas: Sequence[Replica]) -> str:
    return "\n".join(replica.log.read_text(encoding="utf-8", errors="replace") for replica in replicas)
