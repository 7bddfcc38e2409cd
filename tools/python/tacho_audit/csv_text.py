"""Rows as the CSV of `tacho-audit export`, byte for byte (format-spec.md §11 *CSV of fixes*)."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .rows import CSV_COLUMNS, OPTIONAL
from .verdicts import SOURCES

HEADER = (",".join(CSV_COLUMNS) + "\n").encode()


def lines(rows):
    """The lines of all rows as one bytes-like object."""
    v = rows.values
    columns = [
        _looked_up(v["rider"], [_quoted(name) for name in rows.riders]),
        _integers(v["ts_ms"]), _degrees(v["lat_e7"]), _degrees(v["lon_e7"])]
    columns += [_decimals(v[name], len(str(units)) - 1, rows.present[name])
                for name, (_, units) in OPTIONAL.items()]
    columns += [
        _integers(v["recv_ms"]), _integers(v["claimed_recv_ms"], rows.present["claimed_recv_ms"]),
        _looked_up(v["source"], [source or "" for source in SOURCES]),
        _looked_up(v["verdict_at_seal"], rows.verdicts), _looked_up(v["verdict"], rows.verdicts),
        _integers(v["segment"]), _integers(v["block"]),
        pc.binary_join_element_wise(_integers(v["index"]), "", "\n")]
    joined = pc.binary_join_element_wise(*columns, ",")
    return joined.buffers()[2]


def _quoted(text):
    if any(sign in text for sign in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _looked_up(numbers, texts):
    return pa.array(texts, type=pa.string()).take(pa.array(numbers))


def _integers(values, present=None):
    array = pc.cast(pa.array(values), pa.string())
    return array if present is None else pc.if_else(pa.array(present), array, "")


def _decimals(values, digits, present):
    """Numbers of so many decimals, without zeros at the end; empty where absent."""
    distinct, numbers = np.unique(values, return_inverse=True)
    texts = [""]
    for value in distinct.tolist():
        whole, part = divmod(abs(value), 10 ** digits)
        text = f"{whole}.{part:0{digits}d}".rstrip("0").rstrip(".")
        texts.append("-" + text if value < 0 else text)
    return _looked_up(np.where(present, numbers + 1, 0), texts)


def _degrees(values):
    """Seven decimals, always."""
    size = np.abs(values)
    whole, part = size // 10_000_000, size % 10_000_000
    texts = [str(degree) for degree in range(181)]
    texts += ["-" + text for text in texts]
    digits = np.empty((len(values), 7), dtype=np.uint8)
    for place in range(6, -1, -1):
        digits[:, place] = part % 10 + ord("0")
        part = part // 10
    fraction = pa.StringArray.from_buffers(
        len(values), pa.py_buffer(np.arange(0, 7 * len(values) + 7, 7, dtype=np.int32)),
        pa.py_buffer(digits))
    return pc.binary_join_element_wise(
        _looked_up(whole + np.where(values < 0, 181, 0), texts), fraction, ".")
