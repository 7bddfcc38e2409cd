#!/usr/bin/env python3
"""import → track gives back every distinct fix of real tracks: exact, once, in order.

Every CSV of --tracks (default ../shared/data beside the work tree) goes into one data directory;
what each rider's track must be is worked out here, from the file's text, in exact integers. Then
everything is imported again (nothing may be stored), the server is restarted, ranges are sealed,
and each time all tracks are compared again.

The same for the other formats: real GPX files (--tracks DIR/gpx) and made-up GeoLife against what
Python's own parsers read in them; tracks written as NDJSON and GPX into a second directory, which
must hold the same fixes; tracks as GeoJSON against the fixes.

examples:
  tools/campaigns/roundtrip.py
  tools/campaigns/roundtrip.py --file Tests/Fixtures/tiny.csv
"""

import csv
import gzip
import hashlib
import json
import pathlib
import subprocess
import sys

from lib import campaign, fixes, process, server, texts as formats

COLUMNS = ["rider", "ts_ms", "lat", "lon", "speed_mps", "heading_deg", "accuracy_m", "alt_m"]


class Expected:
    """What one file must become."""

    def __init__(self, path, tracks):
        """Reads `path` and adds its fixes to `tracks`: rider → {fix: None} in order of arrival."""
        self.read = self.stored = self.duplicate = self.conflict = self.malformed = self.dropped = 0
        opened = gzip.open(path, "rt", newline="") if path.suffix == ".gz" else open(
            path, newline="")
        with opened as file:
            rows = csv.reader(file)
            header = next(rows)
            at = [header.index(name) if name in header else None for name in COLUMNS]
            for row in rows:
                if row:
                    self._add([row[i] if i is not None else "" for i in at], tracks)

    def _add(self, values, tracks):
        self.read += 1
        rider, texts = values[0], [value or None for value in values[1:]]
        fix = fixes.fix(texts[0] or "", texts[1] or "", texts[2] or "", *texts[3:])
        if fix is None or not 1 <= len(rider.encode()) <= 128:
            self.malformed += 1
            return
        track, times = tracks.setdefault(rider, ({}, set()))
        if fix in track:
            self.duplicate += 1
            return
        self.stored += 1
        self.conflict += fix[0] in times
        self.dropped += any(text is not None and stored is None
                            for text, stored in zip(texts[3:], fix[3:7]))
        track[fix] = None
        times.add(fix[0])


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--tracks", default=str(campaign.ROOT.parent / "shared" / "data"),
                        metavar="DIR", help="directory of CSV files")
    parser.add_argument("--file", action="append", help="these files instead")
    options = parser.parse_args()
    with campaign.Campaign("roundtrip", options) as c:
        chosen = options.file or sorted(
            str(path) for path in pathlib.Path(options.tracks).glob("*.csv*"))
        c.check("there are files to import", chosen, f"none in {options.tracks}")
        files = [pathlib.Path(name) for name in chosen]
        data, logs = c.work / "data", c.place("logs")
        tracks = {}
        expected = [Expected(path, tracks) for path in files]
        c.note(f"{len(files)} files, {sum(one.read for one in expected)} rows, {len(tracks)} riders")
        texts = {rider: track_text(rider, track) for rider, (track, _) in tracks.items()}
        for path, one in zip(files, expected):
            first_import(c, path, one, data)
        offline_sample(c, data, tracks, texts)
        written_and_read(c, data, tracks, texts)
        gpx_files(c, pathlib.Path(options.tracks) / "gpx")
        geolife_files(c)
        # Every track is compared twice; in between a sample is, unless there is time for all.
        some = texts if options.full else sample(texts, tracks)
        subject = server.started(c.server_command(), data, logs, timeout=60)
        compare(c, "after import", subject, some)
        again(c, subject, files, expected)
        compare(c, "after a second import", subject, texts)
        c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)
        subject = server.started(c.server_command(), data, logs, timeout=60)
        compare(c, "after a restart", subject, some)
        seal(c, subject, data, tracks)
        compare(c, "after sealing", subject, some)
        again(c, subject, files, expected)
        c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)
        subject = server.started(c.server_command(), data, logs, timeout=60)
        compare(c, "after sealing and a restart", subject, texts)
        subject.stop(60)
        verify_and_export(c, data, tracks)


def conflicts(track, times):
    return len(track) - len(times)


def sample(texts, tracks):
    """The 20 riders with most conflicts and every 20th of the others."""
    ordered = sorted(texts, key=lambda rider: conflicts(*tracks[rider]), reverse=True)
    return {rider: texts[rider] for rider in ordered[:20] + ordered[20::20]}


