"""Segments: the golden ones, every cut, every flipped bit, and what is altered on purpose."""

import json
import os
import pathlib
import random
import shutil
import struct
import tempfile
import unittest

import pyarrow.parquet as pq

from .. import csv_text, directory, errors, open_audit, open_segment, verify
from ..verify import check_segment
from . import page

VERSIONS = sorted((page.FIXTURES / "segments").glob("v*"))
GOLDEN = page.FIXTURES / "segments" / "v0"
SEED = 20_260_102


def example():
    return page.examples(page.section("9.9 Example"))[0]


class Place(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix="tacho-audit-")
        self.addCleanup(self.place.cleanup)

    def put(self, data, number=1):
        path = pathlib.Path(self.place.name) / f"{number:08d}.seg"
        path.write_bytes(data)
        return path

    def refusal(self, data):
        """What a file of these bytes is refused for, deeply looked at; None: it is not."""
        try:
            with open_segment(self.put(data)) as segment:
                found = check_segment(segment, deep=True)
        except errors.AuditError as error:
            return error
        return found[0] if found else None


class TheExample(Place):
    def test_says_what_the_page_says(self):
        with open_segment(self.put(example())) as segment:
            self.assertEqual(check_segment(segment, deep=True), [])
            self.assertEqual(segment.riders, ["7", "8"])
            head = segment.header
        self.assertEqual((head["partition"], head["segment_id"], head["rule_set"], head["points"],
                          head["lost_points"], head["amendments"]), (7, 1, 3, 3, 1, 2))
        with open_audit(self.place.name) as audit:
            rows = audit.fixes().to_pylist()
        self.assertEqual([(row["rider"], row["lat"], row["lon"], row["speed_mps"]) for row in rows],
                         [("7", 37.5, 127.0, None), ("7", 37.5, 127.0, None),
                          ("8", 37.6, 127.0, 10.0)])
        self.assertEqual([row["ts_ms"] - rows[0]["ts_ms"] for row in rows][1], 1000)
        self.assertEqual([row["verdict"] for row in rows], ["ok", "ok", "ok"])

    def test_every_cut_is_refused(self):
        data = example()
        for length in range(len(data)):
            found = self.refusal(data[:length])
            self.assertIsInstance(found, (errors.CutHeader, errors.Cut), f"{length} bytes")
            self.assertEqual(found.exit_code, 3)

    def test_every_flipped_bit_is_refused(self):
        data = example()
        for place in range(len(data)):
            for bit in range(8):
                altered = bytearray(data)
                altered[place] ^= 1 << bit
                found = self.refusal(bytes(altered))
                self.assertIsNotNone(found, f"bit {bit} of byte {place}")
                self.assertIn(found.exit_code, (2, 3, 6))
                self.assertIn("00000001.seg", str(found))


class Golden(Place):
    def test_exports_the_golden_csv(self):
        for version in VERSIONS:
            with open_audit(version / "good") as audit:
                made = csv_text.HEADER + b"".join(
                    bytes(csv_text.lines(rows)) for rows in audit.rows())
            self.assertEqual(made, (version / "good" / "export.csv").read_bytes(), version.name)

    def test_verifies(self):
        for version in VERSIONS:
            events = list(verify(version / "good", deep=True))
            self.assertEqual([event["type"] for event in events], ["segment", "segment", "summary"])
            self.assertEqual((events[-1]["exit"], events[-1]["points"]), (0, 157), version.name)
            self.assertEqual(events[0]["version"], f"{version.name[1:]}.0")

    def test_damaged_ones_are_refused_for_what_they_are(self):
        wanted = {
            "cut-header": errors.CutHeader, "cut": errors.Cut,
            "flipped-bit-in-block": errors.BlockChecksum,
            "flipped-bit-in-footer": errors.FooterChecksum,
            "flipped-bit-in-header": errors.HeaderChecksum, "forged-count": errors.Counts,
            "future-version": errors.UnknownVersion, "sequence-gap": errors.SequenceGap,
            "trailing-bytes": errors.TrailingBytes}
        for version in VERSIONS:
            damaged = version / "damaged"
            for name, kind in wanted.items():
                found = self.refusal((damaged / f"{name}.seg").read_bytes())
                self.assertIs(type(found), kind, f"{version.name} {name}")
            shutil.copy(damaged / "forged-leaf.seg", self.put(b""))
            events = list(verify(self.place.name))
            self.assertEqual([event.get("code") for event in events][:1], ["block_leaf"])

    def test_a_finding_names_file_block_and_bytes(self):
        found = self.refusal((GOLDEN / "damaged" / "flipped-bit-in-block.seg").read_bytes())
        self.assertEqual((found.file, found.block, found.from_byte, found.to_byte),
                         ("00000001.seg", 0, 192, 251))

    def test_random_flips_are_refused(self):
        source = random.Random(SEED)
        files = [(version / "good" / "00000001.seg").read_bytes() for version in VERSIONS]
        for _ in range(400):
            data = source.choice(files)
            altered, place = bytearray(data), source.randrange(len(data))
            altered[place] ^= 1 << source.randrange(8)
            self.assertIsNotNone(self.refusal(bytes(altered)), f"byte {place}, seed {SEED}")


