"""Fills the tables of Benchmarks/README.md from the JSON lines in Benchmarks/results.

report.py            rewrites what stands between `<!-- begin NAME -->` and `<!-- end NAME -->`
report.py --check    writes nothing; exit 1 if the page and the results differ

Results are what `Benchmarks … --json` and `Benchmarks peers --json` print, as they came. A figure
that nobody measured is shown as –.
"""

import collections
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
PAGE = HERE / "README.md"


class Results:
    """All lines of all files; of a name measured twice in one file the last counts."""

    def __init__(self, directory):
        self.figures = {}
        self.medians = {}
        self.rounds = collections.defaultdict(list)
        self.settings = []
        self.verdicts = []
        self.scale = None
        self.commits = {}
        for path in sorted(directory.glob("*.jsonl")):
            for text in path.read_text().splitlines():
                if text.strip():
                    self.take(json.loads(text))

    def take(self, line):
        if "commit" in line:
            self.commits[line["part"]] = line["commit"]
        elif "setting" in line:
            self.settings.append(line["setting"])
        elif "job" in line:
            self.verdicts.append(line)
        elif "factor" in line:
            self.scale = line
        elif "round" in line:
            self.rounds[line["name"]].append(line["value"])
        elif "median" in line:
            self.medians[line["name"]] = line
        elif "name" in line:
            self.figures[line["name"]] = line

    def value(self, name):
        line = self.figures.get(name) or self.medians.get(name)
        return None if line is None else line["value"]


def number(value, unit=""):
    """Three significant digits: what a shared machine can be believed."""
    if value is None:
        return "–"
    if value >= 1e6:
        text = f"{value / 1e6:.3g} M"
    elif value >= 10_000:
        text = f"{value / 1000:.0f},000"
    elif value >= 1000:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.3g}"
    return f"{text} {unit}".strip()


def commits(results):
    parts = collections.defaultdict(list)
    for part, commit in results.commits.items():
        parts[commit].append(part)
    return ["Measured at " + "; ".join(
        f"commit {commit} ({', '.join(names)})" for commit, names in parts.items()) + "."]


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return lines


def peers(results):
    rows = []
    for name, line in results.medians.items():
        values = results.rounds[name]
        spread = f"{number(min(values))} … {number(max(values))}" if len(values) > 1 else "–"
        rows.append([f"`{name}`", number(line["value"]), line["unit"], spread, f"{line['n']:,}"])
    return table(["figure", "median", "unit", "rounds", "points"], rows)


def judged(results):
    rows = []
    for line in results.verdicts:
        value = number(line["value"])
        if line["scaled"] is not None:
            value += f" (scaled {number(line['scaled'])})"
        rows.append(
            [line["job"], value, number(line["floor"]), number(line["goal"]), line["judged"]])
    return table(["job", "measured", "floor", "goal", "judged"], rows)


def losses(results):
    behind = [one for one in results.verdicts if one["judged"] in ("missed", "behind")]
    if not behind:
        return ["Nowhere in this run."]
    return [
        f"- **{one['job']}**: {number(one['value'])}"
        + (f", floor {number(one['floor'])}" if one["floor"] is not None else ", the peer is 1")
        for one in behind
    ]


def settings(results):
    return [f"- {one}" for one in results.settings]


def calibration(results):
    def that_day(name):
        """Of the run with the peers, if there is one: it is what is judged."""
        line = results.medians.get(name) or results.figures.get(name)
        return None if line is None else line["value"]

    naive = that_day("naive")
    rows = [
        ["`fdatasync` of 64 KiB, median", number(that_day("fdatasync_64k_p50"), "µs")],
        ["`memcpy` of 64 MiB", number(that_day("memcpy"), "GB/s")],
        ["naive RocksDB layout", number(naive, "points/s")],
        ["39,000 / naive", number(39_000 / naive if naive else None)],
    ]
    return table(["the machine", "that day"], rows)


