"""Parts against the plainest way to write them."""

import functools
import hashlib
import random
import unittest

import numpy as np

from .. import columns, merkle, predict
from ..crc32c import crc32c
from ..errors import Malformed
from ..packed import Cursor

SEED = 20_260_102
WRAP = 1 << 64


def plain_crc(data):
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def bits_of(values, width):
    """A run: values of `width` bits, lowest bit first."""
    joined = sum((value & (1 << width) - 1) << i * width for i, value in enumerate(values))
    return joined.to_bytes(len(values) * width + 7 >> 3, "little")


def varint(value):
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes(data + bytes([value]))


def blocks_form(values, form):
    data = bytearray([form])
    for start in range(0, len(values), 1 << form):
        some = values[start:start + (1 << form)]
        width = max(value.bit_length() for value in some)
        data += bytes([width]) + bits_of(some, width)
    return bytes(data)


def patched_form(values, width, patch_width):
    places = [i for i, value in enumerate(values) if value >> width]
    place_width = max(1, (len(values) - 1).bit_length())
    return (bytes([0, width, patch_width]) + varint(len(places)) + bits_of(values, width)
            + bits_of(places, place_width)
            + bits_of([values[i] >> width for i in places], patch_width))


def rice_form(values, width, patch_width):
    patches = [i for i, value in enumerate(values) if value >> width > 15]
    unary, at = 0, 0
    for value in values:
        at += 0 if value >> width > 15 else value >> width
        unary |= 1 << at
        at += 1
    data = bytes([1, width, patch_width]) + (varint(len(patches)) if patch_width else b"")
    data += bits_of(values, width) + unary.to_bytes(at + 7 >> 3, "little")
    if patch_width:
        data += bits_of(patches, max(1, (len(values) - 1).bit_length()))
        data += bits_of([values[i] >> width for i in patches], patch_width)
    return data


class Checksums(unittest.TestCase):
    def test_the_check_value_of_the_polynomial(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)

    def test_every_length_around_a_slab(self):
        source = random.Random(SEED)
        for length in [*range(200), *range(500, 530), 1023, 1024, 1025, 5000]:
            data = source.randbytes(length)
            cut = source.randrange(length + 1)
            self.assertEqual(crc32c(data[:cut], data[cut:]), plain_crc(data), f"{length} bytes")

    def test_tree_heads(self):
        """RFC 6962 as it is written: split at the largest power of two below the count."""
        @functools.cache
        def head(first, last):
            if last - first == 1:
                return leaves[first]
            split = 1 << (last - first - 1).bit_length() - 1
            return hashlib.sha256(b"\1" + head(first, first + split)
                                  + head(first + split, last)).digest()

        leaves = [merkle.leaf_hash(bytes([n])) for n in range(70)]
        for count in range(1, 71):
            self.assertEqual(merkle.tree_head(leaves[:count]), head(0, count), f"{count} leaves")


class Packed(unittest.TestCase):
    def read(self, data, values):
        cursor = Cursor(data + b"\xff")
        self.assertEqual(cursor.packed(len(values)).tolist(), values)
        self.assertEqual(cursor.at, len(data))
        for length in range(len(data)):
            with self.assertRaises(Malformed, msg=f"cut after {length} of {len(data)} bytes"):
                Cursor(data[:length]).packed(len(values))

    def test_blocks_of_all_sizes_and_widths(self):
        source = random.Random(SEED)
        for width in range(65):
            for form in (4, 5, 8, 16):
                values = [source.getrandbits(width) if width else 0 for _ in range(70)]
                if form == 4:
                    values[16:32] = [value & 1 for value in values[16:32]]
                self.read(blocks_form(values, form), values)

    def test_patched_values(self):
        source = random.Random(SEED)
        for count in (1, 2, 3, 17, 64, 65, 300):
            for width, patch_width in ((0, 1), (3, 20), (7, 57), (60, 4)):
                values = [source.getrandbits(width) if width else 0 for _ in range(count)]
                for place in {source.randrange(count) for _ in range(3)}:
                    values[place] |= max(1, source.getrandbits(patch_width)) << width
                self.read(patched_form(values, width, patch_width), values)

    def test_rice_codes(self):
        source = random.Random(SEED)
        for count in (1, 2, 33, 300):
            for width in (0, 1, 5, 40):
                values = [source.getrandbits(width + 4) for _ in range(count)]
                self.read(rice_form(values, width, 0), values)
                values[source.randrange(count)] = source.getrandbits(20) + 16 << width
                self.read(rice_form(values, width, 21), values)

    def refuse(self, *data, count=4):
        with self.assertRaises(Malformed, msg=bytes(data).hex()):
            cursor = Cursor(bytes(data))
            cursor.packed(count)
            if cursor.at != cursor.end:
                raise Malformed("bytes behind")

    def test_what_cannot_be_is_refused(self):
        self.refuse(3, 0)  # no such form
        self.refuse(17, 0)
        self.refuse(4, 65, *bytes(33))  # too wide
        self.refuse(4, 3, 0xFF, 0xFF)  # bits left over
        self.refuse(0, 4, 0, 1, 0, 0, 0)  # no patch width
        self.refuse(0, 60, 5, 1, *bytes(34))  # together more than 64
        self.refuse(0, 0, 1, 0)  # no patches
        self.refuse(0, 0, 1, 5, *bytes(5))  # more patches than values
        self.refuse(0, 0, 8, 2, 0b0001, 1, 1)  # places descend
        self.refuse(0, 0, 8, 2, 0b0101, 1, 1)  # a place twice
        self.refuse(0, 0, 8, 1, 3, 1, count=3)  # a place beyond the values
        self.refuse(1, 61, 0, *bytes(40))  # too wide
        self.refuse(1, 0, 0, 0, 0, 0xFF)  # 16 zeros
        self.refuse(1, 0, 4, 1, 0b11101000 >> 1, 1, 0, 0)  # bits left over
        self.refuse(2, 0, 1, 0)  # no planes
        self.refuse(2, 9, 1, 0)
        self.refuse(2, 1, 5, 0x30, 1, 2, 3, 4)  # a block of another size
        self.refuse(2, 1, 9, 0x11, 7, 0, 0, 0x30, 1, 2, 3, 0, count=9)  # an offset of 0
        self.refuse(2, 1, 8, 0x11, 7, 2, 0, 0x30, 1, 2, 3, count=9)  # to before the start

    def test_a_varint_of_64_bits_at_most(self):
        self.assertEqual(Cursor(varint(WRAP - 1)).varint(), WRAP - 1)
        for data in (varint(WRAP), b"\x80" * 10 + b"\0", b"\x80"):
            with self.assertRaises(Malformed):
                Cursor(data).varint()


