"""Rows of fixes as they are exported: the columns of many blocks, one after another, in stored
units; and how they become a pyarrow table."""

import numpy as np
import pyarrow as pa

from .verdicts import SOURCES

# The columns of `tacho-audit export`, in its order.
CSV_COLUMNS = (
    "rider", "ts_ms", "lat", "lon", "speed_mps", "heading_deg", "accuracy_m", "alt_m", "recv_ms",
    "claimed_recv_ms", "src", "verdict_at_seal", "verdict", "segment", "block", "index")
# Optional columns: the attribute of a block, the stored units in one of the unit of the column.
OPTIONAL = {"speed_mps": ("speed", 100), "heading_deg": ("heading", 100),
            "accuracy_m": ("accuracy", 10), "alt_m": ("altitude", 10)}
_TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema([
    ("rider", _TEXT), ("ts_ms", pa.int64()), ("lat", pa.float64()), ("lon", pa.float64()),
    ("speed_mps", pa.float64()), ("heading_deg", pa.float64()), ("accuracy_m", pa.float64()),
    ("alt_m", pa.float64()), ("recv_ms", pa.int64()), ("claimed_recv_ms", pa.int64()),
    ("src", _TEXT), ("verdict_at_seal", _TEXT), ("verdict", _TEXT), ("segment", pa.int64()),
    ("block", pa.int64()), ("index", pa.int32()), ("lat_e7", pa.int32()), ("lon_e7", pa.int32())])


class Rows:
    """Columns as numpy arrays of one length.

    `values` has ts_ms, lat_e7, lon_e7, recv_ms, source, segment, block, index, rider,
    verdict_at_seal, verdict (the last three numbers of `riders` and `verdicts`) and those of
    OPTIONAL and claimed_recv_ms in stored units; `present` says which fixes have one of these.
    """

    def __init__(self, values, present, riders, verdicts):
        self.values, self.present = values, present
        self.riders, self.verdicts = riders, verdicts

    def __len__(self):
        return len(self.values["ts_ms"])

    def where(self, mask):
        """The rows for which `mask` holds."""
        if mask.all():
            return self
        return Rows({name: column[mask] for name, column in self.values.items()},
                    {name: column[mask] for name, column in self.present.items()},
                    self.riders, self.verdicts)

    def table(self):
        """A pyarrow table of SCHEMA. lat and lon are the doubles nearest to the exact decimals of
        lat_e7 and lon_e7."""
        v = self.values
        sources = [source or "" for source in SOURCES]
        columns = {
            "rider": _texts(v["rider"], self.riders),
            "lat": v["lat_e7"] / 1e7, "lon": v["lon_e7"] / 1e7,
            "claimed_recv_ms": pa.array(v["claimed_recv_ms"],
                                        mask=~self.present["claimed_recv_ms"]),
            "src": _texts(v["source"], sources, v["source"] == 0),
            "verdict_at_seal": _texts(v["verdict_at_seal"], self.verdicts),
            "verdict": _texts(v["verdict"], self.verdicts)}
        for name, (_, units) in OPTIONAL.items():
            columns[name] = pa.array(v[name] / units, mask=~self.present[name])
        return pa.table([columns.get(field.name, v.get(field.name)) if isinstance(
            columns.get(field.name), pa.Array) else pa.array(
                columns.get(field.name, v.get(field.name)), type=field.type)
            for field in SCHEMA], schema=SCHEMA)


def _texts(numbers, texts, mask=None):
    return pa.DictionaryArray.from_arrays(
        pa.array(numbers.astype(np.int32), mask=mask), pa.array(texts, type=pa.string()))


def empty():
    return SCHEMA.empty_table()
