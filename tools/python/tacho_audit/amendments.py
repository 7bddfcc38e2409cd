"""Blocks of amendments (format-spec.md §9.3): later verdicts and accepted losses."""

import numpy as np

from . import errors, layout
from .columns import TIME_LIMIT

EFFECT_MOST, TRUSTED = 3, 1


def records(segment, number):
    """The records of block `number` as a numpy array of layout.RECORD, checked one by one."""
    payload = segment.payload(number)
    row = segment.index[number]
    if len(payload) != int(row["count"]) * layout.RECORD_BYTES:
        raise segment.content_error(number, "its records do not fill it", errors.Amendment)
    found = np.frombuffer(payload, dtype=layout.RECORD)
    amended, loss = found["kind"] == layout.AMENDED, found["kind"] == layout.LOSS
    named = len(segment.names)
    of_fixes = np.isin(found["cause"], layout.CAUSES[layout.AMENDED]) & (found["rider"] < named) & (
        found["first_sequence"] == found["last_sequence"])
    lost = np.isin(found["cause"], layout.CAUSES[layout.LOSS]) & (
        found["rider"] == layout.NO_RIDER) & (found["first_sequence"] <= found["last_sequence"])
    for name in ("effect", "flags", "ordinal", "ts_ms", "codes"):
        lost &= found[name] == 0
    good = ((amended & of_fixes) | (loss & lost)) & (found["effect"] <= EFFECT_MOST) & (
        found["flags"] <= TRUSTED) & (found["reserved"] == 0) & (
        found["ts_ms"] >= -TIME_LIMIT) & (found["ts_ms"] <= TIME_LIMIT) & (
        found["first_sequence"] >= segment.header["first_sequence"]) & (
        found["last_sequence"] <= segment.header["last_sequence"])
    if not good.all():
        raise segment.content_error(number, f"record {int(np.argmin(good))} is not possible",
                                    errors.Amendment)
    first = found["first_sequence"]
    if (first[1:] < first[:-1]).any():
        raise segment.content_error(number, "its records do not ascend", errors.Amendment)
    times = found["ts_ms"][amended]
    bounds = (int(times.min()), int(times.max())) if len(times) else (0, 0)
    if bounds != (int(row["min_ts_ms"]), int(row["max_ts_ms"])):
        raise segment.content_error(number, "its times are not those of its index entry",
                                    errors.BlockOrder)
    return found


class Order:
    """What holds over all records of a segment; fed block by block, asked at the end."""

    def __init__(self, segment):
        self.segment = segment
        self.last_key = None
        self.last_lost = 0
        self.lost_points = 0
        self.next_other = segment.header["riders"]

    def add(self, number, found):
        """Raises if records do not ascend, losses overlap, or riders are named out of turn."""
        names = self.segment.names
        for record in found.tolist():
            kind, _, _, _, ordinal, _, rider, _, first, last, ts_ms, _ = record
            if kind == layout.LOSS:
                key = (first, b"", 0, -1)
                if first <= self.last_lost:
                    raise self._refusal(number, "losses overlap")
                self.last_lost = last
                self.lost_points += last - first + 1
            else:
                key = (first, names[rider].encode(), ts_ms, ordinal)
                if rider > self.next_other:
                    raise self._refusal(number, "riders without points are not in the order of "
                                        "their amendments")
                self.next_other += rider == self.next_other
            if self.last_key is not None and key < self.last_key:
                raise self._refusal(number, "records do not ascend")
            self.last_key = key

    def _refusal(self, number, what):
        return self.segment.content_error(number, what, errors.Amendment)


class Targets:
    """That each amendment names a fix of its own or an earlier segment. `of` all segments' records
    comes first; then segments are fed in order, each with all its fixes."""

    def __init__(self):
        self.seen = {}

    def of(self, segment, found):
        """Notes which fixes are amended at all, so that only those are counted."""
        for record in found[found["kind"] == layout.AMENDED].tolist():
            self.seen.setdefault(segment.names[record[6]], {}).setdefault(record[10], 0)

    def add(self, rider, times):
        """Counts a block's fixes at amended times."""
        amended = self.seen.get(rider)
        if amended:
            here = np.isin(times, np.fromiter(amended, dtype=np.int64))
            for ts_ms in times[here].tolist():
                amended[ts_ms] += 1

    def check(self, segment, found):
        """Yields refusals of amendments that name no fix so far."""
        for record in found[found["kind"] == layout.AMENDED].tolist():
            ordinal, rider, ts_ms = record[4], segment.names[record[6]], record[10]
            if ordinal >= self.seen[rider][ts_ms]:
                yield segment.refuse(errors.AmendmentTarget, f"it amends fix {ordinal} of rider "
                                     f"{rider} at {ts_ms} ms, which is in no segment so far")
