#!/usr/bin/env python3
"""T.GET at depth 1, and an alert from its fix to XREAD BLOCK, while 50,000 points/s come in: p50,
p99, p99.9 in ms.

tacho-fleet sends, this process asks for random riders one at a time over its own connection; then it
lets one rider after the other jump 5 km and waits on a second connection until the alert is read.
The limits (p99 < 1 ms, of alerts 100 ms) are asserted with --full only: on a shared machine a number
alone proves little. Always checked: the load really came in, every answer is a fix, every jump is
heard of.

examples:
  tools/campaigns/latency.py
  tools/campaigns/latency.py --full --seconds 30
"""

import ctypes
import platform
import struct
import sys
import time

from lib import campaign, fleet, resp, server

RATE = 50_000
LIMIT_MS = 1.0
ALERT_LIMIT_MS = 100.0
SLICE_NS = 100_000
SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--seconds", type=float, help="default 5, 20 with --full")
    parser.add_argument("--rate", type=int, default=RATE, help="points per second")
    options = parser.parse_args()
    with campaign.Campaign("latency", options) as c:
        seconds = options.seconds or (20 if options.full else 5)
        logs = c.place("logs")
        subject = server.started(c.server_command(), c.work / "data", logs)
        ask_short_slices()
        idle = measure(c, subject, 1.0, ["nobody"])
        load = fleet.FleetRun(c.program("tacho-fleet"), subject, logs, "q", seed=1, riders=5000,
                              rate=options.rate, seconds=2 * seconds + 3, ledger=False)
        time.sleep(2)
        names = [f"q{number:05d}" for number in range(5000)]
        busy = measure(c, subject, seconds, names)
        heard = alerts(c, subject, seconds)
        load.wait(30)
        report = load.report() or {}
        rate = report.get("acknowledged", 0) / report.get("seconds", 1)
        show(c, "idle", idle)
        show(c, f"at {rate:,.0f} points/s", busy)
        show(c, f"at {rate:,.0f} points/s", heard, "from a fix to its alert")
        c.note(f"acknowledgements: p50 {report.get('p50_ms')} ms, p99 {report.get('p99_ms')} ms")
        c.check("the load was acknowledged", report.get("acknowledged", 0) > 0,
                load.err_path.read_text()[-300:])
        if options.full:
            c.check("the load reached its rate", rate > 0.95 * options.rate, f"{rate:,.0f}/s")
            p99 = busy[int(len(busy) * 0.99)]
            c.check(f"p99 < {LIMIT_MS} ms", p99 < LIMIT_MS, f"{p99:.3f} ms")
            p99 = heard[int(len(heard) * 0.99)]
            c.check(f"p99 of alerts < {ALERT_LIMIT_MS} ms", p99 < ALERT_LIMIT_MS, f"{p99:.1f} ms")
        c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)


def ask_short_slices():
    """The clock shares two cores with the load's sender, which a user's phone does not. Without
    this it shows how long the sender computes at a stretch, not how long an answer takes."""
    number = SCHED_SETATTR.get(platform.machine())
    if number is not None:
        attributes = struct.pack("=IIQiIQQQ", 48, 0, 0, 0, 0, SLICE_NS, 0, 0)
        ctypes.CDLL(None, use_errno=True).syscall(number, 0, attributes, 0)


def measure(c, subject, seconds, names):
    """Sorted durations in ms. The requests are encoded before: only the round trip is timed."""
    requests = [resp.encode(["T.GET", name]) for name in names]
    durations, unknown = [], 0
    with subject.connect() as connection:
        end = time.perf_counter() + seconds
        while True:
            request = requests[int(c.random.random() * len(requests))]
            begin = time.perf_counter()
            connection.send_raw(request)
            reply = connection.read()
            done = time.perf_counter()
            durations.append((done - begin) * 1000)
            unknown += reply is None
            if done > end:
                break
    if len(names) > 1:
        c.check("every rider asked for is known", unknown == 0, f"{unknown} of {len(durations)}")
    return sorted(durations)


def alerts(c, subject, seconds):
    """Sorted durations in ms, from sending a fix 5 km off to reading its alert elsewhere."""
    durations = []
    with subject.connect() as phone, subject.connect() as operations:
        last = "$"
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            rider = f"jumper-{len(durations)}"
            now = int(time.time() * 1000)
            phone.command("T.ADD", rider, now - 1000, "37.5", "127.0")
            operations.send_raw(
                resp.encode(["XREAD", "BLOCK", 5000, "STREAMS", "alerts", last]))
            time.sleep(0.005)
            begin = time.perf_counter()
            phone.send_raw(resp.encode(["T.ADD", rider, now, "37.545", "127.0"]))
            while True:
                reply = operations.read()
                if not reply:
                    break
                last = reply[0][1][-1][0]
                if any(rider.encode() in entry[1] for entry in reply[0][1]):
                    break
                operations.send_raw(
                    resp.encode(["XREAD", "BLOCK", 5000, "STREAMS", "alerts", last]))
            durations.append((time.perf_counter() - begin) * 1000)
            phone.read()
            if not reply:
                c.check("every jump is heard of", False, rider)
                return sorted(durations)
    c.check("every jump is heard of", True)
    return sorted(durations)


def show(c, label, durations, what="T.GET depth 1"):
    def at(share):
        return durations[min(len(durations) - 1, int(len(durations) * share))]

    c.note(f"{what} {label}: p50 {at(0.5):.3f} ms, p99 {at(0.99):.3f} ms, "
           f"p99.9 {at(0.999):.3f} ms, n {len(durations)}")


if __name__ == "__main__":
    sys.exit(main())
