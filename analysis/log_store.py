"""An object store: what lies in a bucket, and what is said when the store refuses or does not answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

_AWAY = re.compile(
    r"NETWORK_CONNECTION|SLOW_DOWN|UNAVAILABLE|curlCode|CURL error|Timeout|Could not (resolve|connect)"
    r"|Fail to get a new connection"
)
_REFUSED = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY|SIGNATURE|TOKEN|PERMISSION_DENIED|UNAUTHENTICATED|OAuth2|[Cc]redential"
    r"|Authentication|Authorization|(status|code:|\]) 40[13]\b"
)
_OF_A_STORE = re.compile(r"AWS Error|google::cloud|Azure|HTTP status")


@dataclass(frozen=True, slots=True)
class Store:
    """A bucket; ``root`` is how its keys are written before their first part, as in ``s3://bucket``. ``settings`` are
    the environment variables that let people in, ``server`` those that say where the store is."""

    root: str
    bucket: str
    filesystem: FileSystem
    settings: str
    server: str

    def fault(self, error: OSError, name: str) -> str | None:
        """What is said when the store is at fault, and not the file; None when it is the file."""
        says = " ".join(str(error).split())
        if "NO_SUCH_BUCKET" in says:
            return self.no_bucket()
        if _REFUSED.search(says):
            return f"{name} may not be read: the store refuses; set {self.settings} to those of somebody who may"
        if _AWAY.search(says):
            return (
                f"{name} cannot be reached: the store does not answer ({_shortened(says)}); run it again when it does, "
                f"or look at {self.server}"
            )
        return f"{name} cannot be read: the store says {_shortened(says)}" if _OF_A_STORE.search(says) else None

    def no_bucket(self) -> str:
        return f"there is no bucket {self.root}; look at its name and at {self.server}"

    def has_bucket(self) -> bool:
        from pyarrow.fs import FileType

        return self.about(self.bucket).type is not FileType.NotFound

    def about(self, path: str) -> FileInfo:
        with _as_its_fault():
            return self.filesystem.get_file_info(path)

    def open(self, path: str) -> pa.NativeFile:
        with _as_its_fault():
            return self.filesystem.open_input_file(path)

    def below(self, path: str, *, deep: bool) -> list[FileInfo]:
        """The files under a prefix."""
        from pyarrow.fs import FileSelector, FileType

        with _as_its_fault():
            found = self.filesystem.get_file_info(FileSelector(path, recursive=deep, allow_not_found=True))
        return [info for info in found if info.type is FileType.File]


@contextmanager
def _as_its_fault() -> Iterator[None]:
    """What Azure's client throws arrives as an error of no kind, for example when there are no credentials."""
    try:
        yield
    except pa.ArrowInvalid:
        raise
    except pa.ArrowException as error:
        raise OSError(f"Azure: {error}") from error


def _shortened(says: str) -> str:
    return says if len(says) <= 200 else f"{says[:200]}…"
