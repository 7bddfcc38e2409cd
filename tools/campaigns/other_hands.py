#!/usr/bin/env python3
"""A reader by other hands: tools/python/tacho_audit beside tacho-audit, finding by finding, byte by
byte.

The Python reader was written from format-spec.md alone. It reads the golden segments, good and
damaged, forged ones (one byte of a block altered, every checksum and hash made anew) and freshly
sealed ones: real tracks and streams with late, double, conflicting, impossible and claimed fixes,
in several ranges whose amendments reach back. Each time both verify, and must find the same; both
export, and must write the same bytes. Then its tables, pandas frames and GeoParquet files against
the text of the export.

examples:
  tools/campaigns/other_hands.py
  tools/campaigns/other_hands.py --file Tests/Fixtures/tiny.csv --forgeries 2000 --seed 7
"""

import csv
import json
import os
import pathlib
import shutil
import sys
import time

from lib import campaign, fleet, process, reader, server, tracks
from lib.two_readers import (
    exported, first_difference, outcome, read, same_bytes, same_findings, verified)

GOLDEN = campaign.ROOT / "Tests" / "Fixtures" / "segments"
# Small real files of every kind: altitude, speed, accuracy, milliseconds, equal times.
SMALL = ("device_fixtures", "hbku_phone_car", "rf_spoof_nmea", "scooter_envirocar", "ucc5g_phone")


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--tracks", default=str(campaign.ROOT.parent / "shared" / "data"),
                        metavar="DIR", help="directory of CSV files")
    parser.add_argument("--file", action="append", help="these files instead")
    parser.add_argument("--forgeries", type=int, metavar="N",
                        help="altered segments (default: 300, with --full 5,000)")
    options = parser.parse_args()
    reader.restart_with()
    with campaign.Campaign("other_hands", options) as c:
        golden(c)
        damaged(c)
        forbidden(c)
        foreign_names(c)
        count = options.forgeries or (5000 if options.full else 300)
        forgeries(c, count)
        neighbours(c, count)
        audit = made(c, chosen_files(options))
        filters(c, audit, 60 if options.full else 12)
        fields(c, audit)
        parquet(c, audit)
        command_line(c, audit)
        installed(c, audit)


def chosen_files(options):
    """Files to import: all with --full, else tiny.csv and the small real ones that are there."""
    if options.file:
        return [pathlib.Path(name) for name in options.file]
    found = sorted(pathlib.Path(options.tracks).glob("*.csv.gz"))
    if not options.full:
        found = [path for path in found if path.name.split(".")[0] in SMALL]
    return [campaign.ROOT / "Tests" / "Fixtures" / "tiny.csv", *found]


# Segments that stay for ever


def golden(c):
    places = sorted(path.parent for path in GOLDEN.glob("*/*/00000001.seg"))
    c.check("there are golden segments", places, str(GOLDEN))
    for place in places:
        label = f"{place.parent.name}/{place.name}"
        same_findings(c, label, place)
        theirs = exported(c, place)
        same_bytes(c, f"{label}: the exports are one", read(place), theirs)
        if (place / "export.csv").exists():
            same_bytes(c, f"{label}: and the one in the tree", read(place),
                       (place / "export.csv").read_bytes())


def damaged(c):
    files = sorted(GOLDEN.glob("*/damaged/*.seg"))
    c.check("there are damaged segments", files, str(GOLDEN))
    for path in files:
        place = c.place("damaged")
        shutil.copyfile(path, place / "00000001.seg")
        summary = same_findings(c, f"{path.parent.parent.name} {path.name}", place)
        c.check(f"{path.name} is refused", summary["exit"] != 0, f"{summary}")
    path = GOLDEN / "v0" / "good" / "00000001.seg"
    data, place = path.read_bytes(), c.place("cut")
    for length in sorted({0, 1, 8, 191, 192, *c.random.sample(range(len(data)), 12)}):
        (place / "00000001.seg").write_bytes(data[:length])
        same_findings(c, f"cut after {length} bytes", place)