def sweep(pattern, head):
    def rows_of(results):
        found = []
        for name, line in results.figures.items():
            if match := re.fullmatch(pattern, name):
                found.append((match.group(1), line["value"]))
        if found and all(key.isdigit() for key, _ in found):
            found.sort(key=lambda one: int(one[0]))
        first = found[0][1] if found else None
        rows = [
            [f"{int(key):,}" if key.isdigit() else key.replace("_", " "), number(value),
             f"{1e9 / value:,.0f}", f"{value / first * 100:.0f} %"]
            for key, value in found
        ]
        return table([head, "points/s", "ns/point", "of the first"], rows)
    return rows_of


def named(heads, rows):
    """Rows of (label, figure, unit)."""
    def rows_of(results):
        return table(
            heads, [[label, number(results.value(name), unit)] for label, name, unit in rows])
    return rows_of


def stages(results):
    """ns from profiles and rates, bytes from the count of what was written."""
    def nanoseconds(name):
        rate = results.value(name)
        return "–" if not rate else f"{1e9 / rate:.0f}"

    def both(stage):
        return [number(results.value(f"profile_{late}_{stage}")) for late in (0, 30)]

    rows = [["**wall clock, two cores**", nanoseconds("ingest"), nanoseconds("ingest_late_30"),
             number(results.value("written_device"))]]
    for label, stage, written in [
        ("sender: names to numbers", "names", None),
        ("**judging** (at least two threads)", "judge", None),
        ("· rules of a fix in order", "rules", None),
        ("· neighbours of a late fix, in memory", "neighbours", None),
        ("· late fixes that need a run", "history", None),
        ("· images for checkpoints", "images", None),
        ("**committing**: gather, checksum, write, sync, answer", "commit", "written_journal"),
        ("**rows**: everything for the database", "rows", "written_log"),
        ("· chunk coding", "coding", "written_chunk_flush"),
        ("· cells and `geo` rows", "places", "written_cell_flush"),
        ("· RocksDB's write", "database", None),
        ("RocksDB's flushes", "flush", "written_other_flush"),
        ("compaction", "compaction", "written_compaction"),
        ("sealed segment", None, "written_segment"),
    ]:
        times = both(stage) if stage else ["–", "–"]
        rows.append([label, *times, number(results.value(written)) if written else ""])
    return table(
        ["stage", "ns of CPU a point", "the same, 30 % late", "bytes a point"], rows)


def rules(results):
    """Judging alone, then each rule beside the step they share."""
    rows = []
    for label, name in [("chain and point rules", "judge_off"), ("all rules", "judge_on")]:
        value = results.value(name)
        rows.append([label, number(value, "points/s"), f"{1e9 / value:.0f}" if value else "–"])
    rows.append(["the step that all rules about motion look at", "",
                 number(results.value("rule_step"))])
    each = [(name, line["value"]) for name, line in results.figures.items()
            if name.startswith("rule_") and name != "rule_step"]
    for name, value in sorted(each, key=lambda one: -one[1]):
        rows.append([f"· {name[5:].upper()}", "", "below 1" if value < 1 else number(value)])
    rows.append(["state, bytes a rider", "", number(results.value("rules_state"))])
    return table(["judging, one core", "", "ns/point"], rows)


def cells(results):
    """What was compared with the h3 package, then what a position costs here and there."""
    rows = []
    for label, name in [
        ("ids, each position alone and many at once", "ids"), ("centres", "centres"),
        ("boundaries", "boundaries"), ("disks, k 1 and 2", "disks"), ("parents", "parents"),
        ("children", "children"), ("all", ""),
    ]:
        line = results.figures.get("h3_" + (name and name + "_") + "mismatches")
        rows.append([f"{label}: compared, different", f"{line['n']:,}" if line else "–",
                     number(line["value"]) if line else "–"])
    rows.append(["greatest distance of two coordinates, 1e-15 rad", "",
                 number(results.value("h3_coordinates_off"))])
    lines = table(["beside h3 4.5.0", "n", ""], rows)
    rows = [
        [label, *(number(results.value(f"h3_{name}_{place}")) for place in ("world", "korea"))]
        for label, name in [
            ("one position", "alone"), ("many at once", "many"),
            ("`h3.latlng_to_cell`, Python's share included", "package")]]
    return [*lines, "", *table(["ns a position at resolution 9", "world", "Korea"], rows)]


