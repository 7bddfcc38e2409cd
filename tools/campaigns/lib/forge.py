"""Segments altered by hand, with every checksum and hash over the alteration made anew: what only a
check of the content can find. By the layout of format-spec.md §9."""

import hashlib
import struct

import numpy as np

from tacho_audit import layout, merkle
from tacho_audit.crc32c import crc32c


class Forgery:
    """A segment's parts, to be altered: `header`, `blocks` (bytes with their headers), `index`
    (rows), `names`, `footer`. `bytes()` seals them again."""

    def __init__(self, data):
        foot = layout.read(layout.FOOTER, data, len(data) - layout.FOOTER_BYTES)
        self.header = bytearray(data[:layout.HEADER_BYTES])
        self.index = [bytearray(data[at:at + layout.INDEX_BYTES]) for at in range(
            foot["index_offset"], foot["names_offset"] - 4, layout.INDEX_BYTES)]
        self.blocks = []
        for row in self.index:
            start, size = struct.unpack_from("<QI", row)
            self.blocks.append(bytearray(data[start:start + size]))
        self.names = bytearray(data[foot["names_offset"]:len(data) - layout.FOOTER_BYTES - 4])
        self.footer = bytearray(data[-layout.FOOTER_BYTES:])

    def get(self, name):
        """A number of the header, by its name in §9.1."""
        kind, place = layout.HEADER.fields[name]
        return int(np.frombuffer(self.header, kind, 1, place)[0])

    def put(self, **values):
        """Numbers or bytes of the header."""
        for name, value in values.items():
            kind, place = layout.HEADER.fields[name]
            raw = value if isinstance(value, bytes) else np.array(value, dtype=kind).tobytes()
            self.header[place:place + len(raw)] = raw

    def records(self):
        """A copy of the records of the last block, to be altered and put back."""
        return np.frombuffer(bytes(self.blocks[-1][layout.BLOCK_HEADER_BYTES:]),
                             dtype=layout.RECORD).copy()

    def put_records(self, records, bounds=True):
        """The records of the last block; what states their number, and with `bounds` their times,
        follows."""
        block, row = self.blocks[-1], self.index[-1]
        block[layout.BLOCK_HEADER_BYTES:] = records.tobytes()
        others = self.get("amendments") - struct.unpack_from("<H", row, 18)[0]
        struct.pack_into("<H", block, 6, len(records))
        struct.pack_into("<H", row, 18, len(records))
        self.put(amendments=others + len(records))
        times = records["ts_ms"][records["kind"] == layout.AMENDED]
        if bounds:
            low, high = (int(times.min()), int(times.max())) if len(times) else (0, 0)
            struct.pack_into("<qq", row, 24, low, high)

    def bytes(self, fit=True):
        """The file. `fit`: offsets, sizes and lengths follow the parts; without it they stay."""
        segment_id = struct.unpack_from("<Q", self.header, 24)[0]
        offset = layout.HEADER_BYTES
        for number, (block, row) in enumerate(zip(self.blocks, self.index)):
            if fit:
                struct.pack_into("<I", block, 12, len(block) - layout.BLOCK_HEADER_BYTES)
                struct.pack_into("<QI", row, 0, offset, len(block))
            location = struct.pack("<QIQ", segment_id, number, offset)
            checksum = crc32c(location, bytes(block[:20]), bytes(block[24:]))
            struct.pack_into("<I", block, 20, checksum)
            offset += len(block)
        leaves = [self._leaf(bytes(block)) for block in self.blocks]
        sections = [b"".join(leaves), b"".join(map(bytes, self.index)), bytes(self.names)]
        offsets = [offset]
        for section in sections:
            offsets.append(offsets[-1] + len(section) + 4)
        size = offsets.pop() + layout.FOOTER_BYTES
        if fit:
            struct.pack_into("<Q", self.header, 104, size)
            struct.pack_into("<4Q", self.footer, 0, *offsets, size)
            self.footer[32:64] = merkle.tree_head(leaves)
        struct.pack_into("<I", self.header, 188, crc32c(bytes(self.header[:188])))
        parts = [bytes(self.header), *map(bytes, self.blocks)]
        for section in sections:
            parts += [section, struct.pack("<I", crc32c(section))]
        before = b"".join(parts)
        self.footer[64:96] = hashlib.sha256(before + bytes(self.footer[:64])).digest()
        struct.pack_into("<I", self.footer, 112, crc32c(bytes(self.footer[:112])))
        return before + bytes(self.footer)

    def _leaf(self, block):
        if struct.unpack_from("<H", self.header, 8)[0] == 0:
            return merkle.leaf_hash(block)
        return merkle.leaf_hash(block, merkle.bound_names(block, self.raw_names()))

    def raw_names(self):
        riders = sum(struct.unpack_from("<2I", self.header, 112))
        if 4 * riders > len(self.names):
            return []  # what its numbers mean is not known any more
        ends = struct.unpack_from(f"<{riders}I", self.names)
        text = bytes(self.names[4 * riders:])
        return [text[start:end] for start, end in zip((0, *ends), ends)]


def chained(files):
    """The same segments, each naming the SHA-256 of the one before."""
    made = []
    for data in files:
        if made:
            forgery = Forgery(data)
            forgery.put(previous_sha256=hashlib.sha256(made[-1]).digest())
            data = forgery.bytes()
        made.append(data)
    return made