def forgeries(c, count):
    """One alteration each, sealed again. What both take, both must read alike."""
    from lib import forge_inputs  # needs the reader

    sources = [path.read_bytes() for path in sorted(GOLDEN.glob("*/*/00000001.seg"))]
    place, different, taken, unlike = c.place("forged"), [], 0, []
    for number in range(count):
        data, what = forge_inputs.alter(c.random, c.random.choice(sources))
        (place / "00000001.seg").write_bytes(data)
        deep = c.random.random() < 0.7
        ours, theirs = verified(c, place, deep=deep)
        if outcome(ours) != outcome(theirs):
            different.append((number, what, outcome(ours), outcome(theirs)))
        if deep and ours[-1]["exit"] == 0 == theirs[-1]["exit"]:
            taken += 1
            one, other = read(place), exported(c, place)
            if one is None or one != other:
                unlike.append((number, what, first_difference(one, other)))
    c.check(f"{count} forgeries: the same exit code and first finding", not different,
            f"{len(different)}, first {different[:2]}")
    c.check(f"{taken} forgeries that are segments all the same: exports are one", not unlike,
            f"{len(unlike)}, first {unlike[:2]}")
    c.check("most forgeries are refused, some are not", 0 < taken < count * 0.8 or count < 50,
            f"{taken} of {count}")


def chain(version):
    """The two golden segments that follow each other."""
    return [path.read_bytes() for path in sorted((GOLDEN / version / "good").glob("*.seg"))]


def place_of(c, label, files):
    """A directory with these (name, bytes) and nothing else."""
    place = c.place(label)
    for path in place.iterdir():
        path.unlink()
    for name, data in files:
        (place / name).write_bytes(data)
    return place


def forbidden(c):
    """What the page does not allow, every checksum right: both refuse it, for the same reason."""
    from lib import forge_inputs  # needs the reader

    for version in ("v0", "v1"):
        for label, files, codes in forge_inputs.forbidden(chain(version)):
            named = [(f"{number:08d}.seg", data) for number, data in enumerate(files, 1)]
            place = place_of(c, "forbidden", named)
            same_findings(c, f"{version} {label}", place)
            ours, _ = verified(c, place)
            found = [event["code"] for event in ours if event["type"] == "finding"]
            c.check(f"{version} {label}: {codes or 'nothing is found'}", found == codes, f"{found}")


def foreign_names(c):
    """Files that are named nearly as segments are none, for either."""
    good = [(f"{number:08d}.seg", data) for number, data in enumerate(chain("v1"), 1)]
    for name in ("00000000.seg", "18446744073709551615.seg", "18446744073709551616.seg",
                 "\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0663.seg", "3.seg", "000000003.seg",
                 "+0000003.seg", "00000003.seg.copy", "00000003.SEG"):
        place = place_of(c, "names", [*good, (name, b"no segment")])
        summary = same_findings(c, f"a file {name!a}", place)
        c.check(f"a file {name!a} means nothing", summary["exit"] == 0, f"{summary}")
    place = place_of(c, "names", [*good, ("18446744073709551614.seg", b"no segment")])
    summary = same_findings(c, "a file of the largest number", place)
    c.check("the largest number that names one", summary["exit"] == 3, f"{summary}")


def neighbours(c, count):
    """Two segments, altered in themselves or in how they follow each other, and chained again."""
    from lib import forge_inputs  # needs the reader

    different, taken = [], 0
    for number in range(count):
        files, what = forge_inputs.neighbours(c.random, chain(c.random.choice(["v0", "v1"])))
        ours, theirs = verified(c, place_of(c, "neighbours", files), deep=c.random.random() < 0.7)
        taken += ours[-1]["exit"] == 0 == theirs[-1]["exit"]
        if outcome(ours) != outcome(theirs):
            different.append((number, what, outcome(ours), outcome(theirs)))
    c.check(f"{count} altered pairs: the same exit code and first finding", not different,
            f"{len(different)}, first {different[:2]}")
    c.check("some pairs are refused, some are not", 0 < taken < count or count < 50, f"{taken}")


