"""Blocks of fixes: what holds beyond the columns (format-spec.md §9.2)."""

import numpy as np

from . import columns
from .errors import AuditError, BlockColumns, BlockOrder, Malformed, Unknown, UnknownCodec

# Fixes that are completed together: enough that one step of all pays, little memory.
BATCH_FIXES = 1 << 18


class Fixes:
    """A decoded block and where it is from; stays good when its segment lets go of its sections."""

    def __init__(self, segment, number):
        row = segment.index[number]
        self.segment_id, self.number = segment.id, number
        self.rider = segment.names[int(row["rider"])]
        self.bounds = int(row["min_ts_ms"]), int(row["max_ts_ms"])
        self._refuse = segment.refuse
        self._start, self._end = int(row["offset"]), int(row["offset"]) + int(row["stored_bytes"])
        payload = segment.payload(number)
        try:
            self.block = columns.Block(payload, int(row["count"]))
        except Malformed as error:
            raise self.refusal(error) from None

    def refusal(self, what, kind=None):
        """An error of this block; of what the columns say without `kind`."""
        if kind is None:
            kind = UnknownCodec if isinstance(what, Unknown) else BlockColumns
        return self._refuse(kind, str(what), self._start, self._end, self.number)

    def check_order(self):
        """Order and bounds within the block."""
        block = self.block
        later = np.diff(block.time)
        if (later < 0).any() or (np.diff(block.arrival)[later == 0] <= 0).any():
            raise self.refusal("fixes are not in order of time and arrival", BlockOrder)
        if (int(block.time[0]), int(block.time[-1])) != self.bounds:
            raise self.refusal("its times are not those of its index entry", BlockOrder)


def batches(wanted, refused=None):
    """Decodes blocks, many together. `wanted`: (segment, number) in any order; yields lists of
    Fixes. `refused(error)` hears of what cannot be read, which is then left out; without it the
    first raises."""
    some, count = [], 0
    for segment, number in wanted:
        try:
            some.append(Fixes(segment, number))
        except AuditError as error:
            if refused is None:
                raise
            refused(error)
            continue
        count += some[-1].block.count
        if count >= BATCH_FIXES:
            yield _finished(some, refused)
            some, count = [], 0
    if some:
        yield _finished(some, refused)


def _finished(some, refused):
    bad = {}
    columns.finish([one.block for one in some],
                   lambda block, error: bad.setdefault(id(block), error))
    good = []
    for one in some:
        try:
            if id(one.block) in bad:
                raise one.refusal(bad[id(one.block)])
            one.check_order()
            good.append(one)
        except AuditError as error:
            if refused is None:
                raise
            refused(error)
    return good


class Arrivals:
    """What holds over all blocks of a segment, fed in order: a rider's fixes ascend from block to
    block, and its arrivals are 0…n−1, once each. Receipt times are gathered for the header."""

    def __init__(self):
        self.before = None
        self.arrivals = []
        self.receipt = None

    def add(self, one):
        block = one.block
        if self.before is None or one.rider != self.before.rider:
            self.end()
        elif (block.time[0], block.arrival[0]) <= (self.before.block.time[-1],
                                                   self.before.block.arrival[-1]):
            raise one.refusal("fixes are not in order of time and arrival", BlockOrder)
        self.before = one
        self.arrivals.append(block.arrival)
        low, high = int(block.receipt.min()), int(block.receipt.max())
        if self.receipt is not None:
            low, high = min(low, self.receipt[0]), max(high, self.receipt[1])
        self.receipt = low, high

    def end(self):
        """After a rider's last block, and at the end."""
        arrivals, self.arrivals = self.arrivals, []
        if arrivals:
            seen = np.sort(np.concatenate(arrivals))
            if not np.array_equal(seen, np.arange(len(seen))):
                raise self.before.refusal(
                    f"arrivals of the rider are not 0 to {len(seen) - 1}, once each", BlockOrder)
