"""Riders' names of a segment (format-spec.md §9.6, §1)."""

import unicodedata

import numpy as np

from . import errors, layout

MOST_BYTES = 128


def read(segment):
    """The names as a list of str; raises NamesChecksum or NamesContent."""
    start = segment.footer["names_offset"]
    end = segment.footer["file_bytes"] - layout.FOOTER_BYTES
    data = segment.section(errors.NamesChecksum, "names", start, end)
    riders = segment.header["riders"]
    count = riders + segment.header["other_riders"]
    ends = np.frombuffer(data, dtype="<u4", count=count).tolist()
    text = data[4 * count:]
    found, before = [], 0
    for number, at in enumerate(ends):
        raw = text[before:at]
        if not before < at <= len(text) or at - before > MOST_BYTES:
            raise segment.refuse(errors.NamesContent, f"name {number} is of no possible length",
                                 start, end)
        found.append(raw)
        before = at
    if before != len(text):
        raise segment.refuse(errors.NamesContent, "bytes behind the last name", start, end)
    if any(one >= other for one, other in zip(found[:riders], found[1:riders])):
        raise segment.refuse(errors.NamesContent, "names do not ascend", start, end)
    if len(set(found)) != count:
        raise segment.refuse(errors.NamesContent, "a name is there twice", start, end)
    try:
        texts = [raw.decode() for raw in found]
    except UnicodeDecodeError:
        raise segment.refuse(errors.NamesContent, "a name is no UTF-8", start, end) from None
    joined = "".join(texts)
    if not joined.isprintable() and any(unicodedata.category(sign) == "Cc" for sign in joined):
        raise segment.refuse(errors.NamesContent, "a name has control characters", start, end)
    return texts
