#!/usr/bin/env python3
"""Distance v1 of Tacho in plain Python, written from format-spec.md section 19.

Reads what `tacho-audit export --rider R --format csv` wrote and says how far the rider went, leg by
leg, to the millimetre and byte for byte as the programs do. Only + - * / and square roots of
doubles, which every machine rounds alike; Python never fuses a multiplication into an addition.

    tacho-audit export --audit DIR/audit --rider 7 --format csv --out 7.csv
    python3 tools/python/tacho_distance.py 7.csv --from 1767312000000 --to 1767398399999 --legs legs.csv
"""

import argparse
import csv
import hashlib
import json
import math
import sys
from typing import Iterable, Iterator, List, Mapping, NamedTuple, Optional, TextIO, Tuple

ALG = "v1"

# --- constants of the page -------------------------------------------------------------------

RADIANS_PER_E7 = 1.7453292519943295e-09
SINE = (
    -0.16666666666666666,
    0.008333333333333333,
    -0.0001984126984126984,
    2.7557319223985893e-06,
    -2.505210838544172e-08,
    1.6059043836821613e-10,
    -7.647163731819816e-13,
)
COSINE = (
    -0.5,
    0.041666666666666664,
    -0.001388888888888889,
    2.48015873015873e-05,
    -2.755731922398589e-07,
    2.08767569878681e-09,
    -1.1470745597729725e-11,
    4.779477332387385e-14,
)
SEMI_MAJOR_MM = 6378137000.0
SEMI_MINOR_MM = 6356752314.245179
ECCENTRICITY2 = 0.006694379990141317
AXES2 = 0.9933056200098587
CURVATURE = 1.0265316601840042e-21
LONGEST_CHORD_MM = 20000000.0
NO_MIDDLE = 1e-09

GAP_MS = 180_000
REST_MS = 60_000
EXCURSION_MS = 10_000
REST_FIXES = 4_096
REST_LEAST_MM = 15_000
REST_MOST_MM = 50_000
REST_PER_ACCURACY_DM = 200
STANDING_CMS = 70
DRIFTING_CMS = 60
NOISE_LEAST_MM = 8_000
NOISE_PER_ACCURACY_DM = 50
MISSING_ACCURACY_DM = 150
CONTEXT_MS = REST_MS + GAP_MS

EXCLUDING = {"TELEPORT", "GAP_SPEED", "FROZEN"}
HEADER = "kind,from_ts_ms,to_ts_ms,from_lat,from_lon,to_lat,to_lon,straight_mm,mm,verdict\n"

Place = Tuple[float, float, float]

# --- the length of a leg ---------------------------------------------------------------------


def sine_cosine(angle: int) -> Tuple[float, float]:
    """Of an angle in 1e-7 degree, at most half a turn either way."""
    size = abs(angle)
    quarter = (size + 450_000_000) // 900_000_000
    x = float(size - quarter * 900_000_000) * RADIANS_PER_E7
    t = x * x
    p = SINE[6]
    for k in (5, 4, 3, 2, 1, 0):
        p = p * t + SINE[k]
    s = x + x * (t * p)
    p = COSINE[7]
    for k in (6, 5, 4, 3, 2, 1, 0):
        p = p * t + COSINE[k]
    c = 1.0 + t * p
    if quarter == 1:
        s, c = c, -s
    elif quarter == 2:
        s, c = -s, -c
    return (-s if angle < 0 else s), c


def place(lat: int, lon: int) -> Place:
    """Where a position lies in space, mm from the centre of the Earth."""
    sin_lat, cos_lat = sine_cosine(lat)
    sin_lon, cos_lon = sine_cosine(lon)
    n = SEMI_MAJOR_MM / math.sqrt(1.0 - ECCENTRICITY2 * (sin_lat * sin_lat))
    r = n * cos_lat
    return r * cos_lon, r * sin_lon, (n * AXES2) * sin_lat


def squared_chord(a: Place, b: Place) -> float:
    x, y, z = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    return (x * x + y * y) + z * z


def arc(a: Place, b: Place) -> float:
    """The way along the ellipsoid, mm."""
    squared = squared_chord(a, b)
    chord = math.sqrt(squared)
    if chord <= LONGEST_CHORD_MM:
        return chord + chord * (squared * CURVATURE)
    x, y, z = a[0] + b[0], a[1] + b[1], a[2] + b[2]
    u = math.sqrt(
        (x * x + y * y) / (SEMI_MAJOR_MM * SEMI_MAJOR_MM) + (z * z) / (SEMI_MINOR_MM * SEMI_MINOR_MM)
    )
    if u >= NO_MIDDLE:
        middle = (x / u, y / u, z / u)
    elif a[0] != 0.0 or a[1] != 0.0:
        middle = (0.0, 0.0, SEMI_MINOR_MM)
    else:
        middle = (SEMI_MAJOR_MM, 0.0, 0.0)
    return arc(a, middle) + arc(middle, b)


def straight_mm(a: Place, b: Place) -> int:
    return round(arc(a, b))  # of a float, to the nearest integer, halves to the even one


