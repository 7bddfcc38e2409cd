#!/usr/bin/env python3
"""Cells: `tacho cell --batch` names the same H3 cell as the h3 package, position by position.

Positions are random: two fifths anywhere, a fifth in Korea, the others close to pentagons, cell
borders (some exactly on a vertex), sides and middles of the icosahedron's faces; resolutions 0…15.
The package (h3==4.5.0, from PyPI) is installed into .build/h3 once.

examples:
  tools/campaigns/cells.py                      # 200,000 positions
  tools/campaigns/cells.py --full               # 1,000,000
  tools/campaigns/cells.py --count 5000 --seed 7 --verbose
"""

import collections
import os
import subprocess
import sys

from lib import campaign, process

PACKAGE = "h3==4.5.0"
ENVIRONMENT = campaign.ROOT / ".build" / "h3"


def with_package():
    """Goes on in a Python that has the package, making one the first time."""
    python = ENVIRONMENT / "bin" / "python"
    if sys.prefix == str(ENVIRONMENT):
        sys.exit(f"cells: {PACKAGE} is not in {ENVIRONMENT}; remove it and run again")
    probe = [python, "-c", "import h3; assert h3.__version__ == '4.5.0'"]
    if not python.exists() or process.run(probe).returncode != 0:
        print(f"cells: {PACKAGE} into {ENVIRONMENT}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "-q", "--disable-pip-version-check", "install",
                        PACKAGE], check=True)
    os.execv(python, [str(python), *sys.argv])


def main():
    p = campaign.parser(__doc__, faulty=False)
    p.add_argument("--count", type=int, metavar="N",
                   help="positions (default: 200,000, with --full 1,000,000)")
    options = p.parse_args()
    try:
        import h3
    except ImportError:
        with_package()
    if h3.__version__ != PACKAGE.split("==")[1]:
        with_package()
    sys.path.insert(0, str(campaign.ROOT / "tools" / "cells"))
    import fixtures

    count = options.count or (1_000_000 if options.full else 200_000)
    with campaign.Campaign("cells", options) as c:
        compare(c, list(fixtures.positions(count, c.random)), h3)
        refusals(c)


def compare(c, positions, h3):
    c.note(f"{len(positions)} positions")
    text = "".join(f"{lat!r} {lon!r} {resolution}\n" for lat, lon, resolution in positions)
    done = process.run([c.program("tacho"), "cell", "--batch", "-"], input=text.encode(),
                       stdin=None, timeout=600)
    c.check("tacho cell --batch ends well", done.returncode == 0, done.stderr.decode()[-300:])
    answers = done.stdout.decode().split("\n")
    if not c.check("one id a line", len(answers) == len(positions) + 1 and answers[-1] == "",
                   f"{len(answers) - 1} lines"):
        raise campaign.Stop
    seen, wrong = collections.Counter(), collections.Counter()
    for position, answer in zip(positions, answers):
        seen[position[2]] += 1
        expected = h3.latlng_to_cell(*position)
        if answer != expected:
            wrong[position[2]] += 1
            if sum(wrong.values()) <= 10:
                c.note(f"{position}: {answer}, expected {expected}")
    c.note(f"{sum(wrong.values())} mismatches")
    for resolution in sorted(seen):
        c.check(f"resolution {resolution}: {seen[resolution]} positions",
                not wrong[resolution], f"{wrong[resolution]} mismatches")


def refusals(c):
    tacho = c.program("tacho")
    one = process.run([tacho, "cell", "-33.9", "-70.5", "9"])
    c.check("a position with negative numbers on the command line",
            one.returncode == 0 and len(one.stdout.strip()) == 15,
            (one.stdout + one.stderr).decode())
    bad = process.run([tacho, "cell", "--batch", "-"], input=b"37.5 127 9\n37.5 127 99\n",
                      stdin=None)
    c.check("a bad line is named", bad.returncode == 65 and b"line 2: " in bad.stderr
            and bad.stdout == b"8930e1d9b37ffff\n", (bad.stdout + bad.stderr).decode())
    for words in ([], ["37.5", "127"], ["91", "127", "9"], ["37.5", "127", "9", "--data", "x"]):
        refused = process.run([tacho, "cell", *words])
        c.check(f"tacho cell {' '.join(words)} is refused",
                refused.returncode == 64 and refused.stdout == b"",
                f"{refused.returncode} {(refused.stdout + refused.stderr).decode()}")


if __name__ == "__main__":
    sys.exit(main())
