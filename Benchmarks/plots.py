"""Draws the growth plots of Benchmarks/README.md from the JSON lines of `Benchmarks … --json`.

plots.py RESULTS.jsonl [DIRECTORY]: one SVG a sweep that RESULTS has. Needs matplotlib, which
tools/setup-peers installs: run it with .build/peers-venv/bin/python.
"""

import json
import pathlib
import re
import sys

import matplotlib

matplotlib.use("svg")
# Otherwise every run makes another file of the same picture.
matplotlib.rcParams["svg.hashsalt"] = "tacho"
import matplotlib.pyplot as plot

# file, name of the figures, label of the x axis, logarithmic x
SWEEPS = [
    ("riders", r"ingest_riders_(\d+)", "riders", True),
    ("late", r"ingest_late_(\d+)", "late points, %", False),
    ("batch", r"ingest_batch_(\d+)", "points a batch", True),
    ("stored", r"ingest_long_(\d+)k", "thousand points stored", False),
]


def figures(path):
    """Name to value; the last one of a name counts."""
    lines = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines() if line]
    return {one["name"]: one["value"] for one in lines if "name" in one and "round" not in one}


def draw(target, points, label, is_log):
    picture, axes = plot.subplots(figsize=(5, 3))
    axes.plot([x for x, _ in points], [y / 1e6 for _, y in points], marker="o", color="#1f5fa8")
    if is_log:
        axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel(label)
    axes.set_ylabel("million points/s")
    axes.grid(alpha=0.3)
    picture.tight_layout()
    picture.savefig(target, metadata={"Date": None})
    plot.close(picture)
    print(target)


def main():
    values = figures(sys.argv[1])
    directory = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "Benchmarks/plots")
    directory.mkdir(exist_ok=True)
    for file, pattern, label, is_log in SWEEPS:
        points = sorted(
            (int(found.group(1)), value) for name, value in values.items()
            if (found := re.fullmatch(pattern, name)))
        if len(points) > 1:
            draw(directory / f"{file}.svg", points, label, is_log)


main()
