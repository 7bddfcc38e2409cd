"""The index of a segment's blocks (format-spec.md §9.5)."""

import numpy as np

from . import errors, layout


def read(segment):
    """The index as a numpy array of layout.INDEX; raises IndexChecksum or IndexContent."""
    start, end = segment.footer["index_offset"], segment.footer["names_offset"]
    data = segment.section(errors.IndexChecksum, "index", start, end)
    index = np.frombuffer(data, dtype=layout.INDEX)
    sizes = index["stored_bytes"].astype(np.int64)
    fixes = index["kind"] == layout.FIXES
    own = _entries(index, sizes, fixes, segment.header["riders"])
    if not own.all():
        number = int(np.argmin(own))
        place = start + layout.INDEX_BYTES * number
        raise segment.refuse(errors.IndexContent, "its index entry is impossible", place,
                             place + layout.INDEX_BYTES, number)
    for holds, what in _order(index, sizes, fixes):
        if not np.all(holds):
            raise segment.refuse(errors.IndexContent, f"the index cannot be: {what}", start, end)
    if len(np.unique(index["rider"][fixes])) != segment.header["riders"]:
        raise segment.refuse(errors.IndexContent, "riders are missing from the index", start, end)
    if layout.HEADER_BYTES + int(sizes.sum()) != segment.footer["leaves_offset"]:
        raise segment.refuse(errors.IndexContent, "blocks do not end where leaves begin", start,
                             end)
    return index


def _entries(index, sizes, fixes, riders):
    """Which entries are possible, each by itself."""
    rider = index["rider"].astype(np.int64)
    return ((sizes > layout.BLOCK_HEADER_BYTES) & (sizes <= layout.MOST_BLOCK_BYTES)
            & (fixes | (index["kind"] == layout.AMENDMENTS)) & (index["codec"] == index["kind"])
            & (index["count"] >= 1) & (index["count"] <= layout.MOST_IN_BLOCK)
            & (index["reserved"] == 0) & (index["min_ts_ms"] <= index["max_ts_ms"])
            & np.where(fixes, rider < riders, rider == layout.NO_RIDER))


def _order(index, sizes, fixes):
    """(what must hold, what is wrong otherwise) of entries that follow each other."""
    rider = index["rider"].astype(np.int64)
    same = rider[1:] == rider[:-1]
    of_fixes = fixes[1:]  # the fixes come first, so the block before is of fixes too
    starts = layout.HEADER_BYTES + np.concatenate(([0], np.cumsum(sizes)))[:len(index)]
    yield index["offset"] == starts.astype(np.uint64), "blocks do not follow each other"
    yield fixes[:-1] >= fixes[1:], "fixes behind amendments"
    yield rider[:1] == 0 if fixes[:1].any() else True, "riders do not begin with the first"
    yield ~of_fixes | (rider[1:] == rider[:-1] + ~same), "riders do not ascend"
    yield (~(of_fixes & same) | (index["count"][:-1] == layout.MOST_IN_BLOCK),
           "a block before a rider's last is not full")
    yield (~(of_fixes & same) | (index["min_ts_ms"][1:] >= index["max_ts_ms"][:-1]),
           "times of a rider do not ascend")
