"""The two ends of a segment (format-spec.md §9.1, §9.7): what they say, what is refused in them.

`refuse(kind, what, start, end)` makes an error of the file.
"""

from . import errors, layout
from .crc32c import crc32c

U64 = (1 << 64) - 1


def header(start, size, end_of_file, refuse):
    """The header as a dict. `start`: the first bytes of the file, `end_of_file()`: those of the
    footer, `size`: of the file."""
    if size < layout.HEADER_BYTES:
        raise refuse(errors.CutHeader, f"only {size} bytes, a header has {layout.HEADER_BYTES}", 0,
                     size)
    head = layout.read(layout.HEADER, start)
    if head["magic"] != layout.MAGIC:
        raise refuse(errors.NoSegment, "it does not begin with TACHOSEG", 0, 8)
    if head["major"] not in layout.MAJORS:
        end = layout.read(layout.FOOTER, end_of_file())
        if end["magic"] == layout.END_MAGIC and end["major"] != head["major"]:
            raise refuse(errors.VersionsDiffer, f"it begins as version {head['major']} and ends as "
                         f"{end['major']}", 8, 12)
        raise refuse(errors.UnknownVersion, f"format version {head['major']} is unknown here", 8,
                     12)
    if crc32c(start[:188]) != head["crc32c"]:
        raise refuse(errors.HeaderChecksum, "the header's checksum is wrong", 0, 192)
    for name, known in (("block_checksum", 1), ("hash", 1), ("tree", 1), ("encryption", 0)):
        if head[name] != known:
            raise refuse(errors.UnknownAlgorithm, f"{name} {head[name]} is unknown here", 12, 16)
    if head["minor"] == 0:  # a later one may use them
        for name in ("reserved_1", "reserved_2", "reserved_3"):
            if any(head[name]):
                place = layout.HEADER.fields[name][1]
                raise refuse(errors.HeaderReserved, "reserved bytes of the header are not 0", place,
                             place + len(head[name]))
    wrong = _impossible(head)
    if wrong:
        raise refuse(errors.HeaderContent, wrong, 0, 192)
    if size < head["file_bytes"]:
        raise refuse(errors.Cut, f"the file has {size} of {head['file_bytes']} bytes", size,
                     head["file_bytes"])
    if size > head["file_bytes"]:
        raise refuse(errors.TrailingBytes, "bytes follow the footer", head["file_bytes"], size)
    return head


def _impossible(head):
    """What the header says that cannot be, if anything."""
    claims = (
        (head["segment_id"] >= 1, "segment 0"),
        (1 <= head["first_sequence"] <= head["last_sequence"] < U64,
         f"sequences {head['first_sequence']}-{head['last_sequence']}"),
        (head["min_recv_ms"] <= head["max_recv_ms"], "receipt times are reversed"),
        (head["min_ts_ms"] <= head["max_ts_ms"], "event times are reversed"),
        (head["points"] or not any(head[name] for name in (
            "min_recv_ms", "max_recv_ms", "min_ts_ms", "max_ts_ms")), "times of no points"),
        ((head["segment_id"] == 1) == (not any(head["previous_sha256"])),
         "a SHA-256 before the first segment, or none before another"),
        (head["blocks"] >= 1, "no block"),
        (head["riders"] <= head["blocks"], "more riders than blocks"),
        (head["other_riders"] <= head["amendments"], "riders nobody names"),
        (head["file_bytes"] >= layout.HEADER_BYTES + layout.FOOTER_BYTES + 12,
         f"a file of {head['file_bytes']} bytes"))
    return next((what for holds, what in claims if not holds), None)


def footer(data, head, refuse):
    """The footer as a dict. `data`: the last bytes of the file, `head`: its header."""
    size = head["file_bytes"]
    start = size - layout.FOOTER_BYTES
    foot = layout.read(layout.FOOTER, data)
    if foot["magic"] != layout.END_MAGIC:
        raise refuse(errors.FooterMagic, "it does not end with TACHOEND", size - 8, size)
    if (foot["major"], foot["minor"]) != (head["major"], head["minor"]):
        raise refuse(errors.VersionsDiffer, "its two ends name different versions", start, size)
    if crc32c(data[:112]) != foot["crc32c"]:
        raise refuse(errors.FooterChecksum, "the footer's checksum is wrong", start, size)
    if head["minor"] == 0 and any(foot["reserved"]):
        raise refuse(errors.FooterReserved, "reserved bytes of the footer are not 0", start, size)
    leaves, index, names = (foot[f"{name}_offset"] for name in ("leaves", "index", "names"))
    riders = head["riders"] + head["other_riders"]
    if (foot["file_bytes"] != size or leaves < layout.HEADER_BYTES
            or index != leaves + layout.LEAF_BYTES * head["blocks"] + 4
            or names != index + layout.INDEX_BYTES * head["blocks"] + 4
            or start < names + 4 * riders + 4):
        raise refuse(errors.FooterContent, "offsets or sizes do not fit", start, size)
    return foot
