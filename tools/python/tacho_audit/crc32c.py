"""CRC32C (RFC 3720 B.4) with numpy: many bytes at once, by linearity.

A CRC without its initial and final value is linear over XOR: that of a message is the XOR of what
each byte alone contributes, which depends on the byte and on how many bytes follow it. So 512 bytes
are 512 look-ups and one reduction; the register is carried over the next 512 by four look-ups.
Cost: about 10 ns a byte.
"""

import numpy as np

POLYNOMIAL = 0x82F63B78  # 0x1EDC6F41 with its bits reflected
SLAB = 512


def _byte_table():
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> np.uint32(1)) ^ (table & np.uint32(1)) * np.uint32(POLYNOMIAL)
    return table


def _slab_table(byte_table):
    """contributions[i, b]: what byte b adds when SLAB − 1 − i bytes follow it."""
    contributions = np.empty((SLAB, 256), dtype=np.uint32)
    contributions[-1] = byte_table
    for i in range(SLAB - 2, -1, -1):
        after = contributions[i + 1]
        contributions[i] = (after >> np.uint32(8)) ^ byte_table[after & np.uint32(0xFF)]
    return contributions


_BYTE = _byte_table()
_SLAB = _slab_table(_BYTE)
_FLAT = _SLAB.reshape(-1)
_ROWS = np.arange(SLAB, dtype=np.int32) * 256
_BYTE_LIST = _BYTE.tolist()
# The register stands before the slab as if it were XORed into the slab's first four bytes.
_CARRY = [_SLAB[i].tolist() for i in range(4)]


def _few(register, data):
    for byte in data:
        register = (register >> 8) ^ _BYTE_LIST[(register ^ byte) & 0xFF]
    return register


def crc32c(*parts):
    """The CRC32C of the parts, one after another, as an int."""
    data = parts[0] if len(parts) == 1 else b"".join(parts)
    head = len(data) % SLAB
    register = _few(0xFFFFFFFF, bytes(data[:head])) if head < 96 else _long_head(data, head)
    if len(data) > head:
        body = np.frombuffer(data, dtype=np.uint8, offset=head).reshape(-1, SLAB)
        first, second, third, fourth = _CARRY
        for start in range(0, len(body), 2048):  # bounds the look-ups' indices to 4 MiB
            places = body[start:start + 2048].astype(np.int32) + _ROWS
            for slab in np.bitwise_xor.reduce(_FLAT.take(places), axis=1).tolist():
                register = (slab ^ first[register & 0xFF] ^ second[register >> 8 & 0xFF]
                            ^ third[register >> 16 & 0xFF] ^ fourth[register >> 24])
    return register ^ 0xFFFFFFFF


def _long_head(data, head):
    """Fewer bytes than a slab: the last rows of the table. The initial value is four FF."""
    some = np.frombuffer(data, dtype=np.uint8, count=head).astype(np.int32)
    some[:4] ^= 0xFF
    return int(np.bitwise_xor.reduce(_FLAT.take(some + _ROWS[SLAB - head:])))
