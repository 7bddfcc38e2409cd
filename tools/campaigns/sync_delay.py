#!/usr/bin/env python3
"""No acknowledgement leaves before its sync: every sync call takes 300 ms, no reply may be faster.

The server runs under `strace -f -e inject=fdatasync,fsync,…:delay_enter=300000`. A `kill -9` cannot
see a missing fsync, because the page cache outlives the process; a delayed one can be timed.
Also checked: a duplicate waits for the sync of the fix it repeats, nobody sees a fix in latest
before it is durable, the same holds for reviews of alerts, and an offline import reports only after a sync that follows its last write.

examples:
  tools/campaigns/sync_delay.py
  tools/campaigns/sync_delay.py --fault skip-sync --expect-failure
"""

import sys
import time

from lib import campaign, load, process, reviews, server, strace, tracks

DELAY_S = 0.300
CSV_HEADER = "rider,ts_ms,lat,lon,speed_mps,heading_deg,accuracy_m,alt_m\n"


def main():
    parser = campaign.parser(__doc__)
    options = parser.parse_args()
    with campaign.Campaign("sync_delay", options) as c:
        logs = c.place("logs")
        delay = f"delay_enter={int(DELAY_S * 1e6)}"
        wrapper = strace.inject(strace.SYNCS, delay, logs / "server.strace")
        subject = server.started(c.server_command(), c.work / "data", logs, wrapper=wrapper,
                                 timeout=180)
        c.note(f"ready under strace, sync calls take {DELAY_S * 1000:.0f} ms")
        acknowledgements(c, subject)
        pipelined(c, subject)
        duplicate_waits(c, subject)
        latest_waits(c, subject)
        review_waits(c, subject)
        if not options.fault and not options.expect_failure:
            import_through_server(c, subject, logs)
        subject.stop(timeout=120)
        calls = strace.read(logs / "server.strace")
        synced = sorted({call.name for call in calls
                         if call.path.endswith(strace.JOURNAL_SUFFIX)})
        c.note(f"sync calls seen on the journal: {', '.join(synced) or 'none'}")
        c.check("the journal is synced by a call that was delayed", synced, durability=True)
        if not options.fault and not options.expect_failure:
            offline_import(c, logs)


def early(c, label, elapsed):
    c.check(f"{label} after its sync", elapsed >= DELAY_S, f"reply after {elapsed * 1000:.1f} ms",
            durability=True)


def acknowledgements(c, subject):
    fleet = tracks.Fleet(c.random, 6, prefix="d")
    seen = set()
    shapes = [
        ("T.ADD", lambda: fleet.next_batch(1), lambda batch: tracks.add(batch[0])),
        ("T.MADD", lambda: next(load.single_rider(fleet, 5)), tracks.madd),
        ("T.MADDX", lambda: fleet.next_batch(20), tracks.maddx),
        ("T.IMPORT", lambda: fleet.next_batch(20), tracks.import_claimed),
    ]
    with subject.connect(timeout=60) as connection:
        for _ in range(5 if c.options.full else 3):
            for name, make, shape in shapes:
                command = shape(fresh(make, seen))
                sent = time.monotonic()
                connection.command(*command)
                early(c, f"{name} is acknowledged", time.monotonic() - sent)


def fresh(make, seen):
    """A batch whose first fix is new and well-formed, so that there is something to sync."""
    while True:
        batch = make()
        rider, fields = batch[0]
        place = (rider, fields[0])
        is_new = place not in seen and tracks.stored(fields) is not None
        seen.update((rider, fields[0]) for rider, fields in batch)
        if is_new:
            return batch


def pipelined(c, subject):
    """Forty requests at once: the first reply must still wait for a sync."""
    fleet = tracks.Fleet(c.random, 6, prefix="p")
    batches = [fresh(lambda: fleet.next_batch(1), set())] + [fleet.next_batch(1) for _ in range(39)]
    with subject.connect(timeout=60) as connection:
        sent = time.monotonic()
        for batch in batches:
            connection.send(*tracks.add(batch[0]))
        connection.read()
        early(c, "the first of 40 pipelined T.ADD is acknowledged", time.monotonic() - sent)
        for _ in range(39):
            connection.read()


def duplicate_waits(c, subject):
    """A DUP leaves no earlier than the sync of the fix it repeats."""
    fix = ["T.ADD", "dup", tracks.START_MS, "37.5", "127.0"]
    with subject.connect(timeout=60) as first, subject.connect(timeout=60) as second:
        second.command("PING")
        sent = time.monotonic()
        first.send(*fix)
        time.sleep(0.05)
        mask = second.command(*fix)
        elapsed = time.monotonic() - sent
        first.read()
    c.check("the repeated fix is a duplicate", mask & 1, f"mask {mask}")
    early(c, "a duplicate on another connection is answered", elapsed)


