"""One LZ4 block (lz4's doc/lz4_Block_format.md): its sequences are looked at before it is unpacked,
since libraries differ in what they make of an offset of 0."""

import lz4.block

from .errors import Malformed


def unpack(block, size):
    """The `size` bytes in the block."""
    produced = _produced(block)
    if produced != size:
        raise Malformed(f"planes: the LZ4 block holds {produced} bytes, not {size}")
    if size == 0:
        return b""
    try:
        data = lz4.block.decompress(block, uncompressed_size=size)
    except lz4.block.LZ4BlockError as error:
        raise Malformed(f"planes: {error}") from None
    if len(data) != size:
        raise Malformed(f"planes: the LZ4 block holds {len(data)} bytes, not {size}")
    return data


def _length(block, at, nibble):
    """A length whose first four bits are `nibble`, and the place behind it."""
    length = nibble
    if nibble == 15:
        while True:
            if at >= len(block):
                raise Malformed("planes: the LZ4 block ends within a length")
            more = block[at]
            at += 1
            length += more
            if more != 255:
                break
    return length, at


def _produced(block):
    """How many bytes the sequences stand for."""
    at = produced = 0
    while True:
        if at >= len(block):
            raise Malformed("planes: the LZ4 block ends before its last literals")
        token = block[at]
        literals, at = _length(block, at + 1, token >> 4)
        at += literals
        produced += literals
        if at > len(block):
            raise Malformed("planes: the LZ4 block ends within literals")
        if at == len(block):
            return produced
        if at + 2 > len(block):
            raise Malformed("planes: the LZ4 block ends within an offset")
        offset = block[at] | block[at + 1] << 8
        if not 0 < offset <= produced:
            raise Malformed(f"planes: an LZ4 offset of {offset} after {produced} bytes")
        match, at = _length(block, at + 2, token & 15)
        produced += match + 4
