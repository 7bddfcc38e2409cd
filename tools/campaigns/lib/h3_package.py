"""The h3 package from PyPI, in an environment of its own below .build: whose ids ours must be.

h3_package.py            installs it, unless it is there
h3_package.py --missing  installs nothing, prints what is missing, exit 1 if it is
"""

import os
import pathlib
import subprocess
import sys

PACKAGE = "h3==4.5.0"
ENVIRONMENT = pathlib.Path(__file__).resolve().parents[3] / ".build" / "h3"
PYTHON = ENVIRONMENT / "bin" / "python"


def is_there():
    probe = [PYTHON, "-c", f"import h3; assert h3.__version__ == '{PACKAGE.split('==')[1]}'"]
    return PYTHON.exists() and subprocess.run(
        probe, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=60).returncode == 0


def install():
    print(f"{PACKAGE} into {ENVIRONMENT}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
    subprocess.run([PYTHON, "-m", "pip", "-q", "--disable-pip-version-check", "install", PACKAGE],
                   check=True)


def restart_with():
    """Goes on in a Python that has the package, making one the first time."""
    if sys.prefix == str(ENVIRONMENT):
        sys.exit(f"{PACKAGE} is not in {ENVIRONMENT}; remove it and run again")
    if not is_there():
        install()
    os.execv(PYTHON, [str(PYTHON), *sys.argv])


if __name__ == "__main__":
    if not is_there():
        if sys.argv[1:] == ["--missing"]:
            print(PACKAGE)
            sys.exit(1)
        install()
