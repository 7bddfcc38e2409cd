"""One segment file (format-spec.md §9): both ends first, then leaves, index and names; each block
is checked when it is read."""

import functools
import hashlib
import os
import struct

import numpy as np

from . import ends, errors, index, layout, merkle, names
from .crc32c import crc32c

HASHED_BYTES = 1 << 20


def open_segment(path):
    """A `Segment` whose structure holds; raises a subclass of AuditError."""
    segment = Segment(path)
    try:
        segment.open_sections()
        segment.check_whole()
    except errors.AuditError:
        segment.close()
        raise
    return segment


class Segment:
    """A segment by its header; its other sections after `open_sections`.

    `header` and `footer` are dicts by the names of §9, `index` is a numpy array of §9.5, `names`
    the riders. Use it in a `with`, or call `close`; what is read later opens the file again.
    `sha256` and `check_hash` read the whole file.
    """

    def __init__(self, path):
        self.path = os.fspath(path)
        self.file = os.path.basename(self.path)
        self._descriptor = None
        self._open()
        self.size = os.fstat(self._descriptor).st_size
        self.footer = self.index = self.names = self.leaves = None
        try:
            start = self.bytes(0, min(self.size, layout.HEADER_BYTES))
            self.header = ends.header(start, self.size, self._last, self.refuse)
        except errors.AuditError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        head = self.header
        return (f"Segment({self.file}: id {head['segment_id']}, {head['points']} points of "
                f"{head['riders']} riders)")

    # The file

    def _open(self):
        try:
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise errors.Unreadable(self.file, error.strerror) from None

    def close(self):
        """Lets go of the file, not of what was read."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def bytes(self, start, end):
        """Bytes of the file."""
        if self._descriptor is None:
            self._open()
        try:
            data = os.pread(self._descriptor, end - start, start)
        except OSError as error:
            raise errors.Unreadable(self.file, error.strerror) from None
        if len(data) != end - start:
            raise self.refuse(errors.Cut, f"only {len(data)} of {end - start} bytes are there",
                              start, end)
        return data

    def _last(self):
        return self.bytes(self.size - layout.FOOTER_BYTES, self.size)

    def refuse(self, kind, what, start=None, end=None, block=None):
        """An error of this file, to be raised."""
        return kind(self.file, what, block, start, end)

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
        return self._hash(self.size).hexdigest()

    def _hash(self, end):
        """SHA-256 of the bytes before `end`."""
        digest = hashlib.sha256()
        for start in range(0, end, HASHED_BYTES):
            digest.update(self.bytes(start, min(end, start + HASHED_BYTES)))
        return digest

    # Its sections

    def open_sections(self):
        """Checks and reads footer, leaves, index and names, if they are not there."""
        if self.names is not None:
            return
        self.footer = ends.footer(self._last(), self.header, self.refuse)
        self.leaves = self.section(errors.LeavesChecksum, "leaves", self.footer["leaves_offset"],
                                   self.footer["index_offset"])
        self.index = index.read(self)
        found = names.read(self)
        self._raw_names = [name.encode() for name in found]
        self.names = found

    def drop_sections(self):
        """Closes the file and forgets all but the header: for many segments at a time."""
        self.close()
        self.footer = self.index = self.names = self.leaves = self._raw_names = None

    def section(self, kind, name, start, end):
        """The bytes of a section whose last four are the CRC32C of the others."""
        data = self.bytes(start, end)
        if crc32c(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
            raise self.refuse(kind, f"the checksum of the {name} is wrong", start, end)
        return data[:-4]

    def numbers(self, kind):
        """Numbers of the blocks of a kind."""
        return np.flatnonzero(self.index["kind"] == kind).tolist()

    # What holds of all of it

    def check_whole(self):
        """Counts, times, interval and root: what the sections say of one another."""
        self.check_counts()
        self.check_times()
        self.check_interval()
        self.check_root()

    def check_counts(self):
        """That the index counts as the header does."""
        head, fixes = self.header, self.index[self.index["kind"] == layout.FIXES]
        points = int(fixes["count"].sum())
        counted = points, int(self.index["count"].sum()) - points, len(np.unique(fixes["rider"]))
        if counted != (head["points"], head["amendments"], head["riders"]):
            raise self.refuse(errors.Counts, "the blocks do not count what the header does")

    def check_times(self):
        """That the header's event times are those of the index, which a deep check confirms."""
        fixes = self.index[self.index["kind"] == layout.FIXES]
        low, high = (int(fixes["min_ts_ms"].min()), int(fixes["max_ts_ms"].max())) if len(
            fixes) else (0, 0)
        if (low, high) != (self.header["min_ts_ms"], self.header["max_ts_ms"]):
            raise self.refuse(errors.Counts, "event times of the blocks are not those of the "
                              "header", 0, layout.HEADER_BYTES)

    def check_interval(self):
        """That every number of the interval is a point or lost."""
        head = self.header
        numbers = head["last_sequence"] - head["first_sequence"] + 1
        if numbers != head["points"] + head["lost_points"]:
            raise self.refuse(
                errors.SequenceGap, f"the sequence interval {head['first_sequence']}-"
                f"{head['last_sequence']} has {numbers} numbers, but {head['points']} points and "
                f"{head['lost_points']} accepted lost ones")

    def check_root(self):
        """That the leaves make the root of the footer."""
        leaves = [self.leaves[i:i + 32] for i in range(0, len(self.leaves), 32)]
        if merkle.tree_head(leaves) != self.footer["root"]:
            raise self.refuse(errors.Root, "the leaves do not make the root of the footer")

    def check_hash(self):
        """The SHA-256 in the footer: of all bytes before it."""
        end = self.size - layout.FOOTER_BYTES + layout.FOOTER.fields["sha256"][1]
        if self._hash(end).digest() != self.footer["sha256"]:
            raise self.refuse(errors.FileHash, "the SHA-256 of the footer is not that of the file",
                              0, end)

    # Its blocks

    def payload(self, number):
        """The payload of a block, after its checks: header, length, checksum, index, leaf."""
        row = self.index[number]
        start, size = int(row["offset"]), int(row["stored_bytes"])
        places = {"start": start, "end": start + size, "block": number}
        stored = self.bytes(start, start + size)
        head = layout.read(layout.BLOCK, stored)
        if head["magic"] != layout.BLOCK_MAGIC:
            raise self.refuse(errors.BlockHeader, "no block starts here", start, start + 24, number)
        if (any(head["reserved"]) or head["kind"] not in (layout.FIXES, layout.AMENDMENTS)
                or head["codec"] != head["kind"] or not 1 <= head["count"] <= layout.MOST_IN_BLOCK
                or head["payload_bytes"] != size - layout.BLOCK_HEADER_BYTES):
            raise self.refuse(errors.BlockHeader, "kind, codec, count or length is impossible",
                              start, start + 24, number)
        location = struct.pack("<QIQ", self.id, number, start)
        if crc32c(location, stored[:20], stored[24:]) != head["crc32c"]:
            raise self.refuse(errors.BlockChecksum, "the checksum, which binds content and place, "
                              "is wrong", **places)
        if any(head[name] != int(row[name]) for name in ("kind", "codec", "count", "rider")):
            raise self.refuse(errors.BlockIndex, "it is not what the index says", **places)
        names_before = b"" if self.header["major"] == 0 else merkle.bound_names(
            stored, self._raw_names)
        if (merkle.leaf_hash(stored, names_before)
                != self.leaves[32 * number:32 * number + 32]):
            raise self.refuse(errors.BlockLeaf, "it is not the block of its leaf", **places)
        return stored[layout.BLOCK_HEADER_BYTES:]

    def content_error(self, number, what, kind):
        """A refusal of a block's content."""
        row = self.index[number]
        start = int(row["offset"])
        return self.refuse(kind, str(what), start, start + int(row["stored_bytes"]), number)