def counts(c, label, done):
    c.check(f"{label}: exit 0", done.returncode == 0, done.stderr[-300:])
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}


def first_import(c, path, one, data):
    done = process.run([c.program("tacho"), "import", path, "--data", data, "--json"], text=True,
                       timeout=600)
    got = counts(c, f"import of {path.name}", done)
    expected = {"read": one.read, "stored": one.stored, "duplicate": one.duplicate,
                "conflict": one.conflict, "malformed": one.malformed, "field_dropped": one.dropped}
    c.check(f"import of {path.name}: counts", {key: got.get(key) for key in expected} == expected,
            f"{got}, expected {expected}")
    c.note(f"{path.name}: {one.stored} fixes in {got.get('seconds')} s")


def again(c, subject, files, expected):
    """All files once more through the server: duplicates, nothing stored."""
    done = process.run([c.program("tacho"), "import", *files, "--server", subject.address,
                        "--json"], text=True, timeout=600)
    got = counts(c, "importing again", done)
    fixes_read = sum(one.stored + one.duplicate for one in expected)
    c.check("importing again stores nothing", got.get("stored") == 0 and
            got.get("duplicate") == fixes_read, f"{got}, {fixes_read} duplicates expected")


def track_text(rider, track):
    """The CSV of a rider: by time, equal times in order of arrival."""
    ordered = sorted(track, key=lambda fix: fix[0])
    quoted = f'"{rider}"' if any(sign in rider for sign in ',"\n') else rider
    return "\n".join([",".join(COLUMNS)] + [fixes.csv_row(quoted, fix) for fix in ordered] + [""]).encode()


