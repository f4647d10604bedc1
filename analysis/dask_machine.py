"""A Dask cluster as the machine that reads the log: each worker reads what it counts, only summaries travel.

The log's files must be where the workers can read them, under the same name. This package's code is sent to workers
that do not have it, so that they count as this process would; pyarrow and numpy they need to have.
"""

from __future__ import annotations

import asyncio
import io
import pickle
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from analysis.engine import Tally, Task, Work, sum_of
from analysis.errors import ParleyError, UserError
from analysis.summaries.packing import packed, unpacked
from analysis.summaries.summary import Part, Summary

if TYPE_CHECKING:
    from distributed import Client

SECONDS_TO_CONNECT = 5
NOT_INSTALLED = "PARLEY_DASK is set, but Dask is not installed: pip install 'parley[dask]'"
TASKS_A_THREAD = 3
"""That many wait for each thread of the cluster, so that none is ever idle."""
SAME_VERSION = ("numpy", "pyarrow")
Found = tuple[dict[str, str | None], str | None]


@dataclass(frozen=True, slots=True)
class Dask:
    """The cluster of the scheduler at this address (`tcp://host:8786`)."""

    address: str

    def sums(self, work: Work, runs: Sequence[Sequence[Task]], tally: Tally) -> Iterator[Part | None]:
        """A run is done and added up by one worker, so that few parts travel."""
        if runs:
            with _connected(self.address) as client:
                yield from _sums(client, work, runs, tally)


def _sums(client: Client, work: Work, runs: Sequence[Sequence[Task]], tally: Tally) -> Iterator[Part | None]:
    # Not scattered: what is scattered is lost with its worker, and cannot be made anew.
    shared = client.submit(pickle.loads, pickle.dumps(work), pure=False)
    threads = client.nthreads()  # type: ignore[no-untyped-call]  # distributed is typed in parts
    most = TASKS_A_THREAD * max(sum(threads.values()), 1)
    waiting: deque[tuple[int, Any]] = deque()
    left = iter(runs)
    while True:
        while len(waiting) < most and (run := next(left, None)) is not None:
            waiting.append((len(run), client.submit(_done, shared, pickle.dumps(run), pure=False, retries=2)))
        if not waiting:
            return
        pieces, answer = waiting.popleft()
        part = _answer(answer.result())
        tally.add(pieces=pieces, rows=part.rows if isinstance(part, Summary) else 0)
        yield part


def _done(work: Work, run: bytes) -> bytes | ParleyError | None:
    """On a worker. What the log's owner has to know comes back as a value: it is no fault of the cluster's."""
    try:
        part = sum_of([work.part(task) for task in pickle.loads(run)])  # noqa: S301  # made by who submitted this
    except ParleyError as error:
        return error
    return packed(part) if part is not None else None


def _answer(answer: bytes | ParleyError | None) -> Part | None:
    if isinstance(answer, ParleyError):
        raise answer
    return unpacked(answer) if answer is not None else None


def workers(address: str, *, seconds: float) -> int:
    """How many workers the scheduler at this address has. Raises UserError where none answers in that time."""
    try:
        from distributed.core import rpc
    except ImportError:
        raise UserError(NOT_INSTALLED) from None

    async def ask() -> int:
        # Not a Client: where somebody takes the connection and then says nothing, it waits for minutes.
        async with rpc(address) as scheduler:  # type: ignore[no-untyped-call]  # distributed is typed in parts
            return len((await scheduler.identity())["workers"])

    async def soon() -> int:
        return await asyncio.wait_for(ask(), seconds)

    try:
        with ThreadPoolExecutor(1) as aside:  # whoever asks may have a loop of their own running
            return aside.submit(lambda: asyncio.run(soon())).result()
    except (OSError, TimeoutError, ValueError) as error:
        raise _silent(address, error) from None


def _silent(address: str, error: Exception) -> UserError:
    why = type(error).__name__
    return UserError(f"no Dask scheduler answers at {address} ({why}); start it, or unset PARLEY_DASK")


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError:
        raise UserError(NOT_INSTALLED) from None
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]  # as above
    except (OSError, TimeoutError, ValueError) as error:
        raise _silent(address, error) from None
    with client:
        code = _must_be_ready(client, address)
        if code is not None:
            with TemporaryDirectory() as folder:
                client.upload_file(str(_packed_code(Path(folder), code)))
        yield client


def _must_be_ready(client: Client, address: str) -> str | None:
    """The digest of this package's code where a worker does not have it, else None. Other versions of the libraries
    might give other last digits."""
    look = _look()
    here, code = look(SAME_VERSION)
    there: dict[str, Found] = client.run(look, SAME_VERSION)
    if not there:
        raise UserError(f"the Dask scheduler at {address} has no worker; start some, or unset PARLEY_DASK")
    for worker, (versions, _) in there.items():
        other = [f"{name} {versions.get(name) or 'missing'} (here {here[name]})" for name in here]
        if versions != here:
            raise UserError(f"the Dask worker {worker} has other versions: {', '.join(other)}; install the same there")
    return None if code is not None and all(own == code for _, own in there.values()) else code or "unknown"


def _look() -> Callable[[Sequence[str]], Found]:
    """What a process has: the versions of some libraries, and a digest of this package's code as it was when the
    process began. The function is made here, so that it travels whole to a worker that has no Parley."""

    def look(names: Sequence[str]) -> tuple[dict[str, str | None], str | None]:
        from hashlib import sha256
        from importlib.metadata import PackageNotFoundError, version
        from importlib.util import find_spec
        from pathlib import Path

        from psutil import Process

        versions: dict[str, str | None] = {}
        for name in names:
            try:
                versions[name] = version(name)
            except PackageNotFoundError:
                versions[name] = None
        spec = find_spec("analysis")
        folder = Path(next(iter(spec.submodule_search_locations or ()), "")) if spec is not None else Path()
        if folder.parent.suffix == ".zip":
            return versions, folder.parent.stem.rpartition("-")[2]
        files = sorted(folder.rglob("*.py")) if spec is not None and folder.is_dir() else []
        if not files or max(file.stat().st_mtime for file in files) > Process().create_time():
            return versions, None
        every = sha256()
        for file in files:
            every.update(f"{file.relative_to(folder)}\n".encode() + file.read_bytes())
        return versions, every.hexdigest()[:16]

    return look


def _packed_code(folder: Path, digest: str) -> Path:
    """This package as a zip file that can be imported. What is compiled stays here: numpy counts the same there."""
    package = Path(__file__).parent
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(package.rglob("*.py")):
            archive.write(path, path.relative_to(package.parent).as_posix())
    target = folder / f"parley_analysis-{digest}.zip"
    target.write_bytes(content.getvalue())
    return target
