"""GeoParquet 1.1 (geoparquet.org): the export's columns and a point in WKB, longitude first."""

import json
import math
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .rows import SCHEMA

GEOMETRY = "geometry"
# OGC:CRS84 as PROJJSON: WGS 84, longitude and latitude in degrees, in this order.
CRS84 = {
    "$schema": "https://proj.org/schemas/v0.7/projjson.schema.json",
    "type": "GeographicCRS",
    "name": "WGS 84 (CRS84)",
    "datum_ensemble": {
        "name": "World Geodetic System 1984 ensemble",
        "members": [{"name": "World Geodetic System 1984 (Transit)"},
                    {"name": "World Geodetic System 1984 (G730)"},
                    {"name": "World Geodetic System 1984 (G873)"},
                    {"name": "World Geodetic System 1984 (G1150)"},
                    {"name": "World Geodetic System 1984 (G1674)"},
                    {"name": "World Geodetic System 1984 (G1762)"},
                    {"name": "World Geodetic System 1984 (G2139)"}],
        "ellipsoid": {"name": "WGS 84", "semi_major_axis": 6378137,
                      "inverse_flattening": 298.257223563},
        "accuracy": "2.0",
        "id": {"authority": "EPSG", "code": 6326}},
    "coordinate_system": {
        "subtype": "ellipsoidal",
        "axis": [{"name": "Geodetic longitude", "abbreviation": "Lon", "direction": "east",
                  "unit": "degree"},
                 {"name": "Geodetic latitude", "abbreviation": "Lat", "direction": "north",
                  "unit": "degree"}]},
    "id": {"authority": "OGC", "code": "CRS84"},
}
_WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])


def points(table):
    """WKB of a table's positions."""
    wkb = np.empty(table.num_rows, dtype=_WKB_POINT)
    wkb["order"], wkb["type"] = 1, 1
    wkb["x"], wkb["y"] = table["lon"].to_numpy(), table["lat"].to_numpy()
    size = _WKB_POINT.itemsize
    offsets = np.arange(0, size * table.num_rows + size, size, dtype=np.int32)
    return pa.BinaryArray.from_buffers(pa.binary(), table.num_rows,
                                       [None, pa.py_buffer(offsets), pa.py_buffer(wkb)])


def metadata(bbox):
    """The value of the file's key `geo`. `bbox`: min lon, min lat, max lon, max lat, or None."""
    column = {"encoding": "WKB", "geometry_types": ["Point"], "crs": CRS84}
    if bbox is not None:
        column["bbox"] = bbox
    return json.dumps({"version": "1.1.0", "primary_column": GEOMETRY,
                       "columns": {GEOMETRY: column}})


def write(path, tables, compression="zstd", progress=None):
    """Writes tables of rows.SCHEMA to `path`, at once there or not at all; the number of rows."""
    path = os.fspath(path)
    making = path + ".part"
    schema = SCHEMA.append(pa.field(GEOMETRY, pa.binary(), nullable=False))
    west = south = math.inf
    east = north = -math.inf
    rows = 0
    try:
        # Without a stored Arrow schema the file's own keys are what readers see as the schema's.
        with pq.ParquetWriter(making, schema, compression=compression,
                              store_schema=False) as writer:
            for table in tables:
                writer.write_table(table.append_column(schema.field(GEOMETRY), points(table)))
                lat, lon = table["lat"].to_numpy(), table["lon"].to_numpy()
                west, east = min(west, lon.min()), max(east, lon.max())
                south, north = min(south, lat.min()), max(north, lat.max())
                rows += table.num_rows
                if progress:
                    progress(rows)
            box = [float(west), float(south), float(east), float(north)] if rows else None
            writer.add_key_value_metadata({"geo": metadata(box)})
        os.replace(making, path)
    finally:
        if os.path.exists(making):
            os.remove(making)
    return rows
