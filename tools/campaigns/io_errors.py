#!/usr/bin/env python3
"""EIO and ENOSPC at call 1…50 of write, pwrite64, fdatasync, fsync and rename, on our files only.

strace fails one call of each thread on exact paths of the data directory. Then:
no group is acknowledged whose own write or sync failed, nothing is after a failure; the server ends
with 74 (73 or 74 while opening, or the SIGABRT of RocksDB's assertion build); after a restart every
acknowledged fix is back, none twice, and what is sealed verifies.

Half of the short form's injections begin with the process (opening is hit), half when it is ready
(serving is hit). `--full` does all 500 from the start and another 100 from ready on.

examples:
  tools/campaigns/io_errors.py --count 30
  tools/campaigns/io_errors.py --only fdatasync:EIO:3:ready
"""

import itertools
import signal
import sys
import time

from lib import audit, campaign, load, oracle, process, server, strace, tracks

CALLS = ["write", "pwrite64", "fdatasync", "fsync", "rename"]
KINDS = {"write": "write", "pwrite64": "write", "fdatasync": "sync", "fsync": "sync",
         "rename": "rename"}
ERRORS = ["EIO", "ENOSPC"]
PHASES = ["start", "ready"]
# The failing call takes this long, so that a reply sent without waiting for it is read before it
# ends.
STALL_S = 0.030
# From the end of a failed call until replies must have stopped: the failing thread has to tell the
# others, on a machine that is busy.
GRACE_S = 0.100
RUN_S = 2.5
# Logged in every run: they prove each acknowledgement, and tell what a sync of a directory is for.
WATCHED = ["write", "pwrite64", "fdatasync", "fsync", "rename", "renameat2"]


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--count", type=int, default=30, help="injections in the short form")
    parser.add_argument("--only", metavar="CALL:ERROR:N:PHASE", action="append",
                        help="exactly these, to replay a failure")
    options = parser.parse_args()
    with campaign.Campaign("io_errors", options) as c:
        outcomes = {"write": 0, "sync": 0, "rename": 0}
        reached = silent = 0
        for number, one in enumerate(plan(c)):
            outcome = inject(c, number, *one)
            if outcome is None:
                silent += 1
                continue
            reached += 1
            code, injected = outcome
            kind = KINDS[one[0]]
            if code == 74 and (kind != "sync" or any(
                    call.path.endswith(strace.JOURNAL_SUFFIX) for call in injected)):
                outcomes[kind] += 1
        c.note(f"{reached} injections reached, {silent} not (fewer calls were made); "
               f"exit 74 by kind: {outcomes}")
        if not options.only:
            for kind, count in outcomes.items():
                c.check(f"at least one exit 74 for {kind}" + (" of the journal" if kind == "sync" else ""),
                        count, durability=True)


