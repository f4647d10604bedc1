"""The reference of a fault that one part had: what a reader is shown, and what the log is searched for."""

from __future__ import annotations

import hashlib
import traceback


def reference(error: Exception) -> str:
    """The same for the same fault, since neither a result's fingerprint nor a report may depend on when it was made."""
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return hashlib.sha256("|".join([type(error).__name__, *frames]).encode()).hexdigest()[:8]