# --- fixes and legs --------------------------------------------------------------------------


class Fix(NamedTuple):
    """`lat`, `lon` in 1e-7 degree; `speed` in 0.01 m/s and `accuracy` in 0.1 m, None if unknown."""

    ts: int
    lat: int
    lon: int
    speed: Optional[int]
    accuracy: Optional[int]
    verdict: str

    @property
    def effect(self) -> str:
        return "accept" if self.verdict == "ok" else self.verdict.partition(":")[0]

    @property
    def codes(self) -> List[str]:
        return self.verdict.partition(":")[2].split("+")


class Row(NamedTuple):
    kind: str
    from_ts: int
    to_ts: int
    start: Tuple[int, int]
    end: Tuple[int, int]
    straight: int
    mm: int
    verdict: str

    def line(self) -> str:
        places = ",".join(degrees(v) for v in (*self.start, *self.end))
        return (
            f"{self.kind},{self.from_ts},{self.to_ts},{places},{self.straight},{self.mm},"
            f"{self.verdict}\n"
        )


def degrees(e7: int) -> str:
    whole, part = divmod(abs(e7), 10_000_000)
    return f"{'-' if e7 < 0 else ''}{whole}.{part:07d}"


def is_excluded(fix: Fix) -> bool:
    codes = fix.codes
    if EXCLUDING.intersection(codes):
        return True
    return "PV_DIVERGE" in codes and fix.speed is not None and fix.speed < DRIFTING_CMS


def resting_legs(counted: List[Fix], places: List[Place]) -> List[bool]:
    """For each counted fix, whether the leg to it lies in a span at rest."""
    resting = [False] * len(counted)
    for first, fix in enumerate(counted):
        last = span_end(counted, places, first)
        if last:
            for leg in range(first + 1, last + 1):
                resting[leg] = True
    return resting


def span_end(counted: List[Fix], places: List[Place], first: int) -> Optional[int]:
    """The last fix of the span that begins with `first`; None if that is none at rest."""
    start = counted[first]
    radius = float(
        min(max((start.accuracy or 0) * REST_PER_ACCURACY_DM, REST_LEAST_MM), REST_MOST_MM)
    )
    inside_ts, was_inside = start.ts, True
    for k in range(first + 1, min(first + REST_FIXES, len(counted) - 1) + 1):
        fix = counted[k]
        if fix.ts - counted[k - 1].ts > GAP_MS:
            return None
        inside = squared_chord(places[first], places[k]) <= radius * radius
        if not (inside and was_inside) and fix.ts - inside_ts > EXCURSION_MS:
            return None
        if fix.ts - start.ts >= REST_MS:
            return k if inside else None
        if inside:
            inside_ts = fix.ts
        was_inside = inside
    return None


def legs(fixes: Iterable[Fix], from_ts: int, to_ts: int) -> Iterator[Row]:
    """One row for each fix from `from_ts` to `to_ts`. `fixes` are all of the rider from 240 s before
    to 240 s after, by time, those of one time in the order in which they came."""
    every: List[Tuple[Fix, Optional[int]]] = []
    counted: List[Fix] = []
    for fix in fixes:
        is_shown = fix.effect in ("accept", "flag")
        if is_shown and (not counted or counted[-1].ts < fix.ts):
            every.append((fix, len(counted)))
            counted.append(fix)
        else:
            every.append((fix, None))
    places = [place(fix.lat, fix.lon) for fix in counted]
    resting = resting_legs(counted, places)
    for fix, index in every:
        if not from_ts <= fix.ts <= to_ts:
            continue
        here = (fix.lat, fix.lon)
        if index is None:
            kind = {"hold": "held", "quarantine": "quarantined"}.get(fix.effect, "conflict")
        elif index == 0 or counted[index - 1].ts < from_ts:
            kind = "start"
        else:
            yield leg(counted, places, resting, index)
            continue
        yield Row(kind, fix.ts, fix.ts, here, here, 0, 0, fix.verdict)


