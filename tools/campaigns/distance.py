#!/usr/bin/env python3
"""Distance v1: three programs and plain Python give one number, to the millimetre and the byte.

The length of a leg is compared with geographiclib (at most 1 mm + 1 ppm up to 10 km, everywhere).
Then fixes go into a data directory: random legs all over the Earth, poles and antimeridian among
them; a fleet with late, double, held and broken fixes, with seals and a `kill -9` in between; real
tracks, where they are. For each rider `tacho-audit distance --legs` must be, byte for byte, what
`tools/python/tacho_distance.py` makes of `tacho-audit export`, and `tacho distance` (T.DIST) must
say the same sum and hash. The digest that binds them to roots of segments is made again from
format-spec.md, by the Python reader of segments, also of questions between fixes that lie far apart.

examples:
  tools/campaigns/distance.py                  # 100,000 legs of each kind
  tools/campaigns/distance.py --full           # 2,000,000, and all real tracks
  tools/campaigns/distance.py --evaluate       # the tables of docs/distance.md, nothing else
"""

import csv
import gzip
import hashlib
import io
import json
import math
import pathlib
import sys

from lib import campaign, geographic, process, reader, server, tracks

sys.path.insert(0, str(campaign.ROOT / "tools" / "python"))
import tacho_distance as v1  # noqa: E402

HEADER = "rider,ts_ms,lat,lon,speed_mps,heading_deg,accuracy_m,alt_m\n"
# Sources of ../shared/data in the order of the tables, and how their vehicles move.
SOURCES = {
    "amazon_delivery": "any", "cabspotting": "car", "device_fixtures": "any", "geolife": "any",
    "gotrack_android": "any", "hbku_phone_car": "car", "osm_mapmatch_1hz": "car",
    "porto_taxi_15s": "car", "rf_spoof_nmea": "any", "scooter_envirocar": "any",
    "ucc5g_phone": "car",
}
SHORT = ("amazon_delivery", "device_fixtures", "rf_spoof_nmea")


def main():
    p = campaign.parser(__doc__, faulty=True)
    p.add_argument("--tracks", metavar="DIR", default=str(campaign.ROOT.parent / "shared" / "data"),
                   help="real tracks (default: ../shared/data)")
    p.add_argument("--evaluate", action="store_true", help="print how far real riders went")
    options = p.parse_args()
    try:
        from geographiclib.geodesic import Geodesic
    except ImportError:
        geographic.restart_with()
    reader.restart_with()
    with campaign.Campaign("distance", options) as c:
        if options.evaluate:
            return evaluate(c, pathlib.Path(options.tracks))
        page(c)
        lengths(c, Geodesic.WGS84, 400_000 if options.full else 20_000)
        holes(c, 60 if options.full else 12)
        world(c, 2_000_000 if options.full else 100_000)
        rides(c, 60_000 if options.full else 12_000)
        real(c, pathlib.Path(options.tracks), list(SOURCES) if options.full else SHORT)


# --- the page -------------------------------------------------------------------------------


