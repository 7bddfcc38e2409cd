"""Packed values (format-spec.md §3, *Packed*): a cursor over a block, and the forms."""

import numpy as np

from . import lz4_block
from .errors import Malformed

PADDING = bytes(16)  # so that eight bytes can be read at any place of a block
_MASKS = np.array([(1 << width) - 1 for width in range(65)], dtype=np.uint64)
_ZERO = np.zeros(0, dtype=np.uint64)


class Cursor:
    """Reads a block's bytes in order. `data` is followed by PADDING, `end` is without it."""

    def __init__(self, payload):
        self.data = bytes(payload) + PADDING
        self.end = len(self.data) - len(PADDING)
        self.at = 0
        self._bytes = np.frombuffer(self.data, dtype=np.uint8)
        # words[i]: the eight bytes from i, little-endian.
        self._words = np.ndarray(self.end + 9, dtype="<u8", buffer=self.data, strides=(1,))

    def byte(self):
        if self.at >= self.end:
            raise Malformed("the columns end too early")
        value = self.data[self.at]
        self.at += 1
        return value

    def take(self, count):
        """The next `count` bytes."""
        start = self.skip(count)
        return self.data[start:self.at]

    def skip(self, count):
        """Passes over `count` bytes; the place of the first."""
        start = self.at
        if count > self.end - start:
            raise Malformed("the columns end too early")
        self.at = start + count
        return start

    def varint(self):
        """An unsigned LEB128 of at most 10 bytes and 64 bits."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise Malformed("a varint of more than 10 bytes")
        if value >> 64:
            raise Malformed("a varint of more than 64 bits")
        return value

    def zigzag(self):
        """A signed number in a varint."""
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def run(self, count, width):
        """`count` values of `width` bits that begin at the next byte, as u64."""
        start = self._run(count, width)
        return self._bits(start * 8 + np.arange(count, dtype=np.int64) * width, width)

    def _run(self, count, width):
        """Passes over a run and checks the bits left over; its first byte."""
        bits = count * width
        start = self.skip(bits + 7 >> 3)
        if bits & 7 and self.data[self.at - 1] >> (bits & 7):
            raise Malformed("bits left over are not zero")
        return start

    def _bits(self, places, width):
        """Values of `width` bits (one width, or one for each) at bit places."""
        if isinstance(width, int):
            if width == 0:
                return np.zeros(len(places), dtype=np.uint64)
            widest, mask = width, _MASKS[width]
        else:
            widest, mask = int(width.max(initial=0)), _MASKS[width]
        first = places >> 3
        shift = (places & 7).astype(np.uint64)
        values = self._words[first] >> shift
        if widest > 57:  # may lie in nine bytes
            above = self._bytes[first + 8].astype(np.uint64)
            values |= np.where(shift > 0, above << (np.uint64(64) - shift) % np.uint64(64), 0)
        return values & mask

    def packed(self, count):
        """`count` packed values as u64."""
        form = self.byte()
        if 4 <= form <= 16:
            return self._blocks(count, 1 << form)
        if form == 0:
            return self._patched(count)
        if form == 1:
            return self._rice(count)
        if form == 2:
            return self._planes(count)
        raise Malformed(f"packed form {form} is unknown")

    def _blocks(self, count, size):
        if count <= size:
            if count == 0:
                return _ZERO
            return self.run(count, self._width(64))
        starts, widths = [], []
        left = count
        while left > 0:
            length = min(size, left)
            width = self._width(64)
            starts.append(self._run(length, width))
            widths.append(width)
            left -= length
        within = np.arange(count, dtype=np.int64)
        block, within = within // size, within % size
        width = np.array(widths, dtype=np.int64)[block]
        return self._bits(np.array(starts, dtype=np.int64)[block] * 8 + within * width, width)

    def _width(self, most):
        width = self.byte()
        if width > most:
            raise Malformed(f"a width of {width} bits, {most} at most")
        return width

    def _patched(self, count):
        width, patch_width = self.byte(), self.byte()
        if patch_width == 0 or width + patch_width > 64:
            raise Malformed(f"widths of {width} and {patch_width} bits")
        patches = self._patch_count(count)
        values = self.run(count, width)
        places, more = self._patches(count, patches, patch_width)
        values[places] |= more << np.uint64(width)
        return values

    def _rice(self, count):
        width = self._width(60)
        patch_width = self.byte()
        if width + patch_width > 64:
            raise Malformed(f"widths of {width} and {patch_width} bits")
        patches = self._patch_count(count) if patch_width else 0
        values = self.run(count, width)
        quotients = self._quotients(count)
        if patches:
            places, more = self._patches(count, patches, patch_width)
            if quotients[places].any():
                raise Malformed("a value has a quotient and a patch")
            quotients[places] = more
        return values | quotients << np.uint64(width)

    def _quotients(self, count):
        """Each so many zeros and a one."""
        if count == 0:
            return _ZERO.copy()
        some = self._bytes[self.at:min(self.end, self.at + count * 2)]
        bits = np.unpackbits(some, bitorder="little")
        ones = np.flatnonzero(bits)[:count]
        if len(ones) < count:
            raise Malformed("a Rice code has too many zeros, or the columns end too early")
        quotients = ones.copy()
        quotients[1:] -= ones[:-1] + 1
        if quotients.max() > 15:
            raise Malformed("a Rice code of more than 15 zeros")
        last = int(ones[-1])
        self.skip((last >> 3) + 1)
        if self.data[self.at - 1] >> (last & 7) != 1:
            raise Malformed("bits left over are not zero")
        return quotients.astype(np.uint64)

    def _patch_count(self, count):
        patches = self.varint()
        if not 1 <= patches <= count:
            raise Malformed(f"{patches} patches for {count} values")
        return patches

    def _patches(self, count, patches, patch_width):
        """Places and what is added there."""
        places = self.run(patches, max(1, (count - 1).bit_length())).astype(np.int64)
        if places[-1] >= count or (np.diff(places) <= 0).any():
            raise Malformed("places of patches do not ascend, or lie beyond the values")
        return places, self.run(patches, patch_width)

    def _planes(self, count):
        planes = self.byte()
        if not 1 <= planes <= 8:
            raise Malformed(f"{planes} planes")
        data = lz4_block.unpack(self.take(self.varint()), planes * count)
        rows = np.frombuffer(data, dtype=np.uint8).reshape(planes, count)
        values = np.zeros(count, dtype=np.uint64)
        for plane, row in enumerate(rows):
            values |= row.astype(np.uint64) << np.uint64(8 * plane)
        return values
