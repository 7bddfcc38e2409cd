"""The tables and examples of format-spec.md against this package."""

import re
import struct
import unittest

import numpy as np

from .. import columns, layout, verdicts
from ..crc32c import crc32c
from ..packed import Cursor
from . import page

TYPES = {"u8": "|u1", "u16": "<u2", "u32": "<u4", "u64": "<u8", "i64": "<i8", "bytes": None}


def decoded(block):
    """A finished block as rows like those of the page's tables."""
    def optional(name, attribute):
        present = block.present[name]
        values = getattr(block, attribute).tolist()
        return [None if present is not None and not present[i] else values[i]
                for i in range(block.count)]

    claimed = [value or 0 for value in optional("claimedReceipt", "claimed")]
    chosen = [block.dictionary[number] for number in block.verdict.tolist()]
    parts = {
        "ts": block.time.tolist(), "lat": block.lat.tolist(), "lon": block.lon.tolist(),
        "speed": optional("speed", "speed"), "heading": optional("heading", "heading"),
        "accuracy": optional("accuracy", "accuracy"), "altitude": optional("altitude", "altitude"),
        "src": block.source.tolist(), "provenance": (block.origin // 5).tolist(),
        "vehicle": (block.origin % 5).tolist(), "codes": [one[0] for one in chosen],
        "effect": [one[1] for one in chosen], "trusted": [int(one[2]) for one in chosen],
        "recv": block.receipt.tolist(), "claimed": claimed, "arrival": block.arrival.tolist()}
    return [dict(zip(parts, row)) for row in zip(*parts.values())]


class Layouts(unittest.TestCase):
    def table_equals(self, title, dtype, table=0):
        rows = page.tables(page.section(title))[table]
        named = [row for row in rows if row.get("name")]
        self.assertEqual([row["name"] for row in named], list(dtype.names))
        for row in named:
            kind, offset = dtype.fields[row["name"]]
            self.assertEqual((int(row["offset"]), int(row["size"])), (offset, kind.itemsize), row)
            if TYPES[row["type"]] and kind.kind != "V":
                self.assertEqual(np.dtype(TYPES[row["type"]]), kind, row)

    def test_header(self):
        self.table_equals("9.1 Header", layout.HEADER)
        self.assertEqual(layout.HEADER.itemsize, layout.HEADER_BYTES)

    def test_block(self):
        self.table_equals("9.2 Block", layout.BLOCK)
        self.assertEqual(layout.BLOCK.itemsize, layout.BLOCK_HEADER_BYTES)

    def test_amendment(self):
        self.table_equals("9.3 Amendments", layout.RECORD)
        self.assertEqual(layout.RECORD.itemsize, layout.RECORD_BYTES)

    def test_index(self):
        self.table_equals("9.5 Index", layout.INDEX)
        self.assertEqual(layout.INDEX.itemsize, layout.INDEX_BYTES)

    def test_footer(self):
        self.table_equals("9.7 Footer", layout.FOOTER)
        self.assertEqual(layout.FOOTER.itemsize, layout.FOOTER_BYTES)

    def test_columns(self):
        rows, named = page.tables(page.section("3. Column block"))[:2]
        codecs = {row["codec"]: int(row["id"]) for row in named}
        self.assertEqual(len(rows), len(columns.COLUMNS))
        for row, column in zip(rows, columns.COLUMNS):
            low, high = map(int, row["limits"].split("…"))
            listed = {codecs[name] for name in row["codecs"].split(", ")} | {codecs["constant"]}
            optional = row["optional"] == "yes"
            if optional:
                listed.add(codecs["none"])
            self.assertEqual((row["column"], low, high, optional, listed),
                             (column.name, column.low, column.high, column.optional, column.codecs))

    def test_verdict_codes(self):
        rows = page.tables(page.section("2. Verdict codes"))[0]
        self.assertEqual([row["code"] for row in rows], list(verdicts.CODES))
        self.assertEqual([int(row["number"]) for row in rows], list(range(len(rows))))

    def test_verdict_text(self):
        for text in re.findall(r"`(accept:LOWACC|hold:TELEPORT\+SPIKE)`",
                               page.section("2. Verdict codes")):
            effect, names = text.split(":")
            codes = sum(1 << verdicts.CODES.index(name) for name in names.split("+"))
            self.assertEqual(verdicts.text(codes, verdicts.EFFECTS.index(effect)), text)
        self.assertEqual(verdicts.text(0, 0), "ok")
        self.assertEqual(verdicts.text(1 << 63 | 1, 1), "flag:INVALID+CODE63")


class Examples(unittest.TestCase):
    def column_block(self, title):
        text = page.section(title)
        rows = page.fixes(page.tables(text)[0])
        block = columns.Block(page.examples(text)[0], len(rows))
        columns.finish([block])
        self.assertEqual(decoded(block), rows)

    def test_five_fixes(self):
        self.column_block("Example: five fixes")

    def test_a_courier(self):
        self.column_block("Example: a courier rides through north")

    def test_both_together(self):
        """Lanes of several blocks run side by side."""
        blocks, wanted = [], []
        for title in ("Example: five fixes", "Example: a courier rides through north") * 3:
            text = page.section(title)
            wanted.append(page.fixes(page.tables(text)[0]))
            blocks.append(columns.Block(page.examples(text)[0], len(wanted[-1])))
        columns.finish(blocks)
        self.assertEqual([decoded(block) for block in blocks], wanted)

    def test_planes(self):
        text = page.section("Example: planes of 40 residuals")
        row = page.tables(text)[0][0]
        values = [int(word) for word in row["residuals"].split()] * int(row["times"])
        cursor = Cursor(page.examples(text)[0])
        self.assertEqual(cursor.packed(len(values)).tolist(), values)
        self.assertEqual(cursor.at, cursor.end)

    def test_chunk(self):
        data = page.examples(page.section("Example: the five fixes of §3"))[0]
        self.assertEqual(crc32c(data[:-4]), struct.unpack("<I", data[-4:])[0])
        block = columns.Block(data[66:-4], 5)
        columns.finish([block])
        self.assertEqual(decoded(block),
                         page.fixes(page.tables(page.section("Example: five fixes"))[0]))

    def test_golden_chunks(self):
        for path in sorted((page.FIXTURES / "chunks").glob("*/*.bin")):
            if "cut" in path.name or "damaged" in path.name:
                continue
            data = path.read_bytes()
            self.assertEqual(crc32c(data[:-4]), struct.unpack("<I", data[-4:])[0], path.name)
            block = columns.Block(data[66:-4], struct.unpack_from("<H", data, 16)[0])
            columns.finish([block])
            bounds = (block.lat.min(), block.lat.max(), block.lon.min(), block.lon.max())
            self.assertEqual(bounds, struct.unpack_from("<4i", data, 18), path.name)
            self.assertEqual((block.time[0], block.time[-1]), struct.unpack_from("<2q", data, 50))
