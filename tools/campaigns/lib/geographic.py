"""Python with geographiclib (C. F. F. Karney's geodesics, from PyPI), pinned in `tools/setup`."""

import os
import pathlib
import sys

PYTHON = pathlib.Path(__file__).resolve().parents[3] / ".build" / "venv" / "bin" / "python"


def restart_with():
    """Goes on in the Python that `tools/setup` gave the package to."""
    if sys.prefix == str(PYTHON.parents[1]) or not PYTHON.exists():
        sys.exit("geographiclib is not there; run tools/setup")
    os.execv(PYTHON, [str(PYTHON), *sys.argv])