def leg(counted: List[Fix], places: List[Place], resting: List[bool], index: int) -> Row:
    a, b = counted[index - 1], counted[index]
    straight = straight_mm(places[index - 1], places[index])
    kind, mm = "leg", straight
    if b.ts - a.ts > GAP_MS:
        kind, mm = "gap", 0
    elif is_excluded(b):
        kind, mm = "excluded", 0
    elif resting[index]:
        kind, mm = "rest", 0
    elif is_still(a, b, straight):
        kind, mm = "still", 0
    elif "ZIGZAG" in b.codes and index > 1 and not is_excluded(a):
        if a.ts - counted[index - 2].ts <= GAP_MS:
            kind = "zigzag"
            mm = min(straight, (straight_mm(places[index - 2], places[index]) + 1) // 2)
    return Row(kind, a.ts, b.ts, (a.lat, a.lon), (b.lat, b.lon), straight, mm, b.verdict)


def is_still(a: Fix, b: Fix, straight: int) -> bool:
    if b.speed is None or b.speed >= STANDING_CMS:
        return False
    radii = sum(MISSING_ACCURACY_DM if f.accuracy is None else f.accuracy for f in (a, b))
    return straight < max(NOISE_LEAST_MM, NOISE_PER_ACCURACY_DM * radii)


def total(rider: str, rows: Iterable[Row], out: Optional[TextIO] = None) -> dict:
    """The sums over rows, and the hash of their lines, which are also written to `out`."""
    digest = hashlib.sha256(HEADER.encode())
    if out:
        out.write(HEADER)
    mm = points = excluded = gaps_ms = gaps = gap_mm = excluded_mm = resting_mm = 0
    counts = {"held": 0, "quarantined": 0, "conflict": 0}
    for row in rows:
        line = row.line()
        digest.update(line.encode())
        if out:
            out.write(line)
        mm += row.mm
        if row.kind in counts:
            counts[row.kind] += 1
            continue
        points += 1
        if row.kind == "gap":
            gaps, gap_mm = gaps + 1, gap_mm + row.straight
            gaps_ms += row.to_ts - row.from_ts
        elif row.kind == "excluded":
            excluded, excluded_mm = excluded + 1, excluded_mm + row.straight
        elif row.kind in ("rest", "still"):
            resting_mm += row.straight
    return {
        "rider": rider,
        "metres": metres(mm),
        "points": points,
        "excluded": excluded + counts["held"] + counts["quarantined"],
        "gaps_ms": gaps_ms,
        "alg": ALG,
        "gaps": gaps,
        "gap_metres": metres(gap_mm),
        "excluded_metres": metres(excluded_mm),
        "resting_metres": metres(resting_mm),
        "held": counts["held"],
        "quarantined": counts["quarantined"],
        "conflicts": counts["conflict"],
        "legs_sha256": digest.hexdigest(),
    }


def statement(
    total: dict, from_ts: int, to_ts: int, segments: int, roots: Mapping[int, bytes]
) -> bytes:
    """What a digest is the SHA-256 of: `total` of a question, how many segments there were, and ids
    and roots of those that hold a fix or an amendment that mattered."""
    mm = round(total["metres"] * 1000)  # thousandths, rounded once: exact far beyond any way
    lines = [
        f"tacho-distance {ALG}", f"rider {total['rider']}", f"from {from_ts}", f"to {to_ts}",
        f"mm {mm}", f"legs_sha256 {total['legs_sha256']}", f"segments {segments}",
        *(f"segment {number} {root.hex()}" for number, root in sorted(roots.items())),
    ]
    return "".join(line + "\n" for line in lines).encode()


def metres(mm: int) -> float:
    """A number that JSON prints as the programs do: at most three decimals."""
    return mm // 1000 if mm % 1000 == 0 else mm / 1000


# --- what tacho-audit exports ----------------------------------------------------------------


def scaled(text: str, decimals: int) -> Optional[int]:
    """A decimal text as a whole number of its last place; exact."""
    if not text:
        return None
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text)
    whole, _, part = digits.partition(".")
    return sign * int(whole + part.ljust(decimals, "0"))


def read_export(file: TextIO, rider: Optional[str]) -> Tuple[str, List[Fix]]:
    """The fixes of one rider by time; of one time in the order of segments, blocks and rows."""
    fixes: List[Fix] = []
    for row in csv.DictReader(file):
        if rider is None:
            rider = row["rider"]
        if row["rider"] != rider:
            continue
        fixes.append(
            Fix(
                int(row["ts_ms"]), scaled(row["lat"], 7), scaled(row["lon"], 7),
                scaled(row["speed_mps"], 2), scaled(row["accuracy_m"], 1), row["verdict"],
            )
        )
    fixes.sort(key=lambda fix: fix.ts)
    return rider or "", fixes


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", metavar="FILE", help="CSV of tacho-audit export, - for stdin")
    parser.add_argument("--rider", help="this one; the first of the file unless given")
    parser.add_argument("--from", dest="from_ts", type=int, default=-(1 << 47), metavar="MS")
    parser.add_argument("--to", dest="to_ts", type=int, default=1 << 47, metavar="MS")
    parser.add_argument("--legs", metavar="FILE", help="write the legs there, - for stdout")
    arguments = parser.parse_args()
    source = sys.stdin if arguments.export == "-" else open(arguments.export, newline="")
    with source:
        rider, fixes = read_export(source, arguments.rider)
    least, most = arguments.from_ts - CONTEXT_MS, arguments.to_ts + CONTEXT_MS
    near = [fix for fix in fixes if least <= fix.ts <= most]
    rows = legs(near, arguments.from_ts, arguments.to_ts)
    if arguments.legs == "-":
        summary = total(rider, rows, sys.stdout)
        print(json.dumps(summary, separators=(",", ":")), file=sys.stderr)
    elif arguments.legs:
        with open(arguments.legs, "w", newline="") as out:
            summary = total(rider, rows, out)
        print(json.dumps(summary, separators=(",", ":")))
    else:
        print(json.dumps(total(rider, rows), separators=(",", ":")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
