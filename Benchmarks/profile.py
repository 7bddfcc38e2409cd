"""Where the time of ingest goes: samples one run with perf and prints a JSON line per stage.

profile.py BENCHMARKS POINTS [--late PERCENT] [--of ingest|ingest_no_places]

CPU time by thread and by the functions that stand for a stage, in ns a point. Needs perf (Debian:
linux-perf); it samples the processor's clock, which works on virtual machines too. What the load
generator makes before the clock starts is left out; the checkpoint at the end is in.
"""

import json
import re
import subprocess
import sys
import tempfile

FREQUENCY = 499

# (figure, thread, what the mangled name of a function holds; None: the whole thread)
STAGES = [
    ("names", "Benchmarks", "RiderTableC7resolve"),
    ("judge", "tacho-judge", None),
    ("rules", "tacho-judge", "RuleSetV5point|ChainV6follow"),
    ("neighbours", "tacho-judge", "ShardV12surroundings"),
    ("history", "tacho-judge", "ShardV9judgeLate"),
    ("images", "tacho-judge", "handOverSlots"),
    ("commit", "tacho-commit", None),
    ("rows", "tacho-rows", None),
    ("coding", "tacho-rows", "ChunkEncoderV13encodeColumns"),
    ("places", "tacho-rows", "PlaceGathererV3add|ChunkWriterC9putPlaces"),
    ("database", "tacho-rows", "rocksdb_write"),
    ("flush", "rocksdb:high", None),
    ("compaction", "rocksdb:low", None),
]

LINE = re.compile(r"\s*([\d.]+)%\s+([\d.]+)%\s+(\S+)\s+\[[.k]\]\s+(\S.*?)\s*$")
COUNT = re.compile(r"# Event count \(approx\.\): (\d+)")


def report(data, *options):
    return subprocess.run(
        ["perf", "report", "-i", data, "--stdio", "-g", "none", *options],
        capture_output=True, text=True, check=True).stdout


def main():
    benchmarks, points, *rest = sys.argv[1:]
    given = dict(zip(rest[::2], rest[1::2]))
    percent = int(given.get("--late", 0))
    benchmark = given.get("--of", "ingest")
    with tempfile.TemporaryDirectory() as directory:
        data = f"{directory}/perf.data"
        subprocess.run(
            ["perf", "record", "-F", str(FREQUENCY), "-e", "cpu-clock", "-g", "--call-graph", "fp",
             "-o", data, benchmarks, benchmark, "--rounds", "1", "--points", points,
             "--late", str(percent)], check=True, capture_output=True)
        threads = report(data, "--no-children", "--sort", "comm")
        functions = report(data, "--children", "--sort", "comm,symbol")
    total = int(COUNT.search(threads).group(1))
    shares = {}
    for share, thread in re.findall(r"^\s+([\d.]+)%\s+(\S+)\s*$", threads, re.M):
        shares[thread] = float(share)
    for name, thread, pattern in STAGES:
        if pattern is None:
            share = shares.get(thread, 0)
        else:
            share = 0
            for one in pattern.split("|"):
                # Closures and specialisations have the name in theirs: the widest one counts.
                share += max(
                    (float(match.group(1)) for match in map(LINE.match, functions.splitlines())
                     if match and match.group(3) == thread and one in match.group(4)), default=0)
        print(json.dumps({
            "name": f"profile_{percent}_{name}", "value": round(total * share / 100 / int(points)),
            "unit": "ns/point", "n": int(points), "hash": "0"}))


main()
