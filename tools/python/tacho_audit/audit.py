"""A directory of segments as one history: fixes of riders and times, with the verdicts of all
amendments."""

import os

import numpy as np
import pyarrow as pa

from . import amendments, directory, fixes, geoparquet, layout
from .rows import OPTIONAL, SCHEMA, Rows
from .segment import Segment
from .verdicts import Verdicts


def open_audit(path):
    """An `Audit`. Opens all segments and checks headers, ids, intervals and partition. What a
    question needs is checked when it is asked: index, names, leaves and root of each segment, and
    every block before it is decoded. SHA-256 of whole files are for `verify`."""
    return Audit(path)


class Audit:
    """Segments of a directory, ascending, of which headers are kept; one at a time is open. Use it
    in a `with`, or call `close`."""

    def __init__(self, path):
        self.path = os.fspath(path)
        self.segments = []
        self._verdicts = Verdicts()
        self._amended = None
        chain, last = directory.Chain(), 0
        try:
            for number, name in directory.files(path):
                gap = directory.missing(number, last)
                if gap:
                    raise gap
                last = number
                self.segments.append(Segment(name))
                self.segments[-1].close()
                for refused in chain.check(number, self.segments[-1], with_hash=False):
                    raise refused
                chain.follow(self.segments[-1])
        except Exception:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for segment in self.segments:
            segment.close()

    @property
    def riders(self):
        """Names of all riders with points, ascending by bytes."""
        found = set()
        for segment in self._opened():
            found.update(segment.riders)
        return sorted(found, key=str.encode)

    def _opened(self):
        """Each segment with its sections, in turn."""
        for segment in self.segments:
            segment.open_sections()
            segment.check_whole()
            yield segment
            segment.drop_sections()

    def blocks(self, riders=None, start_ms=None, end_ms=None):
        """(segment, number) of the blocks of fixes that may have some of these riders and of these
        event times, in order of the files."""
        wanted = None if riders is None else set(riders)
        for segment in self._opened():
            index = segment.index
            mask = index["kind"] == layout.FIXES
            if wanted is not None:
                numbers = [n for n, name in enumerate(segment.riders) if name in wanted]
                mask &= np.isin(index["rider"], numbers)
            if start_ms is not None:
                mask &= index["max_ts_ms"] >= start_ms
            if end_ms is not None:
                mask &= index["min_ts_ms"] <= end_ms
            for number in np.flatnonzero(mask).tolist():
                yield segment, number

    def rows(self, riders=None, start_ms=None, end_ms=None, recv_start_ms=None, recv_end_ms=None):
        """Fixes as `Rows`, a bounded number at a time, by segment, block and index. Times are
        inclusive; of event and receipt times both must hold."""
        amended = self._amendments()
        seen = {}
        for some in fixes.batches(self.blocks(riders, start_ms, end_ms)):
            rows = self._rows(some, amended, seen)
            mask = np.ones(len(rows), dtype=bool)
            for name, low, high in (("ts_ms", start_ms, end_ms),
                                    ("recv_ms", recv_start_ms, recv_end_ms)):
                if low is not None:
                    mask &= rows.values[name] >= low
                if high is not None:
                    mask &= rows.values[name] <= high
            if mask.any():
                yield rows.where(mask)

    def tables(self, **filters):
        """The same as pyarrow tables."""
        for rows in self.rows(**filters):
            yield rows.table()

    def fixes(self, **filters):
        """All of them as one pyarrow table. Filters: those of `rows`."""
        found = list(self.tables(**filters))
        return pa.concat_tables(found).unify_dictionaries() if found else SCHEMA.empty_table()

    def to_pandas(self, **filters):
        """All of them as a pandas DataFrame (pandas is not needed for anything else)."""
        return self.fixes(**filters).to_pandas()

    def to_parquet(self, path, progress=None, **filters):
        """Writes them as GeoParquet 1.1; the number of rows. `progress(rows)` hears of it."""
        return geoparquet.write(path, self.tables(**filters), progress=progress)

    def roots(self, rider, start_ms, end_ms):
        """{segment id: root} of the segments that hold a fix of the rider, or an amendment of one,
        with a time in these bounds: what a digest of a distance names (format-spec.md §19)."""
        known, found = {}, set()

        def noted():
            for segment, number in self.blocks([rider], start_ms, end_ms):
                known[segment.id] = segment.footer["root"]
                yield segment, number

        for some in fixes.batches(noted()):
            found.update(one.segment_id for one in some if (
                (one.block.time >= start_ms) & (one.block.time <= end_ms)).any())
        for segment in self._opened():
            if rider not in segment.names:
                continue
            own = segment.names.index(rider)
            for number in segment.numbers(layout.AMENDMENTS):
                some = amendments.records(segment, number)
                if ((some["kind"] == layout.AMENDED) & (some["rider"] == own)
                        & (some["ts_ms"] >= start_ms) & (some["ts_ms"] <= end_ms)).any():
                    known[segment.id] = segment.footer["root"]
                    found.add(segment.id)
        return {number: known[number] for number in sorted(found)}

    def _amendments(self):
        """{rider: {ts_ms: {ordinal: [(segment id, verdict), …]}}}, ascending by segment."""
        if self._amended is not None:
            return self._amended
        amended = {}
        for segment in self._opened():
            for number in segment.numbers(layout.AMENDMENTS):
                for record in amendments.records(segment, number).tolist():
                    kind, _, effect, _, ordinal, _, rider, _, _, _, ts_ms, codes = record
                    if kind == layout.AMENDED:
                        verdict = self._verdicts.number(codes, effect)
                        of_rider = amended.setdefault(segment.names[rider], {})
                        of_rider.setdefault(ts_ms, {}).setdefault(ordinal, []).append(
                            (segment.id, verdict))
        self._amended = amended
        return amended

    def _rows(self, some, amended, seen):
        """Rows of a batch. `seen`: how many fixes of an amended (rider, time) there were so far."""
        parts = [one.block for one in some]
        lengths = [block.count for block in parts]

        def joined(name):
            return np.concatenate([getattr(block, name) for block in parts])

        def spread(numbers):
            return np.repeat(np.array(numbers, dtype=np.int64), lengths)

        riders, numbers = [], {}
        of_block = []
        for one in some:
            if one.rider not in numbers:
                numbers[one.rider] = len(riders)
                riders.append(one.rider)
            of_block.append(numbers[one.rider])
        values = {"ts_ms": joined("time"), "lat_e7": joined("lat"), "lon_e7": joined("lon"),
                  "recv_ms": joined("receipt"), "claimed_recv_ms": joined("claimed"),
                  "source": joined("source"), "rider": spread(of_block),
                  "segment": spread([one.segment_id for one in some]),
                  "block": spread([one.number for one in some]),
                  "index": np.concatenate([np.arange(n) for n in lengths])}
        present = {"claimed_recv_ms": _present(parts, "claimedReceipt")}
        for name, (attribute, _) in OPTIONAL.items():
            values[name] = joined(attribute)
            present[name] = _present(parts, attribute)
        at_seal = np.concatenate([self._verdict_numbers(block) for block in parts])
        now = at_seal.copy()
        start = 0
        for one in some:
            times = amended.get(one.rider)
            end = start + one.block.count
            if times:
                self._amend(one, times, seen, at_seal[start:end], now[start:end])
            start = end
        values["verdict_at_seal"], values["verdict"] = at_seal, now
        return Rows(values, present, riders, self._verdicts.texts)

    def _verdict_numbers(self, block):
        known = np.array([self._verdicts.number(codes, effect)
                          for codes, effect, _ in block.dictionary])
        return known[block.verdict]

    @staticmethod
    def _amend(one, times, seen, at_seal, now):
        """Applies a rider's amendments to the verdicts of a block."""
        places = np.flatnonzero(np.isin(one.block.time, np.fromiter(times, dtype=np.int64)))
        for place in places.tolist():
            ts_ms = int(one.block.time[place])
            ordinal = seen.get((one.rider, ts_ms), 0)
            seen[one.rider, ts_ms] = ordinal + 1
            for of_segment, verdict in times[ts_ms].get(ordinal, ()):
                if of_segment == one.segment_id:
                    at_seal[place] = verdict
                now[place] = verdict


def _present(parts, name):
    return np.concatenate([np.ones(block.count, dtype=bool) if block.present[name] is None
                           else block.present[name] for block in parts])
