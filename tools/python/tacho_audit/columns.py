"""The column block (format-spec.md §3): the fixes of one rider, column by column.

`Block(payload, n)` reads the bytes; columns that are predicted are still residuals then. `finish`
takes the blocks of a batch and completes them together.
"""

import numpy as np

from . import predict
from .errors import Malformed, Unknown
from .packed import Cursor

MOST_FIXES = 65_535
TIME_LIMIT = 140_737_488_355_327
NONE, CONSTANT, OFFSET, DELTA, LINEAR, CLOCK, COURSE, TURN = range(8)


class Column:
    """A row of the page's table."""

    def __init__(self, name, low, high, codecs, optional=False):
        self.name, self.low, self.high, self.optional = name, low, high, optional
        self.codecs = {CONSTANT, *codecs} | ({NONE} if optional else set())


COLUMNS = [
    Column("time", -TIME_LIMIT, TIME_LIMIT, [DELTA]),
    Column("lat", -900_000_000, 900_000_000, [LINEAR, DELTA, COURSE]),
    Column("lon", -1_800_000_000, 1_800_000_000, [LINEAR, DELTA, COURSE]),
    Column("speed", 0, 100_000, [OFFSET, DELTA], True),
    Column("heading", 0, 35_999, [OFFSET, DELTA, TURN], True),
    Column("accuracy", 0, 1_000_000, [OFFSET, DELTA], True),
    Column("altitude", -200_000, 1_000_000, [OFFSET, DELTA], True),
    Column("source", 0, 4, [OFFSET]),
    Column("origin", 0, 14, [OFFSET]),
    Column("receiveDelay", -8_796_093_022_208, 8_796_093_022_208, [OFFSET, DELTA, CLOCK]),
    Column("claimedReceipt", -TIME_LIMIT, TIME_LIMIT, [OFFSET, DELTA], True),
    Column("verdict", 0, 65_534, [OFFSET]),
    Column("arrival", 0, 4_294_967_295, [DELTA]),
]
# Columns coded less what is known: their limits hold for what is added up.
LESS_SOMETHING = ("claimedReceipt", "arrival")
BY_NAME = {column.name: column for column in COLUMNS}
MOST_SCALE = 1 << 22
CLAIMED = 2


def _signed(values):
    """u64 as zigzag: 0, −1, 1, −2 …"""
    return ((values >> np.uint64(1)) ^ (np.uint64(0) - (values & np.uint64(1)))).view(np.int64)


def _checked(column, values):
    if len(values) and (values.min() < column.low or values.max() > column.high):
        raise Malformed(f"{column.name} out of its limits")
    return values


