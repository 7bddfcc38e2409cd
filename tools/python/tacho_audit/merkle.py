"""The Merkle tree of RFC 6962 §2.1, and the leaves of format-spec.md §9.4."""

import hashlib
import struct

from . import layout


def leaf_hash(block, names=b""):
    """SHA-256(0x00 ‖ names ‖ block); in major version 0 there are no names."""
    return hashlib.sha256(b"\x00" + names + block).digest()


def bound_names(block, names):
    """What stands before a block in its leaf from major version 1 on: the riders its numbers mean,
    each a length and the bytes. `names` are the segment's, as bytes; a number without a name counts
    as none, and bytes that fill no record as no record: what a block says is looked at later."""
    if block[4] == layout.FIXES:
        numbers = [struct.unpack_from("<I", block, 8)[0]]
    else:
        start = layout.BLOCK_HEADER_BYTES + 8
        whole = min(struct.unpack_from("<H", block, 6)[0],
                    (len(block) - layout.BLOCK_HEADER_BYTES) // layout.RECORD_BYTES)
        numbers = [struct.unpack_from("<I", block, start + layout.RECORD_BYTES * record)[0]
                   for record in range(whole)]
    found = [names[number] if number < len(names) else b"" for number in numbers]
    return b"".join(bytes([len(name)]) + name for name in found)


def tree_head(leaves):
    """The root over leaf hashes; of none it is the hash of nothing.

    Hashes pairs level by level and carries an odd last one up, which gives the tree that splits at
    the largest power of two below the count.
    """
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest()
                 for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2:]
    return level[0]
