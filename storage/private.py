"""Files and folders that only their owner may read, from the moment they are made."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from analysis.errors import UserError

FOLDER, FILE = 0o700, 0o600
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_folder(path: Path) -> None:
    """Make a folder, or close one that is there to everybody else. Raises UserError where that can't be done."""
    try:
        path.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    except FileExistsError:
        raise UserError(f"{path} is a file, and a folder is needed there.") from None
    except NotADirectoryError:
        raise UserError(f"{path} can't be made, because a part of that path is a file.") from None
    except OSError as error:
        raise UserError(f"The folder {path} can't be made: {error.strerror}.") from None
    close_to_others(path)


def make_file(path: Path) -> None:
    """Make an empty file, if there is none. One that exists isn't opened: that would end SQLite's locks on it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE))
    except FileExistsError:
        if path.is_dir():
            raise UserError(f"{path} is a folder, and a file is needed there.") from None
    except OSError as error:
        raise UserError(f"{path} can't be made: {error.strerror}.") from None


def close_to_others(path: Path) -> None:
    """Take all rights of the group and of others, where the path exists. Raises UserError without the right to."""
    if not is_open_to_others(path):
        return
    mode = FOLDER if path.is_dir() else FILE
    try:
        path.chmod(mode)
    except OSError as error:
        raise UserError(
            f"Others can read {path}, and Parley can't change that ({error.strerror}). "
            f"Run `chmod {mode:o} {path}` as its owner, or give Parley a place that it can make itself."
        ) from None


def is_open_to_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & OTHERS)
    except OSError:
        return False