class Directories(Place):
    def setUp(self):
        super().setUp()
        self.files = [(GOLDEN / "good" / f"0000000{n}.seg").read_bytes() for n in (1, 2)]

    def codes(self):
        events = list(verify(self.place.name, deep=True))
        return [event["code"] for event in events[:-1] if event["type"] == "finding"], \
            events[-1]["exit"]

    def test_a_missing_segment(self):
        self.put(self.files[1], 2)
        self.assertEqual(self.codes(), (["missing_segments"], 3))
        with self.assertRaises(errors.MissingSegment):
            open_audit(self.place.name)

    def test_a_renamed_segment(self):
        self.put(self.files[0], 1)
        self.put(self.files[0], 2)
        self.assertEqual(self.codes(), (["wrong_name"], 2))

    def test_another_segment_before(self):
        self.put((GOLDEN / "rice" / "00000001.seg").read_bytes(), 1)
        self.put(self.files[1], 2)
        self.assertEqual(self.codes(), (["chain_broken"], 2))

    def test_files_of_other_names_mean_nothing(self):
        for number, data in enumerate(self.files, 1):
            self.put(data, number)
        digits = "\u0660" * 7 + "\u0663"  # decimal to Unicode, no digits of ASCII
        for name in ("00000000", "18446744073709551615", "18446744073709551616", digits, "3",
                     "000000003", "+0000003"):
            path = pathlib.Path(self.place.name) / f"{name}.seg"
            path.write_bytes(b"no segment")
            self.assertEqual(self.codes(), ([], 0), name)
            path.unlink()
        (pathlib.Path(self.place.name) / "18446744073709551614.seg").write_bytes(b"")
        self.assertEqual(self.codes(), (["missing_segments", "cut_header"], 3))

    def test_numbers_in_no_segment_are_incomplete_and_in_two_damage(self):
        for first, kind, code in ((101, None, 0), (102, errors.SequencesApart, 3),
                                  (100, errors.SequencesOverlap, 2), (1, errors.SequencesOverlap, 2)):
            chain = directory.Chain()
            for number, sequences in ((1, (1, 100)), (2, (first, first + 9))):
                with open_segment(self.put(self.files[number - 1], number)) as segment:
                    segment.header["first_sequence"], segment.header["last_sequence"] = sequences
                    found = list(chain.check(number, segment, with_hash=True))
                    chain.follow(segment)
            self.assertEqual([type(error) for error in found], [kind] if kind else [])
            self.assertEqual(errors.exit_code(found), code)

    def test_nothing_is_asked_of_a_segment_behind_one_that_was_refused(self):
        with open_segment(self.put(self.files[1], 2)) as segment:
            segment.header["partition"] += 1
            chain = directory.Chain()
            chain.follow(None)
            self.assertEqual(list(chain.check(2, segment, with_hash=True)), [])

    def test_roots_of_a_rider_and_a_time(self):
        for number, data in enumerate(self.files, 1):
            self.put(data, number)
        with open_audit(self.place.name) as audit:
            rows = audit.fixes().to_pylist()
            roots = {}
            for number in (1, 2):
                with open_segment(self.put(self.files[number - 1], number)) as segment:
                    roots[number] = segment.footer["root"]
            self.assertEqual(audit.roots("rider-0-0", -(1 << 47), 1 << 47), roots)
            self.assertEqual(audit.roots("nobody", -(1 << 47), 1 << 47), {})
            # Of the first segment alone, of the amendment in the second, of both, of none.
            early = [row["ts_ms"] for row in rows if row["rider"] == "early"]
            self.assertEqual({row["segment"] for row in rows if row["rider"] == "early"}, {1})
            self.assertEqual(audit.roots("early", -(1 << 47), 1 << 47), roots)
            self.assertEqual(audit.roots("early", 1_750_000_000_000, 1_750_000_000_000), {
                number: roots[number] for number in (1, 2)
                if number == 2 or 1_750_000_000_000 in early})
            times = sorted(row["ts_ms"] for row in rows if row["rider"] == "rider-0-0")
            holes = [(a + 1, b - 1) for a, b in zip(times, times[1:]) if b - a > 2]
            self.assertTrue(holes)
            for start, end in holes:
                self.assertEqual(audit.roots("rider-0-0", start, end), {})

    def test_nothing_there(self):
        self.assertEqual(self.codes(), (["no_segments"], 3))
        with self.assertRaises(errors.Unreadable):
            open_audit(os.path.join(self.place.name, "none"))

    def test_filters(self):
        for number, data in enumerate(self.files, 1):
            self.put(data, number)
        with open_audit(self.place.name) as audit:
            rows = audit.fixes().to_pylist()
            middle = sorted(row["ts_ms"] for row in rows)[80]
            received = sorted(row["recv_ms"] for row in rows)[100]
            some = audit.fixes(riders=["rider-4-2"], start_ms=middle, recv_end_ms=received)
        self.assertEqual(some.to_pylist(), [
            row for row in rows if row["rider"] == "rider-4-2" and row["ts_ms"] >= middle
            and row["recv_ms"] <= received])
        self.assertTrue(0 < some.num_rows < 64)


