"""Blocks of fixes: what holds beyond the columns (format-spec.md §9.2)."""

import numpy as np

from . import columns
from .errors import AuditError, BlockColumns, BlockOrder, Malformed, Unknown, UnknownCodec

# Fixes that are completed together: enough that one step of all pays, little memory.
BATCH_FIXES = 1 << 18


def batches(wanted, refused=None):
    """Decodes blocks, many together. `wanted`: (segment, number) in any order; yields lists of
    (segment, number, columns.Block). `refused(error)` hears of what cannot be read, which is then
    left out; without it the first raises."""
    some, fixes = [], 0
    for segment, number in wanted:
        try:
            block = _read(segment, number)
        except AuditError as error:
            if refused is None:
                raise
            refused(error)
            continue
        some.append((segment, number, block))
        fixes += block.count
        if fixes >= BATCH_FIXES:
            yield _finished(some, refused)
            some, fixes = [], 0
    if some:
        yield _finished(some, refused)


def _read(segment, number):
    payload = segment.payload(number)
    try:
        return columns.Block(payload, int(segment.index[number]["count"]))
    except Malformed as error:
        raise _columns(segment, number, error) from None


def _columns(segment, number, error):
    kind = UnknownCodec if isinstance(error, Unknown) else BlockColumns
    return segment.content_error(number, error, kind)


def _finished(some, refused):
    bad = {}
    columns.finish([block for _, _, block in some],
                   lambda block, error: bad.setdefault(id(block), error))
    good = []
    for segment, number, block in some:
        try:
            if id(block) in bad:
                raise bad[id(block)]
            wrong = _out_of_order(segment.index[number], block)
            if wrong:
                raise segment.content_error(number, wrong, BlockOrder)
            good.append((segment, number, block))
        except (Malformed, AuditError) as error:
            if isinstance(error, Malformed):
                error = _columns(segment, number, error)
            if refused is None:
                raise error from None
            refused(error)
    return good


def _out_of_order(row, block):
    """What is wrong with order and bounds within the block, if anything."""
    later = np.diff(block.time)
    if (later < 0).any() or (np.diff(block.arrival)[later == 0] <= 0).any():
        return "fixes are not in order of time and arrival"
    if (block.time[0], block.time[-1]) != (row["min_ts_ms"], row["max_ts_ms"]):
        return "its times are not those of its index entry"
    return None


class Arrivals:
    """What holds over all blocks of a segment, fed in order: a rider's fixes ascend from block to
    block, and its arrivals are 0…n−1, once each. Receipt times are gathered for the header."""

    def __init__(self, segment):
        self.segment = segment
        self.rider = None
        self.arrivals = []
        self.last = None
        self.first_block = self.last_block = 0
        self.receipt = None

    def add(self, number, block):
        rider = int(self.segment.index[number]["rider"])
        if rider != self.rider:
            self.end()
            self.rider, self.first_block = rider, number
        elif (int(block.time[0]), int(block.arrival[0])) <= self.last:
            raise self.segment.content_error(number, "fixes are not in order of time and arrival",
                                             BlockOrder)
        self.last = int(block.time[-1]), int(block.arrival[-1])
        self.last_block = number
        self.arrivals.append(block.arrival)
        low, high = int(block.receipt.min()), int(block.receipt.max())
        if self.receipt is not None:
            low, high = min(low, self.receipt[0]), max(high, self.receipt[1])
        self.receipt = low, high

    def end(self):
        """After a rider's last block, and at the end."""
        arrivals, self.arrivals = self.arrivals, []
        if arrivals:
            count = sum(map(len, arrivals))
            seen = np.sort(np.concatenate(arrivals))
            if not np.array_equal(seen, np.arange(count)):
                raise self.segment.content_error(
                    self.last_block, f"arrivals of the rider are not 0 to {count - 1}, once each",
                    BlockOrder)