def compare(c, label, subject, texts):
    """`tacho track` of every rider, a few at a time, byte by byte."""
    pending, wrong = [], []
    for rider in [*texts, None]:
        if rider is not None:
            pending.append((rider, process.start(
                [c.program("tacho"), "track", rider, "--server", subject.address, "--format", "csv"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)))
        while pending and (rider is None or len(pending) >= 3):
            name, child = pending.pop(0)
            out, error = child.communicate(timeout=120)
            if child.returncode or out != texts[name]:
                wrong.append((name, difference(texts[name], out) or error.decode()[-200:]))
    c.check(f"{label}: every track is exactly the distinct fixes", not wrong,
            f"{len(wrong)} of {len(texts)} riders, first {wrong[:1]}")
    c.note(f"{label}: {len(texts)} tracks compared")


def difference(expected, got):
    """The first line that differs."""
    one, other = expected.decode().splitlines(), got.decode().splitlines()
    for number, (a, b) in enumerate(zip(one, other), 1):
        if a != b:
            return f"line {number}: expected {a!r}, got {b!r}"
    if len(one) != len(other):
        return f"expected {len(one)} lines, got {len(other)}"
    return ""


def offline_sample(c, data, tracks, texts):
    """The same from the directory itself, for a few riders: those with most conflicts first."""
    for rider in list(sample(texts, tracks))[:4]:
        done = process.run([c.program("tacho"), "track", rider, "--data", data], timeout=120)
        c.check(f"offline track of {rider} ({conflicts(*tracks[rider])} conflicts)",
                done.returncode == 0 and done.stdout == texts[rider],
                difference(texts[rider], done.stdout) or done.stderr.decode()[-200:])


def written_and_read(c, data, tracks, texts):
    """A few tracks as NDJSON and GPX into directories of their own, and as GeoJSON."""
    place = c.place("formats")
    riders = list(sample(texts, tracks))[:None if c.options.full else 12]
    files = {"ndjson": [], "gpx": []}
    for number, rider in enumerate(riders):
        for kind in files:
            path = place / kind / f"{rider if '/' not in rider else number}.{kind}"
            path.parent.mkdir(exist_ok=True)
            with open(path, "wb") as out:
                done = process.run([c.program("tacho"), "track", rider, "--data", data, "--format",
                                    kind], timeout=120, capture_output=False, stdout=out,
                                   stderr=subprocess.PIPE)
            c.check(f"{rider} as {kind}: exit 0", done.returncode == 0, done.stderr[-200:])
            files[kind].append(path)
        done = process.run([c.program("tacho"), "track", rider, "--data", data, "--format",
                            "geojson"], timeout=120)
        expected = sorted(tracks[rider][0], key=lambda fix: fix[0])
        c.check(f"{rider} as geojson", done.returncode == 0 and
                formats.geojson(done.stdout) == expected, done.stderr.decode()[-200:])
    for kind, paths in files.items():
        other = place / f"data-{kind}"
        done = process.run([c.program("tacho"), "import", *paths, "--data", other, "--json"],
                           text=True, timeout=600)
        got = counts(c, f"import of {kind}", done)
        total = sum(len(tracks[rider][0]) for rider in riders)
        c.check(f"import of {kind}: every fix once", got.get("stored") == got.get("read") == total,
                f"{got}, {total} expected")
        c.check(f"import of {kind}: no field is lost", got.get("field_dropped") == 0, f"{got}")
        for rider in riders:
            done = process.run([c.program("tacho"), "track", rider, "--data", other], timeout=120)
            c.check(f"{rider} through {kind}", done.stdout == texts[rider],
                    difference(texts[rider], done.stdout) or done.stderr.decode()[-200:])
        c.note(f"{len(riders)} tracks, {total} fixes through {kind} in {got.get('seconds')} s")


def check_file(c, data, path, points):
    """One file into `data`, and the track of its stem; `points` are fixes, None is malformed."""
    done = process.run([c.program("tacho"), "import", path, "--data", data, "--json"], text=True,
                       timeout=120)
    good = [point for point in points if point is not None]
    distinct = dict.fromkeys(good)
    only_bad = points and not good
    c.check(f"{path.name}: exit {65 if only_bad else 0}",
            done.returncode == (65 if only_bad else 0), done.stderr[-300:])
    lines = done.stdout.strip().splitlines()
    got = json.loads(lines[-1]) if lines else {}
    expected = {"read": len(points), "stored": len(distinct),
                "duplicate": len(good) - len(distinct), "malformed": len(points) - len(good),
                "field_dropped": 0}
    c.check(f"{path.name}: counts", {key: got.get(key) for key in expected} == expected,
            f"{got}, expected {expected}")
    if not distinct:
        return
    done = process.run([c.program("tacho"), "track", path.stem, "--data", data], timeout=120)
    wanted = track_text(path.stem, distinct)
    c.check(f"{path.name}: its fixes", done.stdout == wanted, difference(wanted, done.stdout))


def gpx_files(c, directory):
    paths = sorted(directory.glob("*.gpx"))
    if not paths:
        return c.note(f"skipped: no GPX files in {directory}")
    data = c.place("gpx") / "data"
    for path in paths:
        check_file(c, data, path, formats.gpx(path))
    c.note(f"{len(paths)} GPX files compared")


def geolife_files(c):
    place = c.place("geolife")
    for number in range(4):
        path = place / f"2008102{number}.plt"
        text, expected = formats.geolife(c.random, 500)
        path.write_bytes(text.encode())
        check_file(c, place / "data", path, expected)
    c.note("4 GeoLife files compared")


def seal(c, subject, data, tracks):
    done = process.run([c.program("tacho"), "seal", "--server", subject.address, "--json"],
                       text=True, timeout=600)
    c.check("tacho seal: exit 0", done.returncode == 0, done.stderr[-300:])
    segments = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    total = sum(len(track) for track, _ in tracks.values())
    c.check("the sealed ranges hold every fix", sum(one["points"] for one in segments) == total,
            f"{segments}, {total} expected")
    for one in segments:
        path = data / "audit" / f"{int(one['segment']):08d}.seg"
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "no file"
        c.check(f"segment {one['segment']} has the SHA-256 that was told",
                digest == str(one["sha256"]).lower(), f"{digest}, told {one['sha256']}")


def verify_and_export(c, data, tracks):
    audit = data / "audit"
    done = process.run([c.program("tacho-audit"), "verify", "--deep", "--audit", audit], text=True,
                       timeout=600)
    c.check("segments verify", done.returncode == 0, f"exit {done.returncode}: {done.stdout[-300:]}")
    out = data.parent / "export.csv"
    done = process.run([c.program("tacho-audit"), "export", "--audit", audit, "--format", "csv",
                        "--out", out], text=True, timeout=600)
    if not c.check("export: exit 0", done.returncode == 0, done.stderr[-300:]):
        return
    seen = {}
    with open(out, newline="") as file:
        for row in csv.DictReader(file):
            values = [row[name] or None for name in COLUMNS[1:]]
            seen.setdefault(row["rider"], []).append(fixes.fix(*values, row["src"] or None))
    wrong = [rider for rider, (track, _) in tracks.items()
             if sorted(map(repr, seen.get(rider, []))) != sorted(map(repr, track))]
    c.check("the export has every fix of every rider once",
            not wrong and len(seen) == len(tracks), f"{len(wrong)} riders differ: {wrong[:3]}")


if __name__ == "__main__":
    sys.exit(main())
