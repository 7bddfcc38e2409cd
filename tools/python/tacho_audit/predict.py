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


def _matrix(lanes, rows, what):
    """rows × lanes: what each lane has, below it zeros."""
    matrix = np.zeros((rows, len(lanes)), dtype=np.int64)
    for place, lane in enumerate(lanes):
        values = what(lane)
        matrix[:len(values), place] = values
    return matrix


def _running(lanes, rows):
    """How many lanes have a step i, for each i."""
    lengths = np.array([len(lane.steps) for lane in lanes])
    return (len(lanes) - np.searchsorted(lengths[::-1], np.arange(rows), side="right")).tolist()


def _give(lanes, units):
    for place, lane in enumerate(lanes):
        lane.units = np.concatenate(([0], units[:len(lane.steps), place]))


def run_linear(lanes):
    """Sets `units` (q of the page) of each lane, and `too_far` if one is beyond 2^33."""
    lanes = sorted(lanes, key=lambda lane: -len(lane.steps))
    rows = len(lanes[0].steps) if lanes else 0
    steps = _matrix(lanes, rows, lambda lane: lane.steps)
    times_what = _matrix(lanes, rows, lambda lane: lane.times_what)
    by = _matrix(lanes, rows, lambda lane: lane.by)
    units = np.zeros_like(steps)
    last, before = np.zeros(len(lanes), dtype=np.int64), np.zeros(len(lanes), dtype=np.int64)
    too_far = np.zeros(len(lanes), dtype=bool)
    for i, running in enumerate(_running(lanes, rows)):
        last, before = last[:running], before[:running]
        product = (last - before) * times_what[i, :running]
        moved = np.abs(product) // by[i, :running]  # / rounds toward zero
        now = last + np.where(product < 0, -moved, moved) + steps[i, :running]
        beyond = (now > MOST_UNITS) | (now < -MOST_UNITS)
        if beyond.any():
            too_far[:running] |= beyond
            now[beyond] = 0
        units[i, :running] = now
        last, before = now, last
    _give(lanes, units)
    for place, lane in enumerate(lanes):
        lane.too_far = bool(too_far[place])


def run_course(lanes):
    """Sets `units` of each lane."""
    for gain in (0, 1):
        _run_course(gain, sorted((lane for lane in lanes if lane.gain == gain),
                                 key=lambda lane: -len(lane.steps)))


def _run_course(gain, lanes):
    rows = len(lanes[0].steps) if lanes else 0
    steps = _matrix(lanes, rows, lambda lane: lane.steps)
    moves = _matrix(lanes, rows, lambda lane: lane.moves) * 16
    units = np.zeros_like(steps)
    place = np.zeros(len(lanes), dtype=np.int64)
    bias = np.zeros(len(lanes), dtype=np.int64)
    for i, running in enumerate(_running(lanes, rows)):
        about = place[:running] + moves[i, :running] + bias[:running]
        now = (about >> 4) + steps[i, :running]
        error = 16 * now - about
        units[i, :running] = now
        if gain == 0:
            place, bias = 16 * now, bias[:running] + error
        else:
            place, bias = about + (3 * error >> 2), bias[:running] + (error >> 2)
    _give(lanes, units)