# Segments sealed now


def made(c, files):
    """A directory of several ranges, verified and exported by both after each seal; its path."""
    data, logs = c.work / "data", c.place("logs")
    subject = server.started(c.server_command(), data, logs, args=("--range-seconds", "0"),
                             timeout=60)
    audit = data / "audit"
    connection = subject.connect()
    stream = tracks.Fleet(c.random, 24, prefix="한")
    rounds = 5 if c.options.full else 3
    share = -(-len(files) // rounds)
    early = []
    for turn in range(rounds):
        for path in files[turn * share:(turn + 1) * share]:
            process.run([c.program("tacho"), "import", path, "--server", subject.address],
                        timeout=900, check=True)
        for _ in range(40):
            batch = stream.next_batch(100)
            connection.patiently(*tracks.import_claimed(batch))
            early.append(batch[0])
        connection.patiently(*tracks.import_claimed(crossing(turn)))
        late = [(rider, late_copy(fields)) for rider, fields in early[:60]]
        connection.patiently(*tracks.maddx(late))
        run = fleet.FleetRun(c.program("tacho-fleet"), subject, logs, f"f{turn}-",
                             c.seed % 1000 + turn, riders=200, rate=8000, seconds=3, ledger=False)
        c.check(f"range {turn + 1}: the fleet has sent", run.wait(60) == 0)
        done = process.run([c.program("tacho"), "seal", "--server", subject.address, "--json"],
                           text=True, timeout=600)
        c.check(f"range {turn + 1}: sealed", done.returncode == 0, done.stderr[-300:])
        summary = same_findings(c, f"range {turn + 1}", audit)
        c.check(f"range {turn + 1}: verified", summary["exit"] == 0, f"{summary}")
        began = time.monotonic()
        ours = read(audit)
        seconds = time.monotonic() - began
        same_bytes(c, f"range {turn + 1}: the exports are one", ours, exported(c, audit))
        c.note(f"range {turn + 1}: {summary['points']} points, {summary['amendments']} amendments; "
               f"read and written as CSV in {seconds:.1f} s")
    c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)
    return audit


def crossing(turn, riders=12):
    """Couriers that go on where they were and then are seen 3 km away, on their last fix before the
    seal: what that was is decided in the next range."""
    batch = []
    for rider in range(riders):
        start = tracks.START_MS + turn * 60_000
        for second in range(0, 60, 5):
            metres = turn * 300 + second * 5
            away = 0.03 if second == 55 else 0
            ts_ms = start + second * 1000
            batch.append((f"{CROSSING}{rider}, \"{rider % 2}\"", [
                str(ts_ms), f"{37.5 + rider / 50 + metres / 111_195 + away:.7f}", "127.0000000",
                "5", "0", "5", "-", "gps", str(ts_ms + 700)]))
    return batch


def late_copy(fields):
    """A fix at a time that is there, a little elsewhere: late, and a conflict."""
    copy = list(fields)
    copy[1] = f"{float(copy[1]) * 0.9999:.7f}"
    return copy


