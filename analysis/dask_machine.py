"""A Dask cluster as the machine that reads the log: each worker reads what it counts, only summaries travel.

The log's files must be where the workers can read them, under the same name. This package's code is sent to them, so
that they count as this process would; pyarrow and numpy they need to have.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from analysis.engine import Tally, Task, Work
from analysis.errors import ParleyError, UserError
from analysis.summaries.packing import packed, unpacked
from analysis.summaries.summary import Part, Summary

if TYPE_CHECKING:
    from distributed import Client

SECONDS_TO_CONNECT = 5
TASKS_A_THREAD = 3
"""That many wait for each thread of the cluster, so that none is ever idle."""
SAME_VERSION = ("numpy", "pyarrow")


@dataclass(frozen=True, slots=True)
class Dask:
    """The cluster of the scheduler at this address (`tcp://host:8786`)."""

    address: str

    def parts(self, work: Work, tasks: Sequence[Task], tally: Tally) -> Iterator[Part | None]:
        if tasks:
            with _connected(self.address) as client:
                yield from _parts(client, work, tasks, tally)


def _parts(client: Client, work: Work, tasks: Sequence[Task], tally: Tally) -> Iterator[Part | None]:
    # Not scattered: what is scattered is lost with its worker, and cannot be made anew.
    shared = client.submit(pickle.loads, pickle.dumps(work), pure=False)
    threads = client.nthreads()  # type: ignore[no-untyped-call]  # distributed is typed in parts
    most = TASKS_A_THREAD * max(sum(threads.values()), 1)
    waiting: deque[Any] = deque()
    left = iter(tasks)
    while True:
        while len(waiting) < most and (task := next(left, None)) is not None:
            waiting.append(client.submit(_done, shared, pickle.dumps(task), pure=False, retries=2))
        if not waiting:
            return
        part = _answer(waiting.popleft().result())
        tally.add(pieces=1, rows=part.rows if isinstance(part, Summary) else 0)
        yield part


def _done(work: Work, task: bytes) -> bytes | ParleyError | None:
    """On a worker. What the log's owner has to know comes back as a value: it is no fault of the cluster's."""
    try:
        part = work.part(pickle.loads(task))  # noqa: S301  # made by the process that submitted this
    except ParleyError as error:
        return error
    return packed(part) if part is not None else None


def _answer(answer: bytes | ParleyError | None) -> Part | None:
    if isinstance(answer, ParleyError):
        raise answer
    return unpacked(answer) if answer is not None else None


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError:
        raise UserError("PARLEY_DASK is set, but Dask is not installed: pip install 'parley[dask]'") from None
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]  # as above
    except (OSError, TimeoutError, ValueError) as error:
        raise UserError(
            f"no Dask scheduler answers at {address} ({type(error).__name__}); start it, or unset PARLEY_DASK"
        ) from None
    with client:
        _must_be_ready(client, address)
        with TemporaryDirectory() as folder:
            client.upload_file(str(_code(Path(folder))))
        yield client


def _must_be_ready(client: Client, address: str) -> None:
    """Other versions of the libraries might give other last digits."""
    here = {name: version(name) for name in SAME_VERSION}
    there = client.run(_versions, SAME_VERSION)
    if not there:
        raise UserError(f"the Dask scheduler at {address} has no worker; start some, or unset PARLEY_DASK")
    for worker, versions in there.items():
        other = [f"{name} {versions.get(name) or 'missing'} (here {here[name]})" for name in here]
        if versions != here:
            raise UserError(f"the Dask worker {worker} has other versions: {', '.join(other)}; install the same there")


def _versions(names: Sequence[str]) -> dict[str, str | None]:
    """On a worker."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _code(folder: Path) -> Path:
    """This package as a zip file that can be imported."""
    package = Path(__file__).parent
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(package.rglob("*.py")):
            archive.write(path, path.relative_to(package.parent).as_posix())
    target = folder / "parley_analysis.zip"
    target.write_bytes(content.getvalue())
    return target
