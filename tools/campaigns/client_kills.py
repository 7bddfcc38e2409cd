#!/usr/bin/env python3
"""TachoClient under kill -9: of the server while points are submitted, of the client while they go
into its spool.

tacho-fleet --client library sends; its ledger says what the library acknowledged (A) and what its
spool accepted (Q). Server: killed again and again while one client submits; every point must be
acknowledged in the end, with connections and resends that nobody asked for. Client: killed again and
again with the same spool directory, the server away for some of these lives; a last client finds what
they left and delivers it. Then everything is sealed and exported, and what is stored is compared with
the ledgers: nothing lost, nothing doubled, nothing that was not sent. Third, every sync takes 300 ms:
the spool may accept nothing faster.

--client-fault has the library do it wrong: forget-in-flight counts what was on its way when a
connection ended as stored, skip-spool-sync accepts without a sync. The campaign must fail then.

examples:
  tools/campaigns/client_kills.py --kills 3
  tools/campaigns/client_kills.py --full                  (20 kills of each, 5 million points)
  tools/campaigns/client_kills.py --client-fault forget-in-flight --expect-failure
"""

import collections
import signal
import sys
import time

from lib import campaign, fleet, process, server, strace

RATE = 60_000
FULL_POINTS = 5_000_000
FULL_RATE = 120_000
SPOOL_RATE = 20_000
SYNC_S = 0.3


class Ledgers:
    """What was sent, as rows of an export, and what was promised of it."""

    def __init__(self):
        self.sent = set()
        self.promised = set()

    def read(self, path):
        """Adds the ledger of one run; the number of fixes promised by it."""
        entries, promised = [], 0
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")[:-1]
        for line in lines:
            words = line.split(b" ")
            if words[0] == b"S":
                entries.append(b",".join(b"" if word == b"-" else word for word in words[1:8]))
            elif words[0] in (b"A", b"Q"):
                first, count = int(words[1]), int(words[2])
                masks = words[3:] if words[0] == b"A" else [b"0"] * count
                for entry, mask in zip(entries[first:first + count], masks, strict=True):
                    if not int(mask) & 64:
                        self.promised.add(entry)
                        promised += 1
        self.sent.update(entries)
        return promised


def exported(c, subject, data, place):
    """Every stored fix, sealed and exported, as rows of rider,ts,lat,lon,speed,heading,accuracy."""
    with subject.connect(timeout=600) as connection:
        connection.command("T.SEAL")
    out = place / "stored.csv"
    process.run([c.program("tacho-audit"), "export", "--audit", data / "audit", "--format", "csv",
                 "--out", out], timeout=1200, check=True)
    with open(out, "rb") as file:
        next(file)
        return collections.Counter(line[:cut(line)] for line in file)


def cut(line):
    """Where the seventh field ends. Names of tacho-fleet have no commas."""
    at = -1
    for _ in range(7):
        at = line.index(b",", at + 1)
    return at


def compare(c, label, ledgers, stored):
    there = set(stored)
    lost = ledgers.promised - there
    c.check(f"{label}: everything promised is stored", not lost,
            f"{len(lost)} of {len(ledgers.promised)} lost, first {sorted(lost)[:1]}",
            durability=True)
    doubled = [row for row, count in stored.items() if count > 1]
    c.check(f"{label}: nothing is stored twice", not doubled, f"{len(doubled)}, first {doubled[:1]}")
    strangers = there - ledgers.sent
    c.check(f"{label}: nothing is stored that was not sent", not strangers,
            f"{len(strangers)}, first {sorted(strangers)[:1]}")


def library(c, *more):
    fault = c.options.client_fault
    return ["--client", "library", *more, *(["--client-fault", fault] if fault else [])]


def stored(subject):
    """How many points the server has; 0 while it does not say."""
    try:
        with subject.connect(timeout=10) as connection:
            reply = connection.command("T.STATS")
            return int(reply[reply.index(b"points") + 1])
    except OSError:
        return 0


def kill_server(c, kills, points, rate):
    """One client submits until `points` points are stored; the server dies `kills` times meanwhile."""
    logs, data = c.place("server-logs"), c.work / "server-data"
    subject = server.started(c.server_command(), data, logs, timeout=60)
    port = subject.port
    run = fleet.FleetRun(c.program("tacho-fleet"), subject, logs, "k", c.seed, riders=2_000,
                         rate=rate, seconds=3_600, args=library(c, "--grace", "120"))
    for number in range(kills + 1):
        goal = points * (number + 1) / (kills + 1)
        if not c.check(f"life {number}: points come in",
                       process.wait_until(lambda: stored(subject) >= goal, 300, pause=0.02),
                       f"{stored(subject)} of {goal:.0f}; {run.err_path.read_text()[-300:]}"):
            raise campaign.Stop("the client does not go on")
        if number == kills:
            break
        time.sleep(c.random.uniform(0, 0.1))
        subject.kill9()
        time.sleep(c.random.choice([0, c.random.uniform(0, 0.5)]))
        subject = server.Server(c.server_command(), data, logs, name=f"life-{number + 1}", port=port)
        if not c.check(f"life {number + 1}: starts", subject.wait_ready(120), subject.last_error,
                       durability=True):
            raise campaign.Stop("no further life is possible")
    # As by Ctrl-C: it takes nothing more, and delivers what it took.
    process.kill(run.child.pid, signal.SIGINT)
    code = run.wait(300)
    report = run.report() or {}
    sent = report.get("sent", 0)
    c.check("server kills: the client ends well", code == 130, run.err_path.read_text()[-300:])
    c.check("server kills: every point is acknowledged",
            sent >= points and report.get("acknowledged") == sent
            and report.get("unanswered") == 0,
            f"{report.get('acknowledged')} of {sent}, {report.get('unanswered')} not delivered")
    if not c.options.client_fault:
        c.check("server kills: some had to be sent again", report.get("resent", 0) > 0)
    ledgers = Ledgers()
    promised = ledgers.read(run.ledger)
    compare(c, "server kills", ledgers, exported(c, subject, data, logs))
    c.note(f"{kills} kills of the server, {promised} points acknowledged, "
           f"{report.get('resent')} sent again, {report.get('duplicate')} told as duplicates, "
           f"{report.get('points_per_second')} points/s")
    subject.stop(60)
    c.forget("server-data")