def page(c):
    """Python's constants and results are those that format-spec.md states."""
    text = (campaign.ROOT / "format-spec.md").read_text()
    text = text.split("\n## 19. Distance\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()
            if line.startswith("|")]
    named = {row[0]: row[1] for row in rows if len(row) == 3}
    floats = {
        "RADIANS": v1.RADIANS_PER_E7, "A": v1.SEMI_MAJOR_MM, "B": v1.SEMI_MINOR_MM,
        "E2": v1.ECCENTRICITY2, "G2": v1.AXES2, "K": v1.CURVATURE, "SPLIT": v1.LONGEST_CHORD_MM,
        "NONE": v1.NO_MIDDLE,
        **{f"S{2 * n + 3}": value for n, value in enumerate(v1.SINE)},
        **{f"C{2 * n + 2}": value for n, value in enumerate(v1.COSINE)},
    }
    for name, value in floats.items():
        c.check(f"{name} of the page", float(named[name]) == value, named[name])
    for name, value in {
            "GAP": v1.GAP_MS, "REST": v1.REST_MS, "EXCURSION": v1.EXCURSION_MS,
            "REST_FIXES": v1.REST_FIXES, "REST_LEAST": v1.REST_LEAST_MM,
            "REST_MOST": v1.REST_MOST_MM, "REST_PER_ACCURACY": v1.REST_PER_ACCURACY_DM,
            "STANDING": v1.STANDING_CMS, "DRIFTING": v1.DRIFTING_CMS,
            "NOISE_LEAST": v1.NOISE_LEAST_MM, "NOISE_PER_ACCURACY": v1.NOISE_PER_ACCURACY_DM,
            "MISSING_ACCURACY": v1.MISSING_ACCURACY_DM}.items():
        c.check(f"{name} of the page", int(named[name]) == value, named[name])
    for row in rows:
        if len(row) == 5 and row[4].isdigit():
            e7 = [v1.scaled(cell, 7) for cell in row[:4]]
            mm = v1.straight_mm(v1.place(*e7[:2]), v1.place(*e7[2:]))
            c.check(f"length {row[:4]}", mm == int(row[4]), f"{mm}, the page has {row[4]}")
    fixes = [v1.Fix(int(row[0]), v1.scaled(row[1], 7), v1.scaled(row[2], 7), v1.scaled(row[3], 2),
                    v1.scaled(row[4], 1), row[5]) for row in rows if len(row) == 6 and
             row[0].isdigit()]
    out = io.StringIO()
    total = v1.total("7", v1.legs(fixes, -(1 << 47), 1 << 47), out)
    expected = text.split("```csv\n")[1].split("```")[0]
    c.check("the legs of the example", out.getvalue() == expected, out.getvalue())
    c.check("their hash", f"`legs_sha256` {total['legs_sha256']}." in text, total["legs_sha256"])
    roots = {1: b"\x11" * 32, 2: b"\x22" * 32}
    statement = v1.statement(total, -(1 << 47), 1 << 47, 2, roots)
    c.check("the statement", f"```text\n{statement.decode()}```" in text, statement.decode())
    digest = hashlib.sha256(statement).hexdigest()
    c.check("the digest of the example", f"`digest` {digest}." in text, digest)


# --- lengths beside geographiclib ------------------------------------------------------------


def latitude(random, band):
    if band == "poles":
        return random.choice([-1, 1]) * (90 - 10 ** random.uniform(-7, 0))
    if band == "equator":
        return random.uniform(-0.1, 0.1)
    return math.degrees(math.asin(random.uniform(-1, 1)))


def random_leg(random, band, geodesic, metres):
    """Both ends in 1e-7 degree, at a distance of about `metres`."""
    lat = latitude(random, band)
    lon = random.choice([-1, 1]) * (180 - 10 ** random.uniform(-7, 0)) if band == "antimeridian" \
        else random.uniform(-180, 180)
    end = geodesic.Direct(lat, lon, random.uniform(0, 360), metres)
    return (round(lat * 1e7), round(lon * 1e7)), (round(end["lat2"] * 1e7), round(end["lon2"] * 1e7))


