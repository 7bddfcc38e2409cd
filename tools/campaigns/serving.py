#!/usr/bin/env python3
"""How fast the latest position is served, beside GET of redis-server 7, by redis-benchmark.

Both servers know the same 100,000 keys; Redis answers a value of the length of a T.GET reply. Pairs
are measured one after the other, Tacho and Redis in turn, and what counts is the median of the ratios:
64 requests in a pipeline, 50 connections with one request each, one connection with one request.
First idle, then while 50,000 points/s come in, then while as many come in as the server takes. A clock
of its own times T.GET on one connection under both loads. redis-benchmark tells latencies in steps of
8 us, so on one connection what is compared is the mean of a round trip, from its rate.

Limits are asserted with --full only: on a shared machine a number alone proves little. Always checked:
every answer is a fix, and the loads came in.

examples:
  tools/campaigns/serving.py
  tools/campaigns/serving.py --full
  tools/campaigns/serving.py --rounds 3 --seconds 2
"""

import csv
import json
import statistics
import sys
import time

from lib import campaign, fleet, process, redis, resp
from lib import server as servers
import latency

RIDERS = 100_000
# redis-benchmark writes its random numbers with twelve digits, tacho-fleet with five.
PREFIX = "0" * 7
SHAPES = {
    # name: (connections, pipeline, requests a second of --seconds), floor of the ratio
    "64 in a pipeline": (4, 64, 500_000, 1.0),
    "50 connections": (50, 1, 60_000, 0.85),
    "one connection": (1, 1, 15_000, None),
}
ROUND_TRIP_RATIO = 1.2
P99_MS = {"50,000 points/s": 1.0, "maximum ingest": 10.0}


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--rounds", type=int, help="pairs of each shape (default 1, 5 with --full)")
    parser.add_argument("--seconds", type=float, help="about how long one measurement takes "
                        "(default 0.5, 2 with --full)")
    parser.add_argument("--json", metavar="FILE", help="write all figures here")
    options = parser.parse_args()
    options.rounds = options.rounds or (5 if options.full else 1)
    options.seconds = options.seconds or (2 if options.full else 0.5)
    with campaign.Campaign("serving", options) as c:
        logs = c.place("logs")
        subject = servers.started(c.server_command(), c.work / "data", logs)
        fill(c, subject, logs)
        size = reply_bytes(c, subject)
        child, port = redis.launch(c.place("redis"), logs / "redis.log", "--appendonly", "no")
        fill_redis(c, port, size)
        figures = {"reply_bytes": size, "idle": pairs(c, subject, port, "idle")}
        for label, rate, packed in (("50,000 points/s", 50_000, False),
                                    ("maximum ingest", 0, True)):
            figures[label] = under_load(c, subject, port, logs, label, rate, packed)
        if options.json:
            with open(options.json, "w") as file:
                json.dump(figures, file, indent=1)
        process.kill(child.pid)
        c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)


def load(c, subject, logs, name, rate, seconds, packed, seed):
    command = [c.program("tacho-fleet"), "--riders", RIDERS, "--rate", rate, "--seconds", seconds,
               "--server", subject.address, "--seed", seed, "--prefix", PREFIX, "--json"]
    if packed:
        command += ["--packed", "--batch", "1000"]
    run = fleet.FleetRun.__new__(fleet.FleetRun)
    run.out_path, run.err_path = logs / f"{name}.out", logs / f"{name}.err"
    with open(run.out_path, "wb") as out, open(run.err_path, "wb") as err:
        run.child = process.start(command, stdout=out, stderr=err)
    return run


def fill(c, subject, logs):
    run = load(c, subject, logs, "fill", 0, 2, True, 1)
    run.wait(120)
    with subject.connect() as connection:
        names = [f"{number:012d}" for number in range(0, RIDERS, 997)]
        c.check("every rider is known", all(connection.ask("T.GET", name) for name in names))


def reply_bytes(c, subject):
    with subject.connect() as connection:
        connection.send("T.GET", f"{7:012d}")
        connection.read()
        return len(connection.buffer)


