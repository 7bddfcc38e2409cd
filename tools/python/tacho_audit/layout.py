"""Layouts of format-spec.md §9: rows of its tables as numpy record types."""

import numpy as np

HEADER_BYTES, BLOCK_HEADER_BYTES, RECORD_BYTES = 192, 24, 48
LEAF_BYTES, INDEX_BYTES, FOOTER_BYTES = 32, 40, 128
MAGIC, END_MAGIC, BLOCK_MAGIC = b"TACHOSEG", b"TACHOEND", b"TBLK"
MAJORS = (0, 1)
MOST_BLOCK_BYTES = 16 << 20
MOST_IN_BLOCK = 4_096
FIXES, AMENDMENTS = 1, 2
COLUMN_CODEC, RECORD_CODEC = 1, 2
NO_RIDER = 0xFFFFFFFF
AMENDED, LOSS = 1, 2
CAUSES = {AMENDED: (1, 2, 4, 5), LOSS: (3,)}

HEADER = np.dtype([
    ("magic", "V8"), ("major", "<u2"), ("minor", "<u2"), ("block_checksum", "u1"), ("hash", "u1"),
    ("tree", "u1"), ("encryption", "u1"), ("partition", "<u4"), ("rule_set", "<u2"),
    ("reserved_1", "V2"), ("segment_id", "<u8"), ("first_sequence", "<u8"),
    ("last_sequence", "<u8"), ("min_recv_ms", "<i8"), ("max_recv_ms", "<i8"), ("min_ts_ms", "<i8"),
    ("max_ts_ms", "<i8"), ("points", "<u8"), ("lost_points", "<u8"), ("amendments", "<u8"),
    ("file_bytes", "<u8"), ("riders", "<u4"), ("other_riders", "<u4"), ("blocks", "<u4"),
    ("reserved_2", "V4"), ("previous_sha256", "V32"), ("reserved_3", "V28"), ("crc32c", "<u4")])

BLOCK = np.dtype([
    ("magic", "V4"), ("kind", "u1"), ("codec", "u1"), ("count", "<u2"), ("rider", "<u4"),
    ("payload_bytes", "<u4"), ("reserved", "V4"), ("crc32c", "<u4")])

RECORD = np.dtype([
    ("kind", "u1"), ("cause", "u1"), ("effect", "u1"), ("flags", "u1"), ("ordinal", "<u2"),
    ("rule_set", "<u2"), ("rider", "<u4"), ("reserved", "<u4"), ("first_sequence", "<u8"),
    ("last_sequence", "<u8"), ("ts_ms", "<i8"), ("codes", "<u8")])

INDEX = np.dtype([
    ("offset", "<u8"), ("stored_bytes", "<u4"), ("rider", "<u4"), ("kind", "u1"), ("codec", "u1"),
    ("count", "<u2"), ("reserved", "<u4"), ("min_ts_ms", "<i8"), ("max_ts_ms", "<i8")])

FOOTER = np.dtype([
    ("leaves_offset", "<u8"), ("index_offset", "<u8"), ("names_offset", "<u8"),
    ("file_bytes", "<u8"), ("root", "V32"), ("sha256", "V32"), ("reserved", "V16"),
    ("crc32c", "<u4"), ("major", "<u2"), ("minor", "<u2"), ("magic", "V8")])


def read(dtype, data, offset=0):
    """One row as a dict of ints and bytes."""
    row = np.frombuffer(data, dtype=dtype, count=1, offset=offset)[0]
    return {name: value.tobytes() if isinstance(value, np.void) else int(value)
            for name, value in zip(dtype.names, row)}
