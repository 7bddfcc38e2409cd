"""A seeded fleet whose stream has everything a real one has: late, double, impossible, broken."""

import math

from . import fixes

# 2024-01-01T00:00:00Z: far from the present, so that no verdict depends on the server's clock.
START_MS = 1_704_067_200_000


class Rider:
    def __init__(self, random, name, start_ms):
        self.random = random
        self.name = name
        self.ts = start_ms + random.randrange(5_000)
        self.recv = self.ts
        self.lat = 37.5 + random.uniform(-0.2, 0.2)
        self.lon = 127.0 + random.uniform(-0.2, 0.2)
        self.course = random.uniform(0, 360)
        self.speed = random.uniform(2, 12)
        self.history = []

    def step(self):
        """The next fix as the nine texts after the rider: ts lat lon speed … src recv."""
        draw = self.random.random()
        if self.history and draw < 0.02:
            fields = list(self.random.choice(self.history[-8:]))
        elif self.history and draw < 0.03:
            fields = list(self.history[-1])
            fields[1] = f"{float(fields[1]) + self.random.choice([1e-7, 0.002]):.7f}"
        elif len(self.history) > 4 and draw < 0.06:
            fields = list(self.random.choice(self.history[-8:-2]))
            fields[0] = str(int(fields[0]) + self.random.randrange(1, 900))
        else:
            fields = self._move(draw)
            self.history.append(fields)
            del self.history[:-16]
        self.recv = max(self.recv + self.random.randrange(50), self.ts)
        fields[8] = str(self.recv)
        return fields

    def _move(self, draw):
        seconds = self.random.choice([1, 1, 2, 3, 5])
        self.ts += seconds * 1000 + self.random.randrange(-40, 40)
        self.course = (self.course + self.random.gauss(0, 8)) % 360
        self.speed = min(14, max(0, self.speed + self.random.gauss(0, 0.7)))
        metres = self.speed * seconds
        self.lat += metres * math.cos(math.radians(self.course)) / 111_195
        self.lon += metres * math.sin(math.radians(self.course)) / (
            111_195 * math.cos(math.radians(self.lat)))
        lat, lon, ts, acc = self.lat, self.lon, self.ts, self.random.uniform(3, 15)
        if 0.06 <= draw < 0.066:
            lat += 0.05
        elif 0.066 <= draw < 0.07:
            lat = lon = 0.001
        elif 0.07 <= draw < 0.075:
            ts += 3_600_000
        elif 0.075 <= draw < 0.08:
            lat = 127.02
        elif 0.08 <= draw < 0.09:
            acc = self.random.uniform(101, 900)
        known = self.random.random
        return [
            str(ts), f"{lat:.7f}", f"{lon:.7f}",
            f"{self.speed:.2f}" if known() < 0.9 else "-",
            f"{self.course:.1f}" if known() < 0.9 else "-",
            f"{acc:.1f}" if known() < 0.9 else "-",
            f"{self.random.uniform(10, 90):.1f}" if known() < 0.5 else "-",
            self.random.choice(["gps", "fused", "-", "-"]), "0"]


class Fleet:
    """Riders in random turns. `next_batch` gives [(rider, fields)]: equal seeds, equal streams."""

    def __init__(self, random, riders, prefix="k", start_ms=START_MS):
        self.random = random
        self.riders = [Rider(random, f"{prefix}{n:04d}", start_ms) for n in range(riders)]

    @property
    def names(self):
        return [rider.name for rider in self.riders]

    def next_batch(self, count):
        batch = []
        for _ in range(count):
            rider = self.random.choice(self.riders)
            batch.append((rider.name, rider.step()))
        return batch


def import_claimed(batch):
    """T.IMPORT CLAIMED of a batch: verdicts depend on the stream alone, not on the clock."""
    args = ["T.IMPORT", "CLAIMED"]
    for rider, fields in batch:
        args.append(rider)
        args += fields
    return args


def maddx(batch):
    args = ["T.MADDX"]
    for rider, fields in batch:
        args.append(rider)
        args += fields[:7]
    return args


def madd(batch):
    args = ["T.MADD", batch[0][0]]
    for _, fields in batch:
        args += fields[:3]
    return args


def add(one):
    rider, fields = one
    args = ["T.ADD", rider] + fields[:3]
    for name, value in zip(("SPEED", "HEADING", "ACC", "ALT"), fields[3:7]):
        if value != "-":
            args += [name, value]
    return args


def stored(fields, with_source=False):
    """A batch entry at stored precision; None: malformed."""
    values = [None if value == "-" else value for value in fields[:8]]
    if not with_source:
        values[7] = None
    return fixes.fix(*values)