def latest_waits(c, subject):
    """T.GET of another connection shows a fix only once it is durable."""
    with subject.connect(timeout=60) as writer, subject.connect(timeout=60) as reader:
        reader.command("PING")
        sent = time.monotonic()
        writer.send("T.ADD", "seen", tracks.START_MS, "37.5", "127.0")
        while reader.command("T.GET", "seen") is None and time.monotonic() - sent < 30:
            time.sleep(0.002)
        early(c, "latest shows a fix", time.monotonic() - sent)
        writer.read()


def review_waits(c, subject):
    """What is said about an alert is durable when answered, also when it is said again, and nobody
    else sees it before."""
    truth = reviews.Reviews()
    with subject.connect(timeout=60) as first, subject.connect(timeout=60) as second:
        truth.raise_alerts(first, c.random, 1)
        alert = sorted(truth.histories)[0]
        sent = time.monotonic()
        first.command("T.ALERT", "ACK", alert, "BY", "kim")
        early(c, "T.ALERT is acknowledged", time.monotonic() - sent)
        second.command("PING")
        sent = time.monotonic()
        first.send("T.ALERT", "FALSE", alert, "BY", "kim")
        time.sleep(0.05)
        second.command("T.ALERT", "FALSE", alert, "BY", "kim")
        early(c, "the same review on another connection is answered", time.monotonic() - sent)
        first.read()
        sent = time.monotonic()
        first.send("T.ALERT", "CONFIRM", alert, "BY", "kim")
        while reviews.fields(second.command("T.ALERT", "GET", alert))["state"] != "confirmed" \
                and time.monotonic() - sent < 30:
            time.sleep(0.002)
        early(c, "an alert shows its new state", time.monotonic() - sent)
        first.read()


def write_csv(c, path, count):
    fleet = tracks.Fleet(c.random, 4, prefix=path.stem)
    with open(path, "w") as file:
        file.write(CSV_HEADER)
        for rider, fields in fleet.next_batch(count):
            values = ["" if value == "-" else value for value in fields[:7]]
            file.write(f"{rider},{','.join(values)}\n")


def import_through_server(c, subject, logs):
    file = logs / "online.csv"
    write_csv(c, file, 200)
    begin = time.monotonic()
    done = process.run([c.program("tacho"), "import", file, "--server", subject.address, "--json"],
                       timeout=180)
    elapsed = time.monotonic() - begin
    c.check("tacho import --server succeeds", done.returncode == 0, done.stderr.decode()[-300:])
    early(c, "tacho import --server ends", elapsed)


def offline_import(c, logs):
    """By the order of calls: every write to the journal is followed by a sync before the summary."""
    file, data, log = logs / "offline.csv", c.work / "offline", logs / "offline.strace"
    write_csv(c, file, 200)
    calls = f"write,pwrite64,writev,{strace.SYNCS}"
    wrapper = ["strace", "-f", "-q", "-ttt", "-T", "-y", "-s", "0", "-o", str(log), "-e",
               f"trace={calls}", "-e", "signal=none", "-e",
               f"inject={strace.SYNCS}:delay_enter={int(DELAY_S * 1e6)}"]
    begin = time.monotonic()
    done = process.run(
        wrapper + [c.program("tacho"), "import", file, "--data", data, "--json"], timeout=300)
    elapsed = time.monotonic() - begin
    c.check("tacho import --data succeeds", done.returncode == 0, done.stderr.decode()[-300:])
    early(c, "tacho import --data ends", elapsed)
    trace = strace.read(log)
    report = [call for call in trace if call.name == "write" and call.arguments.startswith("1<")]
    if not c.check("the summary is in the trace", report):
        return
    said = report[-1].begin
    logs_written = {call.path for call in trace
                    if call.path.endswith(strace.JOURNAL_SUFFIX)
                    and call.name in ("write", "pwrite64", "writev")}
    c.check("the import wrote to the journal", logs_written)
    for path in sorted(logs_written):
        written = max(call.begin for call in trace if call.path == path
                      and call.name.startswith(("write", "pwrite")) and call.begin < said)
        synced = any(call.path == path and call.name in ("fdatasync", "fsync")
                     and call.begin >= written and call.end and call.end <= said
                     and call.result == 0 for call in trace)
        c.check(f"{path.rsplit('/', 1)[-1]} is synced after its last write, before the summary",
                synced, durability=True)


if __name__ == "__main__":
    sys.exit(main())