def plan(c):
    """(call, error, n, phase) tuples."""
    options = c.options
    if options.only:
        return [(a, b, int(n), d) for a, b, n, d in (text.split(":") for text in options.only)]
    everything = list(itertools.product(CALLS, ERRORS, range(1, 51), ["start"]))
    if options.full:
        return everything + list(itertools.product(
            CALLS, ERRORS, [1, 2, 3, 4, 5, 8, 13, 21, 34, 50], ["ready"]))
    chosen = []
    for number in range(options.count):
        call = CALLS[number % len(CALLS)]
        phase = PHASES[number // len(CALLS) % 2]
        # Rare calls must be early ones to be reached at all.
        rare = call in ("fsync", "rename") or (call == "write" and phase == "ready")
        last = 4 if rare else 50
        n = 1 if number < 2 * len(CALLS) and phase == "ready" else c.random.randrange(1, last + 1)
        chosen.append((call, c.random.choice(ERRORS), n, phase))
    return chosen


def inject(c, number, call, error, n, phase):
    """One injection; the exit code, or None when the n-th call was never made."""
    label = f"{call}:{error}:{n}:{phase}"
    place = c.place(f"io-{number}")
    data, log = place / "data", place / "strace.log"
    calls = strace.RENAMES if call == "rename" else call
    action = f"error={error}:delay_enter={int(STALL_S * 1e6)}:when={n}"
    truth = oracle.Oracle()
    subject, writer = run_with_fault(c, place, data, log, calls, action, phase, truth)
    code = subject.wait(0)
    trace = strace.read(log)
    injected = [one for one in trace if one.injected]
    vital = vital_failures(trace, data)
    ready = subject.port is not None
    if code is None:
        # No fault was reached, or none that matters: end it by hand.
        code_after_stop = subject.stop(30)
        if code_after_stop is None:
            subject.kill9()
        c.check(f"{label}: the server ends after {vital[:1]}", not vital, subject.last_error)
        c.check(f"{label}: without a fault it stops cleanly", vital or code_after_stop == 0,
                f"exit {code_after_stop}: {subject.last_error}")
    elif not injected:
        c.check(f"{label}: nothing was injected and it ended", False,
                f"exit {code}: {subject.last_error}")
    else:
        allowed = [74, -signal.SIGABRT, 128 + signal.SIGABRT] + ([] if ready else [73])
        c.check(f"{label}: exit 74 (73 while opening, or abort)", code in allowed,
                f"exit {code} at {injected[0]}: {subject.last_error}", durability=ready)
    acknowledgements(c, label, writer, trace, vital)
    restart(c, label, place, data, truth)
    c.forget(place.name)
    return (code, vital) if vital else None


def vital_failures(trace, data):
    """Injected failures that must end the server: all but two.

    A journal file is filled with zeros before it is needed, under the name "new"; no room for that
    is told to writers as "try again". No room for a segment that is being written is told to who
    seals: the file is thrown away, and made again later.
    """
    found = []
    for call in trace:
        if not call.injected:
            continue
        if call.path == f"{data}/journal/new" and call.error == "ENOSPC" and "write" in call.name:
            continue
        if call.path.startswith(f"{data}/audit/tmp/") and call.error == "ENOSPC" and (
                "rename" not in call.name):
            continue
        if call.path.startswith(
                (f"{data}/db", f"{data}/journal", f"{data}/watermark", f"{data}/audit")):
            found.append(call)
    return found


def run_with_fault(c, place, data, log, calls, action, phase, truth):
    """A server under one fault and a writer on it; both may have ended when this returns."""
    only = strace.paths(data)
    # Short ranges and small blocks make every kind of call happen within seconds.
    if phase == "start":
        wrapper = strace.inject(calls, action, log, only, watch=WATCHED)
        subject = server.Server(c.server_command(), data, place, wrapper=wrapper)
        if not subject.wait_ready(40):
            subject.wait(5)
            return subject, None
    else:
        subject = server.started(c.server_command(), data, place)
        tracer = process.start(
            strace.inject(calls, action, log, only, attach=subject.pid, watch=WATCHED))
        process.wait_until(lambda: strace.is_traced(subject.pid) or tracer.poll() is not None, 5)
    fleet = tracks.Fleet(c.random, 5)
    batches = (fleet.next_batch(c.random.choice([1, 4, 40])) for _ in itertools.count())
    writer = load.Writer(subject, batches, truth, depth=1, shape=tracks.import_claimed,
                         with_source=True)
    sealer = load.Repeater(subject, lambda connection: connection.ask("T.SEAL"), pause=0.3)
    writer.start()
    sealer.start()
    end = time.monotonic() + RUN_S
    while time.monotonic() < end and subject.is_running() and writer.is_alive():
        time.sleep(0.01)
    if not writer.is_alive():
        # The connection broke: the server is on its way out.
        subject.wait(10)
    writer.stop(5)
    sealer.stop(5)
    subject.wait(0.2)
    return subject, writer


def acknowledgements(c, label, writer, trace, vital):
    """Each reply stands on a sync of its own; after a failure there are none."""
    if writer is None:
        return
    bare = strace.unproved([ack for ack in writer.acks if ack.stored], trace)
    c.check(f"{label}: each acknowledgement follows a write and a sync of its group", not bare,
            f"{len(bare)} of {len(writer.acks)} do not", durability=True)
    failed = min((call.end for call in vital if call.end), default=None)
    if failed is not None:
        late = [ack for ack in writer.acks if ack.acked_at > failed + GRACE_S]
        c.check(f"{label}: nothing is acknowledged after the failure", not late,
                f"{len(late)} replies after {vital}",
                    durability=True)


def restart(c, label, place, data, truth):
    """Without the fault: every acknowledged fix is back and the segments verify."""
    subject = server.Server(c.server_command(), data, place, name="restart")
    if not c.check(f"{label}: starts again", subject.wait_ready(60),
                   f"exit {subject.child.poll()}: {subject.last_error}", durability=True):
        subject.kill9()
        return
    with subject.connect(timeout=60) as connection:
        truth.check(c, label, connection)
        connection.ask("T.SEAL")
    code = subject.stop(60)
    c.check(f"{label}: then stops cleanly", code == 0, f"exit {code}: {subject.last_error}")
    if not c.options.fault:
        audit.verify(c, label, data)


if __name__ == "__main__":
    sys.exit(main())
