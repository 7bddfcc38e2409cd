#!/usr/bin/env python3
"""What the library costs: its throughput beside a bare connection, and how long one point takes that is
waited for while 50,000 points/s come in.

Throughput: tacho-fleet sends packed batches as fast as it can, by a bare connection (--packed) and by
TachoClient (--client library), in turn, each to a fresh server; what counts is the median of the ratios.
One point: a client appends one point after the other and waits for each, while another sends 50,000
points/s; from append to its return.

Limits (ratio >= 0.9, p99 < 10 ms) are asserted with --full only: on a shared machine a number alone
proves little. Always checked: all was acknowledged.

examples:
  tools/campaigns/client_speed.py
  tools/campaigns/client_speed.py --full
  tools/campaigns/client_speed.py --rounds 3 --seconds 5 --json speed.json
"""

import json
import statistics
import sys
import time

from lib import campaign, fleet, server

RATE = 50_000
RATIO = 0.9
P99_MS = 10.0
WAYS = {
    "raw": ["--packed", "--batch", "1000"],
    "library": ["--client", "library", "--batch", "1000"],
}


def throughput(c, way, number, seconds):
    """Points acknowledged a second, to a server of its own."""
    logs = c.place(f"{way}-{number}-logs")
    data = f"{way}-{number}"
    subject = server.started(c.server_command(), c.work / data, logs, timeout=60)
    run = fleet.FleetRun(c.program("tacho-fleet"), subject, logs, "s", seed=number + 1, riders=5_000,
                         rate=0, seconds=seconds, ledger=False, args=WAYS[way])
    code = run.wait(seconds + 120)
    report = run.report() or {}
    c.check(f"{way} {number}: all that was sent is acknowledged",
            code == 0 and report.get("acknowledged", 0) == report.get("sent"),
            f"{report.get('acknowledged')} of {report.get('sent')}: {run.err_path.read_text()[-300:]}")
    subject.stop(60)
    c.forget(data)
    return report


def awaited(c, seconds):
    logs = c.place("awaited-logs")
    subject = server.started(c.server_command(), c.work / "awaited", logs, timeout=60)
    load = fleet.FleetRun(c.program("tacho-fleet"), subject, logs, "load", seed=1, riders=5_000,
                          rate=RATE, seconds=seconds + 4, ledger=False, args=WAYS["library"][:2])
    time.sleep(2)
    one = fleet.FleetRun(c.program("tacho-fleet"), subject, logs, "one", seed=2, riders=100,
                         rate=0, seconds=seconds, ledger=False,
                         args=["--client", "library", "--single"])
    one.wait(seconds + 60)
    load.wait(seconds + 60)
    single, loaded = one.report() or {}, load.report() or {}
    rate = loaded.get("acknowledged", 0) / loaded.get("seconds", 1)
    c.note(f"one point at a time while {rate:,.0f} points/s come in: p50 {single.get('p50_ms')} ms, "
           f"p99 {single.get('p99_ms')} ms, {single.get('acknowledged')} points")
    c.note(f"the load itself, submitted: p50 {loaded.get('p50_ms')} ms, p99 {loaded.get('p99_ms')} ms")
    c.check("every point that was waited for is acknowledged",
            single.get("acknowledged", 0) > 0 and single["acknowledged"] == single["sent"],
            one.err_path.read_text()[-300:])
    if c.options.full:
        c.check("the load reached its rate", rate > 0.95 * RATE, f"{rate:,.0f}/s")
        c.check(f"p99 < {P99_MS} ms", (single.get("p99_ms") or 1e9) < P99_MS,
                f"{single.get('p99_ms')} ms")
    subject.stop(60)
    return {"single": single, "load": loaded}


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--rounds", type=int, help="pairs (default 1, 5 with --full)")
    parser.add_argument("--seconds", type=float, help="of each run (default 3, 8 with --full)")
    parser.add_argument("--json", metavar="FILE", help="write all figures here")
    options = parser.parse_args()
    with campaign.Campaign("client_speed", options) as c:
        rounds = options.rounds or (5 if options.full else 1)
        seconds = options.seconds or (8 if options.full else 3)
        ratios, figures = [], []
        for number in range(rounds):
            pair = {way: throughput(c, way, number, seconds) for way in WAYS}
            rates = {way: one.get("points_per_second", 0) for way, one in pair.items()}
            ratios.append(rates["library"] / max(1, rates["raw"]))
            figures.append(pair)
            c.note(f"pair {number + 1}: raw {rates['raw']:,}/s, library {rates['library']:,}/s, "
                   f"ratio {ratios[-1]:.3f}")
        ratio = statistics.median(ratios)
        c.note(f"throughput: library / raw = {ratio:.3f} (median of {rounds})")
        if options.full:
            c.check(f"throughput at least {RATIO} x raw", ratio >= RATIO, f"{ratio:.3f}")
        figures = {"ratio": ratio, "pairs": figures, "awaited": awaited(c, seconds)}
        if options.json:
            with open(options.json, "w") as file:
                json.dump(figures, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())