def lengths(c, geodesic, count):
    bands = ("anywhere", "equator", "antimeridian", "poles")
    reaches = ((0.05, 10), (10, 100), (100, 1e3), (1e3, 1e4), (1e4, 1e5), (1e5, 1e6), (1e6, 5e6))
    c.note("error against geographiclib, mm at most, by length of the leg:")
    c.note("  " + " ".join(f"{f'to {to:g} m':>12}" for _, to in reaches))
    for band in bands:
        worst = []
        for least, most in reaches:
            wrong = error = 0.0
            for _ in range(count // len(bands) // len(reaches)):
                metres = least * (most / least) ** c.random.random()
                a, b = random_leg(c.random, band, geodesic, metres)
                exact = geodesic.Inverse(a[0] / 1e7, a[1] / 1e7, b[0] / 1e7, b[1] / 1e7)["s12"]
                mm = v1.straight_mm(v1.place(*a), v1.place(*b))
                off = abs(mm - exact * 1e3)
                error = max(error, off)
                wrong += off > 1 + exact * 1e-3
                wrong += mm != v1.straight_mm(v1.place(*b), v1.place(*a))
            worst.append(error)
            c.check(f"{band}, to {most:g} m: within 1 mm + 1 ppm, the same both ways", not wrong,
                    f"{wrong} legs, {error:.3f} mm at most")
        c.note(f"  {' '.join(f'{error:12.3f}' for error in worst)}  {band}")


# --- fixes in a data directory ---------------------------------------------------------------


def compare(c, label, data, riders, address=None, ranges=1):
    """Legs, sums and hashes of riders by all three programs and Python; all must be sealed."""
    audit, target = data / "audit", ["--server", address] if address else ["--data", data]
    export = data.parent / "export.csv"
    done = process.run([c.program("tacho-audit"), "export", "--audit", audit, "--format", "csv",
                        "--out", export], timeout=600, text=True)
    if not c.check(f"{label}: export", done.returncode == 0, done.stderr[-300:]):
        return
    by_rider = exported(export)
    wrong, legs, sums = [], 0, 0
    import tacho_audit  # the packages it needs are there by now

    with tacho_audit.open_audit(audit) as opened:
        for rider in riders:
            fixes = by_rider.get(rider, [])
            for turn in range(ranges):
                span = some_range(c, fixes) if turn else None
                told = differences(c, opened, target, rider, fixes, span)
                legs += told[1]
                sums += 1
                if told[0]:
                    wrong.append((rider, span, told[0]))
    c.check(f"{label}: {sums} distances of {len(riders)} riders, {legs} legs, are one", not wrong,
            f"{len(wrong)} differ, first {wrong[:1]}")
    c.note(f"{label}: {sums} distances, {legs} legs compared")


def exported(path):
    """The fixes of an export by rider, by time and arrival."""
    fixes = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            fixes.setdefault(row["rider"], []).append(v1.Fix(
                int(row["ts_ms"]), v1.scaled(row["lat"], 7), v1.scaled(row["lon"], 7),
                v1.scaled(row["speed_mps"], 2), v1.scaled(row["accuracy_m"], 1), row["verdict"]))
    for some in fixes.values():
        some.sort(key=lambda fix: fix.ts)
    return fixes


def some_range(c, fixes):
    if not fixes:
        return 0, 0
    start = c.random.choice(fixes).ts + c.random.choice([-1, 0, 0, 1, 240_000, 240_001, 300_000])
    return start, start + c.random.randrange(c.random.choice([10_000, 7_200_000]))


def differences(c, opened, target, rider, fixes, span):
    """What is not as Python has it (empty: nothing), and how many legs there were."""
    audit = opened.path
    first, last = span or (-(1 << 47), 1 << 47)
    near = [fix for fix in fixes if first - v1.CONTEXT_MS <= fix.ts <= last + v1.CONTEXT_MS]
    out = io.StringIO()
    expected = v1.total(rider, v1.legs(near, first, last), out)
    words = [] if span is None else [f"--from={first}", f"--to={last}"]
    here = process.run([c.program("tacho-audit"), "distance", "--audit", audit, "--rider", rider,
                        "--legs", "-", "--json", *words], timeout=300)
    lines = out.getvalue().encode()
    if here.returncode or here.stdout != lines:
        for number, (a, b) in enumerate(zip(lines.splitlines(), here.stdout.splitlines()), 1):
            if a != b:
                return f"line {number}: Python {a!r}, tacho-audit {b!r}", 0
        return f"exit {here.returncode}: {here.stderr[-200:]!r}, {len(here.stdout)} bytes", 0
    sealed = json.loads(here.stderr)
    if {key: sealed.get(key) for key in expected} != expected:
        return f"sums: Python {expected}, tacho-audit {sealed}", 0
    roots = opened.roots(rider, first - v1.CONTEXT_MS, last + v1.CONTEXT_MS)
    statement = v1.statement(expected, first, last, len(opened.segments), roots)
    if sealed["digest"] != hashlib.sha256(statement).hexdigest():
        told = [segment["segment"] for segment in sealed["segments"]]
        return f"digest: Python names segments {list(roots)}, tacho-audit {told}", 0
    live = process.run([c.program("tacho"), "distance", rider, *target, "--json", *words],
                       timeout=300)
    if live.returncode or json.loads(live.stdout) != expected:
        return f"sums: Python {expected}, tacho {live.stdout!r} {live.stderr[-200:]!r}", 0
    return "", lines.count(b"\n") - 1


def put(c, text, data, words=()):
    path = data.parent / "in.csv"
    path.write_text(HEADER + text)
    done = process.run([c.program("tacho"), "import", path, "--data", data, "--json", *words],
                       text=True, timeout=900)
    c.check("import: exit 0", done.returncode == 0, done.stderr[-300:])


def seal(c, data):
    done = process.run([c.program("tacho"), "seal", "--data", data], text=True, timeout=900)
    c.check("seal: exit 0", done.returncode == 0, done.stderr[-300:])


def holes(c, riders):
    """Riders seen every few minutes or hours, in several ranges among each other: many questions lie
    between two fixes of a block, far from both."""
    data = c.place("holes") / "data"
    names = [f"h{number}" for number in range(riders)]
    for turn in range(5):
        text = io.StringIO()
        for number, rider in enumerate(names):
            ts = tracks.START_MS + c.random.randrange(3_600_000)
            for _ in range(20):
                ts += c.random.choice([1_000, 200_000, 500_000, 900_000, 7_200_000])
                at = v1.degrees(375_000_000 + number + turn)
                text.write(f"{rider},{ts + turn},{at},127.0000000,,,,\n")
        put(c, text.getvalue(), data)
        seal(c, data)
    compare(c, "questions in holes", data, names, ranges=24)
    c.forget("holes")


def world(c, count):
    """Random legs all over the Earth, jumps of 10 mm to half of its circumference."""
    data = c.place("world") / "data"
    riders = [f"w{number}" for number in range(max(4, count // 25_000))]
    text = io.StringIO()
    for rider in riders:
        ts = tracks.START_MS
        lat, lon = 0, 0
        for _ in range(count // len(riders)):
            ts += c.random.choice([1_000, 5_000, 60_000, 200_000])
            draw = c.random.random()
            if draw < 0.05:
                lat = c.random.choice([0, 899_999_000, -899_999_990, 900_000_000])
                lon = c.random.choice([0, 1_799_999_990, -1_800_000_000, 1_800_000_000])
            elif draw < 0.08:
                lat, lon = -lat, lon + 1_800_000_000
            reach = 10 ** c.random.uniform(0, 7 if draw < 0.9 else 9)
            lat = max(-900_000_000, min(900_000_000, lat + round(c.random.uniform(-reach, reach))))
            lon += round(c.random.uniform(-reach, reach))
            lon = (lon + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
            speed = c.random.choice(["", "0.3", "12"])
            text.write(f"{rider},{ts},{v1.degrees(lat)},{v1.degrees(lon)},{speed},,,\n")
    put(c, text.getvalue(), data, ["--vehicle", "any"])
    seal(c, data)
    compare(c, "legs all over the Earth", data, riders)
    c.forget("world")


def rides(c, count):
    """A fleet with everything a real one has, seals and a kill in between; amended after seals."""
    place = c.place("rides")
    data, logs = place / "data", place
    stream = tracks.Fleet(c.random, 12)
    subject = server.started(c.server_command(), data, logs)
    for turn in range(6):
        connection = subject.connect()
        for _ in range(count // 6 // 500):
            connection.patiently(*tracks.import_claimed(stream.next_batch(500)))
        if turn in (1, 3):
            connection.command("T.SEAL")
        if turn == 2:
            subject.kill9()
            subject = server.started(c.server_command(), data, logs)
    subject.connect().command("T.SEAL")
    # Judged again by other numbers: what is sealed is amended, by a segment of its own range.
    connection = subject.connect()
    connection.command("T.RULES", "SET", "teleport_beyond_m", "120", "jump_base_m", "100")
    connection.command("T.RULES", "RECOMPUTE", "-", "+")
    connection.command("T.ADD", "last", str(tracks.START_MS), "37", "127")
    connection.command("T.SEAL")
    compare(c, "a fleet's rides", data, [*stream.names, "last"], subject.address, ranges=4)
    c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)
    c.forget("rides")


def real(c, directory, names):
    for name in names:
        path = directory / f"{name}.csv.gz"
        if not path.exists():
            c.note(f"skipped: no {path}")
            continue
        data = stored(c, path, name)
        riders = rider_names(path)
        some = riders if c.options.full else c.random.sample(riders, min(25, len(riders)))
        compare(c, name, data, some, ranges=2)
        c.forget(name)


def stored(c, path, name):
    data = c.place(name) / "data"
    done = process.run([c.program("tacho"), "import", path, "--data", data, "--vehicle",
                        SOURCES[name], "--json"], text=True, timeout=900)
    c.check(f"{name}: import", done.returncode == 0, done.stderr[-300:])
    seal(c, data)
    return data


def rider_names(path):
    with gzip.open(path, "rt", newline="") as file:
        return list(dict.fromkeys(row["rider"] for row in csv.DictReader(file)))


# --- how far real riders went ----------------------------------------------------------------


def evaluate(c, directory):
    """For docs/distance.md: sums by source; against integrated reported speed; what stands still."""
    c.note("km by source: v1, gaps (straight), excluded, resting; and what of it is where")
    for name in SOURCES:
        path = directory / f"{name}.csv.gz"
        if not path.exists():
            c.note(f"skipped: no {path}")
            continue
        data = stored(c, path, name)
        export = data.parent / "export.csv"
        process.run([c.program("tacho-audit"), "export", "--audit", data / "audit", "--format",
                     "csv", "--out", export], timeout=600, check=True)
        table(c, name, exported(export))
        c.forget(name)


def table(c, name, by_rider):
    whole = dict.fromkeys(("metres", "gap_metres", "excluded_metres", "resting_metres"), 0.0)
    points = excluded = gaps = 0
    pairs, still_ms, still_mm, still_raw = [], 0, 0, 0
    for rider, fixes in by_rider.items():
        rows = list(v1.legs(fixes, -(1 << 47), 1 << 47))
        total = v1.total(rider, rows)
        for key in whole:
            whole[key] += total[key]
        points, excluded, gaps = (points + total["points"], excluded + total["excluded"],
                                  gaps + total["gaps"])
        counted = [fix for fix, row in zip(fixes, rows) if row.kind not in
                   ("held", "quarantined", "conflict")]
        pairs.append(against_speed(rider, rows, counted))
        ms, mm, raw = parked(rows, counted)
        still_ms, still_mm, still_raw = still_ms + ms, still_mm + mm, still_raw + raw
    c.note(f"{name}: {len(by_rider)} riders, {points} points, v1 {whole['metres'] / 1e3:.3f} km, "
           f"gaps {gaps} of {whole['gap_metres'] / 1e3:.1f} km straight, excluded {excluded} of "
           f"{whole['excluded_metres'] / 1e3:.1f} km, resting {whole['resting_metres'] / 1e3:.1f} km")
    known = [(rider, way, speed) for rider, way, speed in pairs if speed > 1e6]
    if known:
        shares = sorted(way / speed - 1 for _, way, speed in known)
        ways, speeds = sum(p[1] for p in known), sum(p[2] for p in known)
        middle = shares[len(shares) // 2]
        c.note(f"  against integrated reported speed, {len(known)} riders above 1 km: "
               f"{ways / 1e6:.3f} km of {speeds / 1e6:.3f} km ({100 * (ways / speeds - 1):+.2f} %), "
               f"median {100 * middle:+.2f} %, tenths {100 * shares[len(shares) // 10]:+.2f} % and "
               f"{100 * shares[-1 - len(shares) // 10]:+.2f} %")
    if still_ms:
        hours = still_ms / 3.6e6
        c.note(f"  parked {hours:.1f} h: {still_mm / 1e3:.1f} m ({still_mm / 1e3 / hours:.2f} m an "
               f"hour), legs alone would be {still_raw / 1e3:.0f} m")


def against_speed(rider, rows, counted):
    """mm that count, and mm by the reported speeds of both ends, over legs of at most 10 s where
    both report one. Where a phone that reports 0 repeats itself there is nothing to compare."""
    way = speed = 0
    before = None
    legs = iter(row for row in rows if row.kind not in ("held", "quarantined", "conflict"))
    for fix, row in zip(counted, legs):
        if before is not None and row.kind in ("leg", "zigzag", "still", "rest"):
            ms = fix.ts - before.ts
            if ms <= 10_000 and fix.speed is not None and before.speed is not None:
                way += row.mm
                speed += (fix.speed + before.speed) * ms // 200
        before = fix
    return rider, way, speed


def parked(rows, counted):
    """Time, mm that count and straight mm of stretches of 20 minutes or more within 40 m of their
    first fix, found without the rule that is measured; gaps end them."""
    legs = [row for row in rows if row.kind not in ("held", "quarantined", "conflict")]
    places = [v1.place(fix.lat, fix.lon) for fix in counted]
    ms = mm = raw = first = 0
    while first < len(counted):
        last = first
        while last + 1 < len(counted) and legs[last + 1].kind != "gap" and \
                v1.squared_chord(places[first], places[last + 1]) <= 40_000.0 ** 2:
            last += 1
        if counted[last].ts - counted[first].ts >= 1_200_000:
            ms += counted[last].ts - counted[first].ts
            mm += sum(row.mm for row in legs[first + 1:last + 1])
            raw += sum(row.straight for row in legs[first + 1:last + 1])
            first = last
        first += 1
    return ms, mm, raw


if __name__ == "__main__":
    sys.exit(main())