def filters(c, audit, count):
    import tacho_audit

    with tacho_audit.open_audit(audit) as opened:
        riders = opened.riders
        low = min(segment.header["min_ts_ms"] for segment in opened.segments)
        high = max(segment.header["max_ts_ms"] for segment in opened.segments)
        received = [segment.header["max_recv_ms"] for segment in opened.segments]
    wrong = []
    for _ in range(count):
        chosen = c.random.sample(riders, min(len(riders), c.random.choice([1, 2, 30])))
        start, end = sorted(c.random.randrange(low, high + 1) for _ in range(2))
        words, wanted = [], {}
        if c.random.random() < 0.8:
            words += [word for rider in chosen for word in ("--rider", rider)]
            wanted["riders"] = chosen
        if c.random.random() < 0.5:
            words += [f"--from={start}", f"--to={end}"]
            wanted |= {"start_ms": start, "end_ms": end}
        if c.random.random() < 0.3:
            until = c.random.choice(received) - c.random.randrange(3_600_000)
            words += [f"--recv-to={until}"]
            wanted["recv_end_ms"] = until
        ours, theirs = read(audit, **wanted), exported(c, audit, *words)
        if ours is None or ours != theirs:
            wrong.append((words, first_difference(ours, theirs)))
    c.check(f"{count} questions of riders and times: the same rows", not wrong,
            f"{len(wrong)}, first {wrong[:1]}")
    refused = read(audit, riders=["nobody here"])
    c.check("a rider nobody knows has no rows", refused is not None and refused.count(b"\n") == 1)


MOST_FIELDS = 400_000
CROSSING = "crossing "
NUMBERS = {"ts_ms": int, "lat": float, "lon": float, "speed_mps": float, "heading_deg": float,
           "accuracy_m": float, "alt_m": float, "recv_ms": int, "claimed_recv_ms": int,
           "segment": int, "block": int, "index": int}