def fill_redis(c, port, size):
    with resp.Connection("127.0.0.1", port) as connection:
        for start in range(0, RIDERS, 1000):
            for number in range(start, start + 1000):
                connection.send("SET", f"{number:012d}", "x" * size)
            for _ in range(1000):
                connection.read()
        c.check("Redis knows them too", connection.ask("DBSIZE") == RIDERS)


def benchmark(port, command, shape, seconds):
    """(requests/s, p50 ms, p99 ms) of one run of redis-benchmark."""
    clients, pipeline, per_second, _ = SHAPES[shape]
    done = process.run(
        ["redis-benchmark", "-p", port, "-c", clients, "-P", pipeline, "-n",
         max(1000, int(per_second * seconds)), "-r", RIDERS, "--csv", command, "__rand_int__"],
        text=True, timeout=300, check=True)
    row = list(csv.DictReader(done.stdout.splitlines()))[-1]
    return float(row["rps"]), float(row["p50_latency_ms"]), float(row["p99_latency_ms"])


def pairs(c, subject, port, label):
    figures = {}
    for shape, (_, _, _, floor) in SHAPES.items():
        ours, theirs = [], []
        for _ in range(c.options.rounds):
            ours.append(benchmark(subject.port, "T.GET", shape, c.options.seconds))
            theirs.append(benchmark(port, "GET", shape, c.options.seconds))
        ratio = statistics.median(a[0] / b[0] for a, b in zip(ours, theirs, strict=True))
        slower = statistics.median(a[1] / b[1] for a, b in zip(ours, theirs, strict=True) if b[1])
        figures[shape] = {"tacho": ours, "redis": theirs, "ratio": ratio, "p50_ratio": slower}
        middle = [statistics.median(column) for column in zip(*ours, strict=True)]
        redis_middle = [statistics.median(column) for column in zip(*theirs, strict=True)]
        c.note(f"{label}, {shape}: T.GET {middle[0]:,.0f}/s p50 {middle[1]} p99 {middle[2]} ms, "
               f"GET {redis_middle[0]:,.0f}/s p50 {redis_middle[1]} p99 {redis_middle[2]} ms; "
               f"rate {ratio:.2f}x, p50 {slower:.2f}x (medians of {len(ours)} pairs)")
        if c.options.full and label == "idle":
            if floor is not None:
                c.check(f"{shape}: at least {floor} x Redis", ratio >= floor, f"{ratio:.3f}")
            else:
                c.check(f"{shape}: a round trip at most {ROUND_TRIP_RATIO} x Redis",
                        1 / ratio <= ROUND_TRIP_RATIO, f"{1 / ratio:.3f}")
    return figures


def under_load(c, subject, port, logs, label, rate, packed):
    # The pairs, and a clock for a tenth of a minute or so.
    clock_seconds = 10 if c.options.full else 2
    seconds = int(6 * c.options.rounds * c.options.seconds * 2.5 + clock_seconds + 4)
    run = load(c, subject, logs, label.split()[0].replace(",", ""), rate, seconds, packed, 2)
    time.sleep(2)
    names = [f"{number:012d}" for number in range(0, RIDERS, 17)]
    durations = latency.measure(c, subject, clock_seconds, names)
    latency.show(c, f"at {label}", durations)
    p99 = durations[int(len(durations) * 0.99)]
    figures = pairs(c, subject, port, label)
    c.check(f"{label}: the load went on all the while", run.child.poll() is None)
    run.wait(seconds + 60)
    report = run.report() or {}
    points = report.get("acknowledged", 0) / report.get("seconds", 1)
    c.note(f"{label}: {points:,.0f} points/s were acknowledged, p99 {report.get('p99_ms')} ms")
    c.check(f"{label}: the load was acknowledged", points > 0, run.err_path.read_text()[-300:])
    if c.options.full:
        if rate:
            c.check(f"{label}: the load reached its rate", points > 0.95 * rate, f"{points:,.0f}")
        c.check(f"{label}: p99 < {P99_MS[label]} ms", p99 < P99_MS[label], f"{p99:.3f} ms")
    return {"pairs": figures, "p99_ms": p99, "points_per_second": points}


if __name__ == "__main__":
    latency.ask_short_slices()
    sys.exit(main())