class Block:
    """Columns as int64 arrays of n; `present[name]` says which fixes have a field, None: all.

    `dictionary`: (codes, effect, trusted) of each verdict; `verdict` is the place in it.
    """

    def __init__(self, payload, count):
        if not 1 <= count <= MOST_FIXES:
            raise Malformed(f"{count} fixes")
        self.count = count
        self.present = {}
        cursor = Cursor(payload)
        self.time = self._read(cursor, "time")
        self._lat = self._read(cursor, "lat")
        self._lon = self._read(cursor, "lon")
        self.speed = self._read(cursor, "speed")
        self.heading = self._read(cursor, "heading")
        self.accuracy = self._read(cursor, "accuracy")
        self.altitude = self._read(cursor, "altitude")
        self.source = self._read(cursor, "source")
        self.origin = self._read(cursor, "origin")
        self.receipt = self.time + 64 * self._read(cursor, "receiveDelay")
        self.claimed = self._read(cursor, "claimedReceipt")
        self._check_claimed()
        self._read_verdicts(cursor)
        self.arrival = self._read(cursor, "arrival")
        if cursor.at != cursor.end:
            raise Malformed(f"{cursor.end - cursor.at} bytes behind the columns")
        for lane in (self._lat, self._lon):
            if isinstance(lane, predict.Linear):
                lane.prepare(self.time)
            elif isinstance(lane, predict.Course):
                lane.prepare(self.time, predict.filled(self.speed, self.present["speed"]),
                             predict.filled(self.heading, self.present["heading"]))

    @property
    def lanes(self):
        """What is to be predicted."""
        return [lane for lane in (self._lat, self._lon) if not isinstance(lane, np.ndarray)]

    def complete(self):
        """Positions from the lanes, which have run."""
        for name in ("lat", "lon"):
            lane = getattr(self, "_" + name)
            if not isinstance(lane, np.ndarray):
                if getattr(lane, "too_far", False):
                    raise Malformed(f"{name} further than 2^33 units from its base")
                lane = _checked(BY_NAME[name], lane.base + lane.factor * lane.units)
            setattr(self, name, lane)

    def _read(self, cursor, name):
        column = BY_NAME[name]
        codec = cursor.byte()
        has_bitmap, codec = codec >= 0x80, codec & 0x7F
        if codec not in column.codecs or has_bitmap and (not column.optional or codec == NONE):
            raise Unknown(f"{name}: codec {codec}{' with a bitmap' * has_bitmap} is unknown here")
        if codec == NONE:
            self.present[name] = np.zeros(self.count, dtype=bool)
            return np.zeros(self.count, dtype=np.int64)
        present = self._bitmap(cursor, name) if has_bitmap else None
        if column.optional:
            self.present[name] = present
        times = self.time if name != "time" else None
        here = self.count if present is None else int(present.sum())
        if codec == CONSTANT and name not in LESS_SOMETHING:
            value = cursor.zigzag()
            if not column.low <= value <= column.high:
                raise Malformed(f"{name} out of its limits")
            return np.full(self.count, value) if present is None else np.where(present, value, 0)
        values = _values(cursor, codec, column, here, times)
        if not isinstance(values, np.ndarray):
            return values
        if name == "arrival":
            values = values + np.arange(self.count)
        elif name == "claimedReceipt":
            values = values + (times if present is None else times[present])
        _checked(column, values)
        if present is None:
            return values
        spread = np.zeros(self.count, dtype=np.int64)
        spread[present] = values
        return spread

    def _bitmap(self, cursor, name):
        some = np.frombuffer(cursor.take(self.count + 7 >> 3), dtype=np.uint8)
        bits = np.unpackbits(some, bitorder="little").view(bool)
        present = bits[:self.count]
        if bits[self.count:].any() or not present.any() or present.all():
            raise Malformed(f"{name}: a bitmap of none or all, or with bits beyond the fixes")
        return present

    def _check_claimed(self):
        present = self.present["claimedReceipt"]
        claimed = self.origin // 5 == CLAIMED
        if not (claimed.all() if present is None else np.array_equal(present, claimed)):
            raise Malformed("a claimed receipt where none is claimed, or none where one is")

    def _read_verdicts(self, cursor):
        entries = cursor.varint()
        if not 1 <= entries <= self.count:
            raise Malformed(f"a dictionary of {entries} verdicts for {self.count} fixes")
        self.dictionary = []
        for _ in range(entries):
            codes, flags = cursor.varint(), cursor.byte()
            if flags > 7:
                raise Malformed(f"flags {flags} of a verdict")
            self.dictionary.append((codes, flags & 3, bool(flags & 4)))
        self.verdict = np.zeros(self.count, dtype=np.int64)
        if entries > 1:
            self.verdict = self._read(cursor, "verdict")
            if self.verdict.max() >= entries:
                raise Malformed("a verdict that is not in the dictionary")


def _factor(cursor):
    factor = cursor.varint()
    if not 1 <= factor < 1 << 63:
        raise Malformed(f"factor {factor}")
    return np.int64(factor)


def _values(cursor, codec, column, count, times):
    """The values of a column that fixes have, or a lane to be predicted."""
    if codec == CONSTANT:
        return np.full(count, cursor.zigzag(), dtype=np.int64)
    base = np.int64(cursor.zigzag())
    if codec == CLOCK:
        return -((times - base) >> 6) + cursor.packed(count).view(np.int64)
    factor = _factor(cursor)
    if codec == OFFSET:
        return base + factor * cursor.packed(count).view(np.int64)
    if codec == DELTA:
        step = np.int64(cursor.zigzag())
        units = np.zeros(count, dtype=np.int64)
        np.cumsum(_signed(cursor.packed(count - 1)) + step, out=units[1:])
        return base + factor * units
    if codec == TURN:
        return _turned(base, factor * _signed(cursor.packed(count - 1)))
    if codec == LINEAR:
        return predict.Linear(base, factor, _signed(cursor.packed(count - 1)))
    scale, gain = cursor.varint(), cursor.byte()
    if scale > MOST_SCALE or gain > 1:
        raise Malformed(f"{column.name}: scale {scale}, gain {gain}")
    return predict.Course(base, factor, scale, gain, column.name == "lat",
                          _signed(cursor.packed(count - 1)))


def _turned(base, steps):
    """Headings from steps; each may go through 0 once."""
    if not 0 <= base < 36_000 or ((steps > 108_000) | (steps < -108_000)).any():
        raise Malformed("heading out of its limits")
    values = (base + np.concatenate(([0], np.cumsum(steps)))) % 36_000
    raw = values[:-1] + steps
    if len(steps) and (raw.min() < -36_000 or raw.max() >= 72_000):
        raise Malformed("heading out of its limits")
    return values


def finish(blocks, refused=None):
    """Completes blocks together. `refused(block, error)` hears of those that cannot be; without it
    the first of them raises."""
    lanes = [lane for block in blocks for lane in block.lanes]
    predict.run_linear([lane for lane in lanes if isinstance(lane, predict.Linear)])
    predict.run_course([lane for lane in lanes if isinstance(lane, predict.Course)])
    for block in blocks:
        try:
            block.complete()
        except Malformed as error:
            if refused is None:
                raise
            refused(block, error)