def kill_clients(c, kills):
    """Clients with one spool die; a third of them without a server."""
    logs, data, spool = c.place("client-logs"), c.work / "client-data", c.place("spool")
    subject = server.started(c.server_command(), data, logs, timeout=60)
    port, ledgers, promised, cut_off = subject.port, Ledgers(), 0, 0
    for number in range(kills):
        away = c.random.random() < 1 / 3
        if away:
            subject.kill9()
        newest = ["--newest-first"] if c.random.random() < 0.5 else []
        run = fleet.FleetRun(
            c.program("tacho-fleet"), subject, logs, f"c{number}-", c.seed + number + 1, riders=500,
            rate=SPOOL_RATE, seconds=60,
            args=library(c, "--spool", spool, "--batch", c.random.choice([1, 20, 200]), *newest))
        time.sleep(c.random.uniform(0.1, 0.4) if c.random.random() < 0.3
                   else c.random.uniform(0.5, 2))
        cut_off += run.child.poll() is None
        process.kill(run.child.pid)
        run.child.wait()
        promised += ledgers.read(run.ledger)
        if away:
            subject = server.Server(c.server_command(), data, logs, name=f"again-{number}",
                                    port=port)
            if not c.check(f"life {number}: the server starts", subject.wait_ready(120),
                           subject.last_error):
                raise campaign.Stop("no further life is possible")
    c.check("client kills: each hit a client that ran", cut_off == kills, f"{cut_off} of {kills}")
    last = fleet.FleetRun(
        c.program("tacho-fleet"), subject, logs, "last-", c.seed, riders=1, rate=10, seconds=0.5,
        args=library(c, "--spool", spool, "--grace", "300"))
    code = last.wait(400)
    promised += ledgers.read(last.ledger)
    report = last.report() or {}
    c.check("client kills: the last one delivers all that is left",
            code == 0 and report.get("left_in_spool") == 0,
            f"exit {code}, {report.get('left_in_spool')} left: {last.err_path.read_text()[-300:]}")
    left = sorted(path.name for path in spool.iterdir())
    c.check("client kills: no file stays", left == ["lock"], f"{left[:5]}")
    compare(c, "client kills", ledgers, exported(c, subject, data, logs))
    c.note(f"{kills} kills of clients, {promised} points accepted by the spool, the last client "
           f"delivered {report.get('acknowledged')}, {report.get('duplicate')} of them duplicates")
    c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)


def slow_syncs(c):
    """A kill cannot see a missing sync, for the page cache outlives the process; a delay can."""
    logs, spool = c.place("sync-logs"), c.place("sync-spool")
    subject = server.started(c.server_command(), c.work / "sync-data", logs, timeout=60)
    wrapper = strace.inject(strace.SYNCS, f"delay_enter={int(SYNC_S * 1e6)}", logs / "strace")
    run = fleet.FleetRun(
        c.program("tacho-fleet"), subject, logs, "y", c.seed, riders=10, rate=100, seconds=2,
        args=library(c, "--spool", spool, "--batch", "20"), wrapper=wrapper)
    run.wait(120)
    report = run.report() or {}
    c.check("syncs of 300 ms: points were accepted", report.get("spooled", 0) > 0,
            run.err_path.read_text()[-300:])
    c.check("syncs of 300 ms: none is accepted before its sync",
            (report.get("p50_ms") or 0) >= SYNC_S * 1000, f"p50 {report.get('p50_ms')} ms",
            durability=True)
    subject.stop(60)


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--kills", type=int, help="of each kind (default 3, 20 with --full)")
    parser.add_argument("--points", type=int, help="submitted while the server dies "
                        "(default 300,000; 5,000,000 with --full)")
    parser.add_argument("--client-fault", choices=["forget-in-flight", "skip-spool-sync"],
                        help="the library does it wrong")
    parser.add_argument("--expect-failure", action="store_true",
                        help="succeed only if a durability check fails")
    options = parser.parse_args()
    with campaign.Campaign("client_kills", options) as c:
        kills = options.kills or (20 if options.full else 3)
        points = options.points or (FULL_POINTS if options.full else 300_000)
        if options.client_fault != "skip-spool-sync":
            kill_server(c, kills, points, FULL_RATE if options.full else RATE)
        if options.client_fault != "forget-in-flight":
            slow_syncs(c)
        if not options.client_fault:
            kill_clients(c, kills)


if __name__ == "__main__":
    sys.exit(main())
