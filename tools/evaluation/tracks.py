"""Real tracks as hosts: pieces of one rider without long gaps, moved to one day.

A piece is a list of `Fix` in order of time. Sources are read from a directory as described in its
README; what a phone did (duplicates, holds, jumps) is kept, except equal times, which delivery would
make conflicts of.
"""

import csv
import gzip
import hashlib
import math
import os
from dataclasses import dataclass, replace

METRES_PER_DEGREE = 111_194.93
# All pieces start on this day, UTC.
DAY_MS = 1_767_571_200_000


@dataclass(slots=True)
class Fix:
    ts: int  # the phone's time, Unix ms
    lat: float
    lon: float
    speed: float | None = None  # m/s
    heading: float | None = None  # degree
    acc: float | None = None  # m
    alt: float | None = None  # m
    recv: int = 0  # Unix ms
    attacked: bool = False

    def copy(self, **changes):
        return replace(self, **changes)


@dataclass(slots=True)
class Piece:
    """Up to `length` of one rider's recording."""
    source: str
    rider: str
    fixes: list
    vehicle: str = "car"

    @property
    def hours(self):
        return (self.fixes[-1].ts - self.fixes[0].ts) / 3_600_000


def metres(a, b):
    """Between two fixes; good enough below 100 km."""
    dlon = (b.lon - a.lon + 180) % 360 - 180
    x = dlon * math.cos(math.radians((a.lat + b.lat) / 2))
    return math.hypot(x, b.lat - a.lat) * METRES_PER_DEGREE


def course(a, b):
    dlon = (b.lon - a.lon) * math.cos(math.radians((a.lat + b.lat) / 2))
    return math.degrees(math.atan2(dlon, b.lat - a.lat)) % 360


def moved(fix, east_m, north_m, **changes):
    lat = max(-89.9, min(89.9, fix.lat + north_m / METRES_PER_DEGREE))
    lon = fix.lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(fix.lat)))
    return fix.copy(lat=lat, lon=(lon + 180) % 360 - 180, **changes)


def number(text):
    return float(text) if text else None


def rows(path):
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            yield row["rider"], Fix(
                int(row["ts_ms"]), float(row["lat"]), float(row["lon"]),
                number(row["speed_mps"]), number(row["heading_deg"]), number(row["accuracy_m"]),
                number(row["alt_m"]))


def excluded_spans(directory, source):
    """Times in vehicles whose riders a fleet would not have: rail, boats, aeroplanes."""
    path = os.path.join(directory, "labels", f"{source}.modes.csv")
    spans = {}
    if source != "geolife" or not os.path.exists(path):
        return spans
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if row["mode"] in ("train", "subway", "boat", "airplane"):
                spans.setdefault(row["rider"], []).append(
                    (int(row["start_ms"]), int(row["end_ms"])))
    return spans


def clones(directory, source):
    """Riders whose recording another rider has too: all but the first of each group."""
    path = os.path.join(directory, "labels", f"{source}.clones.csv")
    seen, gone = set(), set()
    if os.path.exists(path):
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                if row["group"] in seen:
                    gone.add(row["rider"])
                seen.add(row["group"])
    return gone


def read(directory, source, length_s=110 * 60, gap_s=300, shortest_s=300, per_rider=40):
    """All pieces of a source. A gap, or a step back in time, ends one."""
    spans = excluded_spans(directory, source)
    gone = clones(directory, source)
    pieces, fixes, rider = [], [], None
    counts = {}

    def finish():
        if rider and rider not in gone and len(fixes) > 30:
            long_enough = fixes[-1].ts - fixes[0].ts >= shortest_s * 1000
            if long_enough and counts.get(rider, 0) < per_rider:
                counts[rider] = counts.get(rider, 0) + 1
                pieces.append(Piece(source, rider, list(fixes)))
        fixes.clear()

    for name, fix in rows(os.path.join(directory, f"{source}.csv.gz")):
        if abs(fix.lat) > 90 or any(a <= fix.ts <= b for a, b in spans.get(name, ())):
            finish()
            rider = name
            continue
        if name != rider:
            finish()
            rider = name
        elif fixes:
            step = fix.ts - fixes[-1].ts
            if step == 0:
                continue
            if step < 0 or step > gap_s * 1000 or fix.ts - fixes[0].ts > length_s * 1000:
                finish()
        fixes.append(fix)
    finish()
    return pieces


def half(rider):
    """Riders are tuned on (0) or reported on (1), by their name alone."""
    return hashlib.sha256(rider.encode()).digest()[0] & 1


def rebase(piece, start_ms):
    """The same piece at another time."""
    shift = start_ms - piece.fixes[0].ts
    return Piece(
        piece.source, piece.rider, [f.copy(ts=f.ts + shift) for f in piece.fixes], piece.vehicle)


def elsewhere(piece, random):
    """The same piece in another place: one track serves several rides, and each must be the only one
    of its kind, or the rules across riders would rightly find them. Moved by whole thousandths of a
    degree, which leaves the digits a phone rounds to, and little to north, which keeps its shape."""
    north, east = random.randrange(-200, 201) / 1000, random.randrange(-5_000, 5_001) / 1000
    return Piece(
        piece.source, piece.rider,
        [f.copy(lat=f.lat + north, lon=(f.lon + east + 180) % 360 - 180) for f in piece.fixes],
        piece.vehicle)
