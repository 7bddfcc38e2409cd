"""The Python reader of segments, and the packages of tools/setup that it needs."""

import os
import sys

from . import campaign

ENVIRONMENT = campaign.ROOT / ".build" / "venv"
PYTHON = ENVIRONMENT / "bin" / "python"
SOURCES = campaign.ROOT / "tools" / "python"


def restart_with():
    """Makes `tacho_audit` importable, in a Python that has numpy, lz4, pyarrow and pandas."""
    if str(SOURCES) not in sys.path:
        sys.path.insert(0, str(SOURCES))
    os.environ["PYTHONPATH"] = str(SOURCES)
    try:
        import lz4.block, numpy, pandas, pyarrow  # noqa: F401, E401
    except ImportError as error:
        if sys.prefix == str(ENVIRONMENT) or not PYTHON.exists():
            sys.exit(f"{error}; run tools/setup, which puts it into {ENVIRONMENT}")
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
