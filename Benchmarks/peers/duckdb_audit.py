"""DuckDB's CSV writer on the rows of `Benchmarks audit_export`.

duckdb_audit.py ROWS.csv DIRECTORY ROUNDS: loads what Tacho wrote into a table of numbers, writes it
as CSV again with as many threads as DuckDB takes by itself, prints a JSON line. The table is loaded
and in memory or the page cache before the first of the measured rounds.
"""

import json
import os
import sys
import time

import duckdb

TYPES = {
    "rider": "VARCHAR", "ts_ms": "BIGINT", "lat": "DECIMAL(10,7)", "lon": "DECIMAL(10,7)",
    "speed_mps": "DOUBLE", "heading_deg": "DOUBLE", "accuracy_m": "DOUBLE", "alt_m": "DOUBLE",
    "recv_ms": "BIGINT", "claimed_recv_ms": "BIGINT", "src": "VARCHAR",
    "verdict_at_seal": "VARCHAR", "verdict": "VARCHAR", "segment": "INTEGER", "block": "INTEGER",
    "index": "INTEGER",
}


def main():
    source, directory, rounds = sys.argv[1:]
    con = duckdb.connect(os.path.join(directory, "rows.duckdb"))
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in TYPES.items())
    con.execute(
        f"CREATE TABLE rows AS SELECT * FROM read_csv('{source}', header=true, columns={{{types}}})")
    con.execute("CHECKPOINT")
    rows = con.execute("SELECT count(*) FROM rows").fetchone()[0]
    target = os.path.join(directory, "duckdb.csv")
    times = []
    for _ in range(int(rounds) + 1):
        start = time.perf_counter()
        con.execute(f"COPY rows TO '{target}' (HEADER, DELIMITER ',')")
        times.append(time.perf_counter() - start)
    # The first one warms up.
    times = sorted(times[1:])
    print(json.dumps({"rows": rows, "value": rows / times[len(times) // 2]}))


main()
