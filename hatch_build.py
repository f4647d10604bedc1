"""Compiles `analysis/summaries/_bits.c` while Parley is installed or a wheel is built.

Where there is no compiler the file is left out, and numpy gives the same numbers, slower.
"""

from __future__ import annotations

import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = "analysis/summaries"
# Without contraction: a product and a sum are rounded one after the other, as numpy does it.
FLAGS = ("-O3", "-ffp-contract=off")


class CompiledCounting(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        folder = Path(self.root, FOLDER)
        made = folder / "_bits.abi3.so"
        half_made = made.with_suffix(".new")
        try:
            subprocess.run(command(folder / "_bits.c", half_made), check=True, capture_output=True)  # noqa: S603  # Python's own
        except (OSError, subprocess.CalledProcessError) as error:
            made.unlink(missing_ok=True)  # an old one would not be what the source says
            said = error.stderr.decode(errors="replace") if isinstance(error, subprocess.CalledProcessError) else error
            self.app.display_warning(f"{said}\nNothing could be compiled here: Parley will count with numpy alone.")
            return
        half_made.replace(made)  # whole, for whoever imports it meanwhile
        build_data["artifacts"].append(f"/{FOLDER}/{made.name}")
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def command(source: Path, made: Path) -> list[str]:
    """As this Python's own extensions are compiled and linked."""
    linked = shlex.split(sysconfig.get_config_var("LDSHARED") or "cc -shared")
    position = shlex.split(sysconfig.get_config_var("CCSHARED") or "")
    return [*linked, *position, *FLAGS, f"-I{sysconfig.get_path('include')}", str(source), "-o", str(made)]