def fields(c, audit):
    """The table, column by column, against the text of tacho-audit's export."""
    import tacho_audit

    with tacho_audit.open_audit(audit) as opened:
        began = time.monotonic()
        whole = opened.fixes().num_rows
        c.note(f"{whole} rows as a table in {time.monotonic() - began:.1f} s")
        riders = opened.riders
        if whole > MOST_FIELDS:  # the bytes of all rows are compared; their text in memory is large
            riders = c.random.sample(riders, len(riders) * MOST_FIELDS // whole)
            riders += [rider for rider in opened.riders if rider.startswith(CROSSING)]
        words = [word for rider in riders for word in ("--rider", rider)]
        rows = list(csv.reader(exported(c, audit, *words).decode().splitlines()))
        header, rows = rows[0], rows[1:]
        table = opened.fixes(riders=riders)
        c.check("as many rows", table.num_rows == len(rows), f"{table.num_rows}, {len(rows)}")
        for place, name in enumerate(header):
            kind = NUMBERS.get(name, str)
            wanted = [kind(row[place]) if row[place] else None for row in rows]
            c.check(f"column {name}: every value", table[name].to_pylist() == wanted)
            if name in ("lat", "lon"):
                exact = [int(row[place].replace(".", "")) for row in rows]
                c.check(f"column {name}_e7: exact", table[f"{name}_e7"].to_pylist() == exact)
        for name in header:
            if name not in ("src", "claimed_recv_ms") or any(rows):
                c.check(f"column {name} has values", table[name].null_count < table.num_rows)
        seen = {(row[0], row[1]) for row in rows}
        c.check("there are conflicts", len(seen) < len(rows))
        at_seal, now = header.index("verdict_at_seal"), header.index("verdict")
        c.check("later ranges amend earlier ones", any(row[at_seal] != row[now] for row in rows))
        c.check("there are several ranges", len({row[header.index("segment")] for row in rows}) > 1)
        frame = opened.to_pandas(riders=opened.riders[:3])
        some = opened.fixes(riders=opened.riders[:3])
        c.check("pandas has the same rows", len(frame) == some.num_rows > 0 and
                frame["ts_ms"].tolist() == some["ts_ms"].to_pylist() and
                frame["rider"].tolist() == some["rider"].to_pylist())


def parquet(c, audit):
    """Written, read back by pyarrow, and looked at as the GeoParquet page asks."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import tacho_audit

    path = c.place("parquet") / "all.parquet"
    with tacho_audit.open_audit(audit) as opened:
        table = opened.fixes()
        c.check("parquet: every row is written", opened.to_parquet(path) == table.num_rows)
    back = pq.read_table(path)
    for name in table.column_names:
        wanted = table[name]
        if pa.types.is_dictionary(wanted.type):
            wanted = wanted.cast(pa.string())
        c.check(f"parquet: column {name} comes back", back[name].equals(wanted))
    geo = json.loads(back.schema.metadata[b"geo"])
    column = geo["columns"][geo["primary_column"]]
    c.check("parquet: metadata of GeoParquet 1.1", geo["version"] == "1.1.0" and
            column["encoding"] == "WKB" and column["geometry_types"] == ["Point"] and
            column["crs"]["id"] == {"authority": "OGC", "code": "CRS84"}, f"{geo}")
    lat, lon = table["lat"].to_numpy(), table["lon"].to_numpy()
    c.check("parquet: bbox", column["bbox"] == [lon.min(), lat.min(), lon.max(), lat.max()])
    wkb = b"".join(back[geo["primary_column"]].to_pylist())
    points = np.frombuffer(wkb, dtype=[("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])
    c.check("parquet: every point in WKB", len(points) == len(lat) and
            (points["order"] == 1).all() and (points["type"] == 1).all() and
            (points["x"] == lon).all() and (points["y"] == lat).all())


def command_line(c, audit):
    """python3 -m tacho_audit, as a person runs it."""
    def run(*words):
        return process.run([sys.executable, "-m", "tacho_audit", *words], timeout=600)

    done = run("verify", audit, "--deep")
    c.check("verify --deep: exit 0", done.returncode == 0, (done.stdout + done.stderr)[-300:])
    theirs = exported(c, audit)
    same_bytes(c, "export to standard output", run("export", audit).stdout, theirs)
    place = c.place("out")
    done = run("export", audit, "--out", place / "all.csv", "--json")
    c.check("export to a file: exit 0 and its rows", done.returncode == 0 and
            json.loads(done.stdout)["rows"] == theirs.count(b"\n") - 1, done.stderr[-300:])
    same_bytes(c, "export to a file", (place / "all.csv").read_bytes(), theirs)
    done = run("parquet", audit, "--out", place / "all.parquet")
    c.check("parquet: exit 0", done.returncode == 0, done.stderr[-300:])
    path = place / "broken"
    shutil.copytree(audit, path)
    segment = sorted(path.glob("*.seg"))[0]
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 4
    segment.write_bytes(data)
    for words, code in ((("verify", path), 2), (("export", path), 2), (("verify", place), 3),
                        (("verify", place / "none"), 5), (("export", audit, "--from", "noon"), 1),
                        (("nonsense",), 1)):
        done = run(*words)
        last = (done.stderr or done.stdout).decode().strip().splitlines()[-1:]
        c.check(f"{words[0]} {pathlib.Path(words[-1]).name}: exit {code}, and says why",
                done.returncode == code and last, f"exit {done.returncode}: {last}")
    done = run("export", path, "--out", place / "broken.csv")
    c.check("a refused export leaves no file", done.returncode == 2 and
            not list(place.glob("broken.csv*")), done.stderr[-300:])
    for words in ((), ("verify",), ("export",), ("parquet",)):
        done = run(*words, "--help")
        c.check(f"{' '.join(words)} --help has examples", done.returncode == 0 and
                b"EXAMPLES" in done.stdout)


def installed(c, audit):
    """The package, built without a network from a copy, and used from where it was put."""
    source, target = c.work / "package", c.place("installed")
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(reader.SOURCES / "tacho_audit", source,
                    ignore=shutil.ignore_patterns("__pycache__", "tests"))
    done = process.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                        "--no-index", "--no-build-isolation", "--no-deps", "--target", target,
                        source], timeout=300, text=True)
    if c.check("pip installs it", done.returncode == 0, done.stderr[-300:]):
        done = process.run([target / "bin" / "tacho-audit-reader", "verify", audit], timeout=300,
                           env={**os.environ, "PYTHONPATH": str(target)})
        c.check("tacho-audit-reader verifies", done.returncode == 0, done.stderr[-300:])


if __name__ == "__main__":
    sys.exit(main())
