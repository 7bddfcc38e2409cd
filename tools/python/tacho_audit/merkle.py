"""The Merkle tree of RFC 6962 §2.1, as format-spec.md §9.4 uses it."""

import hashlib


def leaf_hash(block):
    """SHA-256(0x00 ‖ block)."""
    return hashlib.sha256(b"\x00" + block).digest()


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
