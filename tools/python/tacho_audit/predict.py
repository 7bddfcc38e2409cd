"""Columns whose values are predicted from those before (format-spec.md §3: linear, course).

Each value needs the one before it, so a block alone would be a loop in Python; here one step of all
blocks at hand is taken together. A *lane* is one column of one block; lanes are sorted by length,
so that those still running are always the first ones.
"""

import math

import numpy as np

MOST_STEP_MS = 1 << 20
MOST_UNITS = 1 << 33
# S(x) of the page: x quarter degrees, scaled by 2^14.
_SINE = np.array([round(math.sin(math.radians(x * 0.25)) * 16384) for x in range(1440 + 361)],
                 dtype=np.int64)


class Linear:
    """A lane of codec 4. `steps` are the residuals as signed numbers, one less than the times."""

    def __init__(self, base, factor, steps):
        self.base, self.factor, self.steps = base, factor, steps

    def prepare(self, times):
        before, now = np.diff(times)[:-1], np.diff(times)[1:]
        fits = (before > 0) & (before <= MOST_STEP_MS) & (now > 0)
        # The first prediction is the value before: nothing times nothing, by one.
        self.times_what = np.zeros(len(self.steps), dtype=np.int64)
        self.by = np.ones(len(self.steps), dtype=np.int64)
        self.times_what[1:] = np.where(fits, np.minimum(now, 4 * before), 0)
        self.by[1:] = np.where(fits, before, 1)


class Course:
    """A lane of codec 6."""

    def __init__(self, base, factor, scale, gain, is_lat, steps):
        self.base, self.factor, self.scale, self.gain = base, factor, scale, gain
        self.is_lat, self.steps = is_lat, steps

    def prepare(self, times, speeds, headings):
        """`speeds` and `headings` of all fixes, those absent filled from the fix before."""
        apart = np.diff(times)
        apart[(apart < 0) | (apart > MOST_STEP_MS)] = 0
        towards = _SINE[(headings[1:] + 12) // 25 + (360 if self.is_lat else 0)]
        self.moves = ((speeds[1:] * apart * towards) >> 14) * self.scale >> 24


def filled(values, present):
    """Values with each absent one that of the fix before, 0 if none was."""
    if present is None:
        return values
    last = np.maximum.accumulate(np.where(present, np.arange(len(values)), -1))
    return np.where(last < 0, 0, values[np.maximum(last, 0)])


class _Together:
    """Steps of lanes in the order in which they are taken: all first ones, all second ones …, each
    time in the order of the lanes, longest first. So step i of all that have one is a slice."""

    def __init__(self, lanes):
        self.lanes = sorted(lanes, key=lambda lane: -len(lane.steps))
        lengths = np.array([len(lane.steps) for lane in self.lanes], dtype=np.int64)
        self.starts = np.concatenate(([0], np.cumsum(lengths)))
        self.total = int(self.starts[-1])
        rows = int(lengths[0]) if len(lengths) else 0
        # How many lanes have a step i.
        running = len(lengths) - np.searchsorted(lengths[::-1], np.arange(rows), side="right")
        offsets = np.concatenate(([0], np.cumsum(running)))
        self.slices = list(zip(offsets[:-1].tolist(), offsets[1:].tolist()))
        step = np.arange(self.total) - np.repeat(self.starts[:-1], lengths)
        self.places = offsets[step] + np.repeat(np.arange(len(lengths)), lengths)

    def taken(self, what):
        """What each lane has for its steps, in that order."""
        values = np.empty(self.total, dtype=np.int64)
        if self.total:
            values[self.places] = np.concatenate([what(lane) for lane in self.lanes])
        return values

    def give(self, units):
        """Sets `units` of each lane: 0, then those of its steps."""
        by_lane = units[self.places]
        for number, lane in enumerate(self.lanes):
            some = by_lane[self.starts[number]:self.starts[number + 1]]
            lane.units = np.concatenate(([0], some))


def run_linear(lanes):
    """Sets `units` (q of the page) of each lane, and `too_far` if one is beyond 2^33."""
    together = _Together(lanes)
    steps = together.taken(lambda lane: lane.steps)
    times_what = together.taken(lambda lane: lane.times_what)
    by = together.taken(lambda lane: lane.by)
    units = np.zeros_like(steps)
    last = before = np.zeros(len(lanes), dtype=np.int64)
    too_far = np.zeros(len(lanes), dtype=bool)
    for start, end in together.slices:
        last, before = last[:end - start], before[:end - start]
        product = (last - before) * times_what[start:end]
        moved = np.abs(product) // by[start:end]  # / rounds toward zero
        now = last + np.where(product < 0, -moved, moved) + steps[start:end]
        beyond = (now > MOST_UNITS) | (now < -MOST_UNITS)
        if beyond.any():
            too_far[:end - start] |= beyond
            now[beyond] = 0
        units[start:end] = now
        last, before = now, last
    together.give(units)
    for number, lane in enumerate(together.lanes):
        lane.too_far = bool(too_far[number])


def run_course(lanes):
    """Sets `units` of each lane."""
    for gain in (0, 1):
        _run_course(gain, [lane for lane in lanes if lane.gain == gain])


def _run_course(gain, lanes):
    together = _Together(lanes)
    steps = together.taken(lambda lane: lane.steps)
    moves = together.taken(lambda lane: lane.moves) * 16
    units = np.zeros_like(steps)
    place = bias = np.zeros(len(lanes), dtype=np.int64)
    for start, end in together.slices:
        place, bias = place[:end - start], bias[:end - start]
        about = place + moves[start:end] + bias
        now = (about >> 4) + steps[start:end]
        error = 16 * now - about
        units[start:end] = now
        if gain == 0:
            place, bias = 16 * now, bias + error
        else:
            place, bias = about + (3 * error >> 2), bias + (error >> 2)
    together.give(units)