class Predictions(unittest.TestCase):
    """The lanes, run together, against loops that say what the page says."""

    def steps(self, source, count):
        return np.array([source.randrange(-900, 900) for _ in range(count - 1)], dtype=np.int64)

    def times(self, source, count):
        steps = [source.choice([0, -5, 1, 999, 1000, 3000, 1 << 20, (1 << 20) + 1, 1 << 30])
                 for _ in range(count)]
        return np.cumsum(np.array(steps, dtype=np.int64))

    def test_linear(self):
        source = random.Random(SEED)
        cases = []
        for _ in range(40):
            count = source.choice([1, 2, 3, 9, 40])
            steps = self.steps(source, count)
            lane = predict.Linear(0, 1, steps)
            times = self.times(source, count)
            lane.prepare(times)
            cases.append((lane, times.tolist(), steps.tolist()))
        predict.run_linear([lane for lane, _, _ in cases])
        for lane, t, steps in cases:
            q = [0]
            for i in range(1, len(t)):
                about = q[i - 1]
                a, b = t[i - 1] - t[i - 2], t[i] - t[i - 1]
                if i > 1 and 0 < a <= 1 << 20 and b > 0:
                    moved = (q[i - 1] - q[i - 2]) * min(b, 4 * a)
                    about += abs(moved) // a * (1 if moved >= 0 else -1)
                q.append(about + steps[i - 1])
            self.assertEqual(lane.units.tolist(), q, f"seed {SEED}")
            self.assertFalse(lane.too_far)

    def test_linear_too_far(self):
        near, far = (predict.Linear(0, 1, np.array([step])) for step in (1 << 33, (1 << 33) + 1))
        for lane in (near, far):
            lane.prepare(np.array([0, 1000]))
        predict.run_linear([near, far])
        self.assertEqual((near.too_far, far.too_far), (False, True))

    def test_course(self):
        source = random.Random(SEED)
        cases = []
        for number in range(60):
            count = source.choice([1, 2, 3, 9, 40])
            numbers = [[source.randrange(high) for _ in range(count)] for high in (100_001, 36_000)]
            speeds, headings = (np.array(some, dtype=np.int64) for some in numbers)
            steps = self.steps(source, count)
            lane = predict.Course(0, 1, source.choice([0, 15_088, 1 << 22]), number % 2,
                                  source.random() < 0.5, steps)
            times = self.times(source, count)
            lane.prepare(times, speeds, headings)
            cases.append((lane, times.tolist(), *numbers, steps.tolist()))
        predict.run_course([case[0] for case in cases])
        for lane, *rest in cases:
            self.assertEqual(lane.units.tolist(), self.plain_course(lane, *rest), f"seed {SEED}")

    def plain_course(self, lane, t, s, h, steps):
        import math

        q, place, bias = [0], 0, 0
        for i in range(1, len(t)):
            d = t[i] - t[i - 1]
            d = d if 0 <= d <= 1 << 20 else 0
            y = (h[i] + 12) // 25 + (360 if lane.is_lat else 0)
            c = round(math.sin(math.radians(y * 0.25)) * 16384)
            moved = (s[i] * d * c >> 14) * lane.scale >> 24
            about = place + 16 * moved + bias
            q.append((about >> 4) + steps[i - 1])
            error = 16 * q[i] - about
            if lane.gain == 0:
                place, bias = 16 * q[i], bias + error
            else:
                place, bias = about + (3 * error >> 2), bias + (error >> 2)
        return q

    def test_absent_fields_are_those_of_the_fix_before(self):
        values = np.array([0, 0, 7, 0, 9, 0])
        present = np.array([False, False, True, False, True, False])
        self.assertEqual(predict.filled(values, present).tolist(), [0, 0, 7, 7, 9, 9])
        self.assertIs(predict.filled(values, None), values)


class Turns(unittest.TestCase):
    def test_a_heading_goes_through_north_once_a_step(self):
        turned = columns._turned(np.int64(35_000), np.array([1_500, -1_000, 35_999, -35_999]))
        self.assertEqual(turned.tolist(), [35_000, 500, 35_500, 35_499, 35_500])
        for base, step in ((36_000, 1), (-1, 1), (0, 72_000), (35_999, -72_000), (0, -36_001),
                           (0, -2 ** 63)):
            with self.assertRaises(Malformed, msg=f"{base} {step}"):
                columns._turned(np.int64(base), np.array([step], dtype=np.int64))