class Parquet(Place):
    def test_comes_back_with_its_metadata(self):
        path = os.path.join(self.place.name, "all.parquet")
        with open_audit(GOLDEN / "good") as audit:
            table = audit.fixes()
            self.assertEqual(audit.to_parquet(path), table.num_rows)
        back = pq.read_table(path)
        self.assertEqual(back.select(table.column_names).to_pylist(), table.to_pylist())
        geo = json.loads(pq.read_metadata(path).metadata[b"geo"])
        self.assertEqual((geo["version"], geo["primary_column"]), ("1.1.0", "geometry"))
        column = geo["columns"]["geometry"]
        self.assertEqual((column["encoding"], column["geometry_types"]), ("WKB", ["Point"]))
        self.assertEqual(column["crs"]["id"], {"authority": "OGC", "code": "CRS84"})
        lat, lon = back["lat"].to_pylist(), back["lon"].to_pylist()
        self.assertEqual(column["bbox"], [min(lon), min(lat), max(lon), max(lat)])
        for wkb, x, y in zip(back["geometry"].to_pylist(), lon, lat):
            self.assertEqual(struct.unpack("<BIdd", wkb), (1, 1, x, y))

    def test_no_rows(self):
        path = os.path.join(self.place.name, "none.parquet")
        with open_audit(GOLDEN / "good") as audit:
            self.assertEqual(audit.to_parquet(path, riders=["nobody"]), 0)
            self.assertEqual(audit.fixes(riders=["nobody"]).num_rows, 0)
        self.assertNotIn("bbox", pq.read_table(path).schema.metadata[b"geo"].decode())
        self.assertEqual(os.listdir(self.place.name), ["none.parquet"])
