"""One segment file (format-spec.md §9): opening checks both ends, leaves, index and names; each block
is checked when it is read."""

import functools
import hashlib
import mmap
import os
import struct

import numpy as np

from . import errors, layout, merkle, names
from .crc32c import crc32c

U64 = (1 << 64) - 1


def open_segment(path):
    """A `Segment` whose structure holds; raises a subclass of AuditError naming file, block, bytes."""
    segment = Segment(path)
    try:
        segment.open_sections()
        segment.check_counts()
        segment.check_times()
        segment.check_interval()
        segment.check_root()
    except errors.AuditError:
        segment.close()
        raise
    return segment


class Segment:
    """A segment by its header; its other sections after `open_sections`.

    `header` and `footer` are dicts by the names of §9, `index` is a numpy array of §9.5, `names`
    the riders. Use it in a `with`, or call `close`. `sha256` and `check_hash` read the whole file.
    """

    def __init__(self, path):
        self.path = os.fspath(path)
        self.file = os.path.basename(self.path)
        self.data = self._map()
        try:
            self._open_header()
        except errors.AuditError:
            self.close()
            raise

    def open_sections(self):
        """Checks and reads footer, leaves, index and names."""
        self._open_footer()
        self._open_leaves()
        self._open_index()
        self.names = names.read(self)
        self._raw_names = [name.encode() for name in self.names]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Lets go of the file. numpy views of it may live on, so the map may stay until they go."""
        self.data = b""

    def __repr__(self):
        head = self.header
        return (f"Segment({self.file}: id {head['segment_id']}, {head['points']} points of "
                f"{head['riders']} riders)")

    # What it says

    @property
    def id(self):
        return self.header["segment_id"]

    @property
    def riders(self):
        """Names of the riders with points, ascending by bytes."""
        return self.names[:self.header["riders"]]

    @functools.cached_property
    def sha256(self):
        """SHA-256 of the whole file in hex, as sha256sum prints it."""
        return hashlib.sha256(self.data).hexdigest()

    # What is checked

    def refuse(self, kind, what, start=None, end=None, block=None):
        return kind(self.file, what, block, start, end)

    def _map(self):
        try:
            with open(self.path, "rb") as file:
                if not os.fstat(file.fileno()).st_size:
                    return b""
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise errors.Unreadable(self.file, getattr(error, "strerror", None) or str(error)) from None

    def _check_reserved(self):
        if self.header["minor"]:  # a later one may use them
            return
        for name in ("reserved_1", "reserved_2", "reserved_3"):
            if any(self.header[name]):
                start = layout.HEADER.fields[name][1]
                raise self.refuse(errors.HeaderReserved, "reserved bytes of the header are not 0",
                                  start, start + len(self.header[name]))

    def _open_header(self):
        size = len(self.data)
        if size < layout.HEADER_BYTES:
            raise self.refuse(errors.CutHeader, f"only {size} bytes, a header has "
                              f"{layout.HEADER_BYTES}", 0, size)
        head = self.header = layout.read(layout.HEADER, self.data)
        if head["magic"] != layout.MAGIC:
            raise self.refuse(errors.NoSegment, "it does not begin with TACHOSEG", 0, 8)
        if head["major"] not in layout.MAJORS:
            end = layout.read(layout.FOOTER, self.data, size - layout.FOOTER_BYTES)
            if end["magic"] == layout.END_MAGIC and end["major"] != head["major"]:
                raise self.refuse(errors.VersionsDiffer, f"it begins as version {head['major']} and "
                                  f"ends as {end['major']}", 8, 12)
            raise self.refuse(errors.UnknownVersion,
                              f"format version {head['major']} is unknown here", 8, 12)
        if crc32c(self.data[:188]) != head["crc32c"]:
            raise self.refuse(errors.HeaderChecksum, "the header's checksum is wrong", 0, 192)
        for name, known in (("block_checksum", 1), ("hash", 1), ("tree", 1), ("encryption", 0)):
            if head[name] != known:
                raise self.refuse(errors.UnknownAlgorithm, f"{name} {head[name]} is unknown here",
                                  12, 16)
        self._check_reserved()
        self._check_header()
        if size < head["file_bytes"]:
            raise self.refuse(errors.Cut, f"the file has {size} of {head['file_bytes']} bytes", size,
                              head["file_bytes"])
        if size > head["file_bytes"]:
            raise self.refuse(errors.TrailingBytes, "bytes follow the footer", head["file_bytes"],
                              size)

    def _check_header(self):
        head = self.header
        first = head["segment_id"] == 1
        wrong = next((what for holds, what in (
            (head["segment_id"] >= 1, "segment 0"),
            (1 <= head["first_sequence"] <= head["last_sequence"] < U64,
             f"sequences {head['first_sequence']}-{head['last_sequence']}"),
            (head["min_recv_ms"] <= head["max_recv_ms"], "receipt times are reversed"),
            (head["min_ts_ms"] <= head["max_ts_ms"], "event times are reversed"),
            (head["points"] or not any(head[name] for name in (
                "min_recv_ms", "max_recv_ms", "min_ts_ms", "max_ts_ms")), "times of no points"),
            (first == (not any(head["previous_sha256"])),
             "a SHA-256 before the first segment, or none before another"),
            (head["riders"] <= head["blocks"], "more riders than blocks"),
            (head["other_riders"] <= head["amendments"], "riders nobody names"),
            (head["file_bytes"] >= layout.HEADER_BYTES + layout.FOOTER_BYTES + 12,
             f"a file of {head['file_bytes']} bytes"),
        ) if not holds), None)
        if wrong:
            raise self.refuse(errors.HeaderContent, wrong, 0, 192)

    def _open_footer(self):
        size = len(self.data)
        start = size - layout.FOOTER_BYTES
        foot = self.footer = layout.read(layout.FOOTER, self.data, start)
        if foot["magic"] != layout.END_MAGIC:
            raise self.refuse(errors.FooterMagic, "it does not end with TACHOEND", size - 8, size)
        if (foot["major"], foot["minor"]) != (self.header["major"], self.header["minor"]):
            raise self.refuse(errors.VersionsDiffer, "its two ends name different versions", start,
                              size)
        if crc32c(self.data[start:start + 112]) != foot["crc32c"]:
            raise self.refuse(errors.FooterChecksum, "the footer's checksum is wrong", start, size)
        if self.header["minor"] == 0 and any(foot["reserved"]):
            raise self.refuse(errors.FooterReserved, "reserved bytes of the footer are not 0", start,
                              size)
        blocks = self.header["blocks"]
        leaves, index, text = (foot[f"{name}_offset"] for name in ("leaves", "index", "names"))
        riders = self.header["riders"] + self.header["other_riders"]
        if (foot["file_bytes"] != size or leaves < layout.HEADER_BYTES
                or index != leaves + layout.LEAF_BYTES * blocks + 4
                or text != index + layout.INDEX_BYTES * blocks + 4
                or start < text + 4 * riders + 4):
            raise self.refuse(errors.FooterContent, "offsets or sizes do not fit", start, size)

    def section(self, kind, name, start, end):
        """The bytes of a section whose last four are the CRC32C of the others."""
        data = self.data[start:end - 4]
        if crc32c(data) != struct.unpack_from("<I", self.data, end - 4)[0]:
            raise self.refuse(kind, f"the checksum of the {name} is wrong", start, end)
        return data

    def _open_leaves(self):
        start, end = self.footer["leaves_offset"], self.footer["index_offset"]
        data = self.section(errors.LeavesChecksum, "leaves", start, end)
        self.leaves = [data[i:i + 32] for i in range(0, len(data), 32)]

    def check_root(self):
        """That the leaves make the root of the footer."""
        if merkle.tree_head(self.leaves) != self.footer["root"]:
            raise self.refuse(errors.Root, "the leaves do not make the root of the footer")

    def _open_index(self):
        start, end = self.footer["index_offset"], self.footer["names_offset"]
        data = self.section(errors.IndexChecksum, "index", start, end)
        index = self.index = np.frombuffer(data, dtype=layout.INDEX)
        sizes, offsets = index["stored_bytes"].astype(np.int64), index["offset"].astype(np.int64)
        ends = layout.HEADER_BYTES + np.cumsum(sizes)
        fixes = index["kind"] == layout.FIXES
        rider = index["rider"].astype(np.int64)
        same = rider[1:] == rider[:-1]
        of_fixes = fixes[1:]  # the fixes come first, so the block before is of fixes too
        low, high = index["min_ts_ms"], index["max_ts_ms"]
        own = ((sizes > layout.BLOCK_HEADER_BYTES) & (sizes <= layout.MOST_BLOCK_BYTES)
               & (fixes | (index["kind"] == layout.AMENDMENTS)) & (index["codec"] == index["kind"])
               & (index["count"] >= 1) & (index["count"] <= layout.MOST_IN_BLOCK)
               & (index["reserved"] == 0) & (low <= high)
               & np.where(fixes, rider < self.header["riders"], rider == layout.NO_RIDER))
        if not own.all():
            number = int(np.argmin(own))
            place = start + layout.INDEX_BYTES * number
            raise self.refuse(errors.IndexContent, "its index entry is impossible", place,
                              place + layout.INDEX_BYTES, number)
        for holds, what in (
            (offsets == np.concatenate(([layout.HEADER_BYTES], ends[:-1]))[:len(index)],
             "blocks do not follow each other"),
            (fixes[:-1] >= fixes[1:], "fixes behind amendments"),
            (~of_fixes | (rider[1:] == rider[:-1] + ~same), "riders do not ascend"),
            (rider[:1] == 0 if fixes[:1].any() else True, "riders do not begin with the first"),
            (~(of_fixes & same) | (index["count"][:-1] == layout.MOST_IN_BLOCK),
             "a block before a rider's last is not full"),
            (~(of_fixes & same) | (low[1:] >= high[:-1]), "times of a rider do not ascend"),
        ):
            if not np.all(holds):
                raise self.refuse(errors.IndexContent, f"the index cannot be: {what}", start, end)
        if (int(ends[-1]) if len(ends) else layout.HEADER_BYTES) != self.footer["leaves_offset"]:
            raise self.refuse(errors.IndexContent, "blocks do not end where leaves begin", start, end)

    def check_counts(self):
        """That the index counts as the header does."""
        head, index = self.header, self.index
        fixes = index[index["kind"] == layout.FIXES]
        counted = (int(fixes["count"].sum()), int(index["count"].sum()) - int(fixes["count"].sum()),
                   len(np.unique(fixes["rider"])))
        if counted != (head["points"], head["amendments"], head["riders"]):
            raise self.refuse(errors.Counts, "the blocks do not count what the header does")

    def check_interval(self):
        """That every number of the interval is a point or lost."""
        head = self.header
        numbers = head["last_sequence"] - head["first_sequence"] + 1
        if numbers != head["points"] + head["lost_points"]:
            raise self.refuse(
                errors.SequenceGap, f"the sequence interval {head['first_sequence']}-"
                f"{head['last_sequence']} has {numbers} numbers, but {head['points']} points and "
                f"{head['lost_points']} accepted lost ones")

    def check_times(self):
        """That the header's event times are those of the index, which a deep check confirms."""
        fixes = self.index[self.index["kind"] == layout.FIXES]
        low, high = (int(fixes["min_ts_ms"].min()), int(fixes["max_ts_ms"].max())) if len(
            fixes) else (0, 0)
        if (low, high) != (self.header["min_ts_ms"], self.header["max_ts_ms"]):
            raise self.refuse(errors.Counts, "event times of the blocks are not those of the header",
                              0, layout.HEADER_BYTES)

    def payload(self, number):
        """The payload of a block, after its checks: header, length, checksum, index, leaf."""
        row = self.index[number]
        start, size = int(row["offset"]), int(row["stored_bytes"])
        stored = self.data[start:start + size]
        places = {"start": start, "end": start + size, "block": number}
        head = layout.read(layout.BLOCK, stored)
        if head["magic"] != layout.BLOCK_MAGIC:
            raise self.refuse(errors.BlockHeader, "no block starts here", start, start + 24, number)
        if (any(head["reserved"]) or head["kind"] not in (layout.FIXES, layout.AMENDMENTS)
                or head["codec"] != head["kind"] or not 1 <= head["count"] <= layout.MOST_IN_BLOCK
                or head["payload_bytes"] != size - layout.BLOCK_HEADER_BYTES):
            raise self.refuse(errors.BlockHeader, "kind, codec, count or length is impossible", start,
                              start + 24, number)
        location = struct.pack("<QIQ", self.id, number, start)
        if crc32c(location, stored[:20], stored[24:]) != head["crc32c"]:
            raise self.refuse(errors.BlockChecksum, "the checksum, which binds content and place, is "
                              "wrong", **places)
        if any(head[name] != int(row[name]) for name in ("kind", "codec", "count", "rider")):
            raise self.refuse(errors.BlockIndex, "it is not what the index says", **places)
        if merkle.leaf_hash(stored, self._bound_names(number, stored)) != self.leaves[number]:
            raise self.refuse(errors.BlockLeaf, "it is not the block of its leaf", **places)
        return stored[layout.BLOCK_HEADER_BYTES:]

    def _bound_names(self, number, stored):
        if self.header["major"] == 0:
            return b""
        try:
            return merkle.bound_names(stored, self._raw_names)
        except (IndexError, struct.error):
            raise self.content_error(number, "a record names no rider, or does not fill it",
                                     errors.Amendment) from None

    def content_error(self, number, what, kind):
        """A refusal of a block's content."""
        row = self.index[number]
        start = int(row["offset"])
        return self.refuse(kind, str(what), start, start + int(row["stored_bytes"]),
                           number)

    def check_hash(self):
        """The SHA-256 in the footer: of all bytes before it."""
        end = self.footer["file_bytes"] - layout.FOOTER_BYTES + layout.FOOTER.fields["sha256"][1]
        if hashlib.sha256(memoryview(self.data)[:end]).digest() != self.footer["sha256"]:
            raise self.refuse(errors.FileHash, "the SHA-256 of the footer is not that of the file", 0,
                              end)
