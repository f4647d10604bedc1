"""Replicas of Parley as an operator runs them: processes that can be killed and started again."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

import psutil

from tests.stage import until

SECONDS_TO_START = 180.0
SECONDS_BETWEEN_PROBES = 0.3
SECONDS_TO_SAY_SO = 2.0


def free_port() -> int:
    with closing(socket.socket()) as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


class Replica:
    """One `parley serve`. Its log goes on in the same file after each start."""

    def __init__(self, folder: Path, port: int, environment: Mapping[str, str]) -> None:
        self.port = port
        self.log = folder / f"{port}.log"
        self.is_ready = False
        home = folder / f"home-{port}"
        home.mkdir(parents=True, mode=0o700)
        self._environment = {**os.environ, **environment, "PARLEY_HOME": str(home), "PARLEY_PORT": str(port)}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        command = [sys.executable, "-m", "bot.cli", "serve"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        threading.Thread(target=self._become_ready, args=(self._process,), daemon=True).start()

    def wait_until_ready(self) -> None:
        """Raises AssertionError where it does not start."""
        until(lambda: self.is_ready or not self.is_running, seconds=SECONDS_TO_START, why=f"a start; see {self.log}")
        assert self.is_ready, f"a replica ended as it started; see {self.log}"

    def _become_ready(self, process: subprocess.Popen[bytes]) -> None:
        """As a load balancer's probe does: it is ready once it says that it is well."""
        while process is self._process and process.poll() is None:
            if self._is_well():
                self.is_ready = process is self._process
                return
            time.sleep(SECONDS_BETWEEN_PROBES)

    def _is_well(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_TO_SAY_SO)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """As a power cut does: without a word. Its children end because it did."""
        if self._process is None:
            return
        self.is_ready = False
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> int | None:
        """End it in order; its exit code, None where it had to be killed."""
        if self._process is None:
            return None
        self.is_ready = False
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
