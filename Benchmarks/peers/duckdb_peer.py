"""DuckDB and Parquet on the points of `Benchmarks peers`: scans, export as CSV, bytes a point.

duckdb_peer.py POINTS.csv DIRECTORY: prints JSON lines, figures beside settings and the proof of
what is held. Files are sorted by rider and time, as Tacho's chunks are.
"""

import json
import os
import sys
import time

import duckdb
import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

COLUMNS = {
    "rider": pyarrow.int32(), "ts": pyarrow.int64(), "lat_e7": pyarrow.int32(),
    "lon_e7": pyarrow.int32(), "speed_cms": pyarrow.int32(), "heading_cdeg": pyarrow.int32(),
    "accuracy_dm": pyarrow.int32(),
}
REPEATS = 5


def show(**values):
    print(json.dumps(values))


def best_of(repeats, body):
    """The median of the times of `body`, in seconds: the first run warms the page cache."""
    body()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def read_points(path):
    convert = pyarrow.csv.ConvertOptions(column_types=COLUMNS)
    read = pyarrow.csv.ReadOptions(column_names=list(COLUMNS))
    table = pyarrow.csv.read_csv(path, read_options=read, convert_options=convert)
    return table.sort_by([("rider", "ascending"), ("ts", "ascending")])


def parquet(table, directory):
    rows = table.num_rows
    plain = os.path.join(directory, "plain.parquet")
    small = os.path.join(directory, "small.parquet")
    pyarrow.parquet.write_table(table, plain)
    pyarrow.parquet.write_table(
        table, small, compression="zstd", compression_level=9, use_dictionary=False,
        column_encoding={name: "DELTA_BINARY_PACKED" for name in COLUMNS})
    for name, path in (("parquet_bytes", plain), ("parquet_bytes_delta_zstd", small)):
        show(name=name, value=os.path.getsize(path) / rows, unit="B/point")

    def decode():
        return pyarrow.parquet.read_table(path, use_threads=False)

    for name, path in (("parquet_decode", plain), ("parquet_decode_delta_zstd", small)):
        show(name=name, value=rows / best_of(REPEATS, decode), unit="points/s")
    return plain


def database(plain, directory, rows):
    con = duckdb.connect(os.path.join(directory, "points.duckdb"))
    for name in ("threads", "memory_limit"):
        value = con.execute(f"SELECT current_setting('{name}')").fetchone()[0]
        show(setting=f"duckdb: {duckdb.__version__}, {name} {value}")
    show(setting=f"parquet: pyarrow {pyarrow.__version__}, snappy with dictionaries, and "
                 "DELTA_BINARY_PACKED with zstd 9; sorted by rider and time; decoded by one thread")
    start = time.perf_counter()
    con.execute(
        "CREATE TABLE fixes AS SELECT 'rider-' || rider AS rider, ts, "
        "(lat_e7 / 1e7)::DECIMAL(10,7) AS lat, (lon_e7 / 1e7)::DECIMAL(10,7) AS lon, "
        "(speed_cms / 100)::DECIMAL(8,2) AS speed, (heading_cdeg / 100)::DECIMAL(8,2) AS heading, "
        f"(accuracy_dm / 10)::DECIMAL(8,1) AS acc FROM '{plain}'")
    con.execute("CHECKPOINT")
    show(name="duckdb_load", value=rows / (time.perf_counter() - start), unit="points/s")
    size = os.path.getsize(os.path.join(directory, "points.duckdb"))
    show(name="duckdb_bytes", value=size / rows, unit="B/point")

    def scan():
        return con.execute(
            "SELECT count(*), sum(ts), sum(lat), sum(lon), sum(speed), sum(heading), sum(acc) "
            "FROM fixes").fetchone()

    held = scan()
    show(rows=held[0], ts_sum=int(held[1]))
    show(name="duckdb_scan", value=rows / best_of(REPEATS, scan), unit="points/s")
    target = os.path.join(directory, "fleet.csv")

    def export():
        con.execute(f"COPY (SELECT * FROM fixes) TO '{target}' (HEADER, DELIMITER ',')")

    show(name="duckdb_export_csv", value=rows / best_of(REPEATS, export), unit="points/s")
    con.close()


def main():
    source, directory = sys.argv[1:]
    table = read_points(source)
    show(rows=table.num_rows, ts_sum=pyarrow.compute.sum(table["ts"]).as_py())
    plain = parquet(table, directory)
    database(plain, directory, table.num_rows)


main()