SECTIONS = {
    "rules": rules,
    "commits": commits,
    "calibration": calibration,
    "peers": peers,
    "judged": judged,
    "losses": losses,
    "settings": settings,
    "stages": stages,
    "riders": sweep(r"ingest_riders_(\d+)", "riders"),
    "late": sweep(r"ingest_late_(\d+)", "late, %"),
    "backlog": sweep(r"ingest_backlog_([a-z_]+)", "a day kept back, sent"),
    "batch": sweep(r"ingest_batch_(\d+)", "points a batch"),
    "stored": sweep(r"ingest_long_(\d+)k", "thousand points stored"),
    "reading": named(["read", "measured"], [
        ("latest in process", "latest", "ns"),
        ("latest in process under full ingest, median", "latest_busy", "ns"),
        ("latest in process under full ingest, p99", "latest_busy_p99", "ns"),
        ("ingest meanwhile", "latest_busy_ingest", "points/s"),
        ("decode, one core", "decode", "points/s"),
        ("a rider's day of 28,800 fixes, median", "rider_day", "ms"),
        ("a rider's day, p99", "rider_day_p99", "ms"),
        ("a rider's day over TCP, median", "tcp_rider_day", "ms"),
        ("a rider's day over TCP, p99", "tcp_rider_day_p99", "ms"),
        ("fleet scan through the engine, one caller", "fleet_scan", "points/s"),
        ("the same as CSV into a file", "export_csv", "points/s"),
    ]),
    "written": named(["bytes a point", "measured"], [
        ("device, everything, as the kernel counts", "written_device", ""),
        ("journal records", "written_journal", ""),
        ("zeros that made room for them, once", "written_journal_room", ""),
        ("RocksDB's log", "written_log", ""),
        ("chunks, flushed", "written_chunk_flush", ""),
        ("cells, flushed", "written_cell_flush", ""),
        ("other families, flushed", "written_other_flush", ""),
        ("compaction", "written_compaction", ""),
        ("· of chunks", "written_compaction_track", ""),
        ("· of cells", "written_compaction_geo", ""),
        ("sealed segments", "written_segment", ""),
        ("live data at the end, before closing", "written_hot", ""),
    ]),
    "h3": cells,
    "restart": named(["restart", "measured"], [
        ("after a kill, 150,000 riders", "restart_kill_150000", "s"),
        ("its journal", "restart_journal_150000", "MiB"),
        ("clean, 150,000 riders", "restart_clean_150000", "s"),
        ("after a kill, 1,000,000 riders", "restart_kill_1000000", "s"),
        ("its journal", "restart_journal_1000000", "MiB"),
        ("clean, 1,000,000 riders", "restart_clean_1000000", "s"),
    ]),
    "memory": named(["resident memory, 150,000 active riders", "measured"], [
        ("at the end", "memory", "MB"), ("highest seen", "memory_peak", "MB"),
        ("of it: slots", "memory_slots", "MB"), ("open tails", "memory_tails", "MB"),
        ("latest positions", "memory_latest", "MB"), ("names", "memory_names", "MB"),
        ("RocksDB", "memory_rocksdb", "MB"),
        ("rules across riders", "memory_across", "MB")]),
}


def filled(page, results):
    for name, make in SECTIONS.items():
        mark = re.compile(f"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.S)
        if not mark.search(page):
            sys.exit(f"report: README.md has no section {name}")
        body = "\n".join(make(results)) + "\n"
        page = mark.sub(lambda found: found.group(1) + body + found.group(2), page)
    return page


def main():
    page = PAGE.read_text()
    fresh = filled(page, Results(HERE / "results"))
    if "--check" in sys.argv[1:]:
        sys.exit(0 if fresh == page else "report: README.md is not what the results say")
    PAGE.write_text(fresh)


main()
