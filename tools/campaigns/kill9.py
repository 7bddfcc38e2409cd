#!/usr/bin/env python3
"""kill -9 at random moments under ingest, queries, sealing and retiring: none lost, none doubled.

One stream of fixes (late, doubled, conflicting, impossible ones among them) goes through a server
that is killed again and again; after each restart everything unanswered is sent again, in order.
tacho-fleet runs beside it, its ledger is a second oracle. Then the same stream goes through a
second server that nobody kills, and the two must agree: every fix, every verdict, latest, alerts.
Sending it all a third time must give nothing but duplicates, and in the end each fix is in exactly
one segment. Sealed ranges leave the database meanwhile; in half of the lives only those that
tacho-audit mirror, which runs beside it, has copied.

examples:
  tools/campaigns/kill9.py --kills 5
  tools/campaigns/kill9.py --full                 (200 kills)
"""

import collections
import random
import sys
import threading
import time

from lib import audit, campaign, fixes, fleet, load, oracle, resp, server, tracks

RIDERS = 40
BATCH = 60
WINDOW = 6
# Between two answers: 200 lives at full speed would be fixes that Python compares for an hour.
PAUSE_S = 0.002


class Stream:
    """All batches ever sent, in order, and the masks of those acknowledged."""

    def __init__(self, seed):
        self.fleet = tracks.Fleet(random.Random(seed), RIDERS)
        self.batches = []
        self.masks = []
        self.times_sent = collections.Counter()
        self.truth = oracle.Oracle()

    def batch(self, number):
        while number >= len(self.batches):
            made = self.fleet.next_batch(BATCH)
            self.batches.append(
                [(rider, list(fields), tracks.stored(fields, True)) for rider, fields in made])
        return self.batches[number]

    def command(self, number):
        return tracks.import_claimed([(rider, fields) for rider, fields, _ in self.batch(number)])


class Feeder(threading.Thread):
    """Sends the stream from its first unanswered batch until stopped, cut off, or at `last`."""

    def __init__(self, subject, stream, last=None):
        super().__init__(daemon=True)
        self.subject, self.stream, self.last = subject, stream, last
        self.stopping = threading.Event()
        self.error = None

    def run(self):
        try:
            with self.subject.connect(timeout=60) as connection:
                self._feed(connection)
        except OSError:
            pass
        except ValueError as error:
            self.error = error

    def _feed(self, connection):
        stream = self.stream
        following = len(stream.masks)
        while True:
            while following - len(stream.masks) < WINDOW and not self.stopping.is_set():
                if self.last is not None and following >= self.last:
                    break
                for rider, _, fix in stream.batch(following):
                    if fix is not None:
                        stream.truth.send(rider, fix)
                stream.times_sent[following] += 1
                connection.send(*stream.command(following))
                following += 1
            if following == len(stream.masks):
                return
            masks = connection.read()
            if not isinstance(masks, list):
                raise ValueError(f"T.IMPORT answered {masks!r}")
            batch = stream.batch(len(stream.masks))
            for (rider, _, fix), mask in zip(batch, masks, strict=True):
                if fix is not None:
                    stream.truth.acknowledge(rider, fix)
            stream.masks.append(masks)
            time.sleep(PAUSE_S)


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--kills", type=int, help="default 5, 200 with --full")
    options = parser.parse_args()
    with campaign.Campaign("kill9", options) as c:
        kills = options.kills or (200 if options.full else 5)
        logs = c.place("logs")
        stream, beside = Stream(c.seed), oracle.Oracle()
        data = c.work / "killed"
        mirror, retirer = audit.Mirror(c, data, c.work / "mirror"), audit.Retirer()
        for number in range(kills):
            one_life(c, number, logs, stream, beside, mirror, retirer)
        subject = server.started(
            c.server_command(), data, logs, args=mirror.server_args, timeout=60)
        feed_all(c, subject, stream, len(stream.masks) + 20)
        c.note(f"{len(stream.batches)} batches, {stream.truth.count} fixes, {kills} kills")
        with subject.connect(timeout=60) as connection:
            stream.truth.check(c, "after all kills", connection)
            beside.check(c, "after all kills, tacho-fleet", connection)
            retirer.everything(c, "after all kills", connection, mirror)
            stream.truth.check(c, "retired", connection)
        compare_with_reference(c, logs, subject, stream)
        resend(c, subject, stream)
        stop_and_verify(c, subject, logs, stream, beside, mirror)
        c.check("ranges left the database", retirer.points > 0)
        c.note(f"{retirer.points} points left the database")


def one_life(c, number, logs, stream, beside, mirror, retirer):
    """A server from start to kill. One in six is killed while it opens."""
    label = f"life {number}"
    needs_copies = c.random.random() < 0.5
    subject = server.Server(
        c.any_server_command(4 << 20), c.work / "killed", logs, name=f"life-{number}",
        args=mirror.server_args if needs_copies else ())
    if number and c.random.random() < 1 / 6:
        time.sleep(c.random.uniform(0, 0.15))
        subject.kill9()
        return
    if not c.check(f"{label}: starts", subject.wait_ready(60),
                   f"exit {subject.child.poll()}: {subject.last_error}", durability=True):
        raise campaign.Stop("no further life is possible")
    with subject.connect(timeout=60) as connection:
        some = c.random.sample(stream.truth.riders, min(6, len(stream.truth.riders)))
        stream.truth.check(c, label, connection, some)
        beside.check(c, f"{label}, tacho-fleet", connection,
                     [name for name in beside.riders if name.startswith(f"f{number - 1}-")])
    feeder = Feeder(subject, stream)
    helpers = [
        feeder,
        load.Repeater(subject, lambda connection: connection.ask("T.SEAL"),
                      pause=c.random.uniform(0.1, 0.6)),
        load.Repeater(subject, lambda connection: query(connection, stream)),
        load.Repeater(subject, retirer, pause=c.random.uniform(0.05, 0.4)),
    ]
    if needs_copies:
        helpers.append(load.Repeater(
            subject, lambda _: mirror.bring_up_to_date(label), pause=c.random.uniform(0.1, 0.5)))
    for helper in helpers:
        helper.start()
    beside_run = fleet.FleetRun(c.program("tacho-fleet"), subject, logs, f"f{number}-", number + 1)
    time.sleep(c.random.choice([c.random.uniform(0, 0.3), c.random.uniform(0.3, 2)]))
    subject.kill9()
    for helper in helpers:
        helper.stopping.set()
        helper.join(30)
        bad = isinstance(helper.error, (ValueError, resp.ReplyError))
        c.check(f"{label}: no error reply before the kill", not bad, str(helper.error))
    beside_run.wait(3)
    beside_run.read_into(beside)


def query(connection, stream):
    """Reads of every kind on a random rider; any error reply ends the reader and is counted."""
    name = random.choice(stream.fleet.names)
    for command in (["T.GET", name], ["T.LEN", name, "-", "+"],
                    ["T.RANGE", name, "-", "+", "COUNT", 100], ["XLEN", "alerts"]):
        connection.command(*command)


def feed_all(c, subject, stream, last):
    feeder = Feeder(subject, stream, last)
    feeder.start()
    feeder.join(600)
    c.check("the stream is acknowledged to its end", len(stream.masks) == last,
            f"{len(stream.masks)} of {last} batches: {feeder.error}")


def compare_with_reference(c, logs, subject, stream):
    """The same stream through a server that lives on."""
    reference = server.started(c.server_command(), c.work / "reference", logs, name="reference")
    calm = Stream(c.seed)
    feed_all(c, reference, calm, len(stream.masks))
    with subject.connect(60) as one, reference.connect(60) as other:
        different = []
        for name in stream.fleet.names:
            here = [row[:2] for row in fixes.whole_range(one, name)]
            there = [row[:2] for row in fixes.whole_range(other, name)]
            different += [(name, a, b) for a, b in zip(here, there) if a != b]
            if len(here) != len(there):
                different.append((name, f"{len(here)} fixes", f"{len(there)} uninterrupted"))
        c.check("every fix and verdict is as in an uninterrupted run", not different,
                f"{len(different)} differ, first {different[:1]}")
        latest = [name for name in stream.fleet.names
                  if without_receipt(one.command("T.GET", name))
                  != without_receipt(other.command("T.GET", name))]
        c.check("latest is as in an uninterrupted run", not latest, f"{latest[:3]}")
        here, there = alerts(one, stream), alerts(other, stream)
        c.check("alerts are as in an uninterrupted run", here == there,
                f"{len(here)} and {len(there)}, first {first_difference(here, there)}")
        c.note(f"{sum(len(m) for m in calm.masks)} verdicts and {len(there)} alerts compared")
    compare_masks(c, stream, calm)
    reference.stop(60)


def without_receipt(reply):
    return reply and reply[:-1]


def alerts(connection, stream):
    """Entries of the stream without their ids, those of this stream's riders."""
    names = {name.encode() for name in stream.fleet.names}
    entries = []
    start = "-"
    while page := connection.command("XRANGE", "alerts", start, "+", "COUNT", 1000):
        for _, flat in page:
            fields = dict(zip(flat[::2], flat[1::2]))
            if fields[b"rider"] in names:
                entries.append(tuple(
                    fields[key] for key in
                    (b"rider", b"ts_ms", b"at_recv_ms", b"code", b"severity", b"verdict")))
        start = b"(" + page[-1][0]
    return sorted(entries)


def first_difference(here, there):
    return sorted(set(here) ^ set(there))[:2]


def compare_masks(c, stream, calm):
    """A mask differs only where a fix was sent again: then it may be a duplicate."""
    different = []
    for number, (here, there) in enumerate(zip(stream.masks, calm.masks)):
        again = stream.times_sent[number] > 1
        for at, (mask, expected) in enumerate(zip(here, there)):
            if mask != expected and not (again and mask == oracle.DUP):
                different.append((number, at, mask, expected))
    c.check("masks are as in an uninterrupted run", not different,
            f"{len(different)} differ, first (batch, entry, mask, expected) {different[:1]}")


def resend(c, subject, stream):
    """Everything once more: duplicates and nothing else."""
    with subject.connect(60) as connection:
        wrong = []
        for number in range(len(stream.masks)):
            masks = connection.command(*stream.command(number))
            for (rider, _, fix), mask in zip(stream.batches[number], masks, strict=True):
                if mask != (oracle.DUP if fix is not None else oracle.MALFORMED):
                    wrong.append((rider, fix, mask))
    c.check("sent once more, everything is a duplicate", not wrong,
            f"{len(wrong)} are not, first {wrong[:1]}")


def stop_and_verify(c, subject, logs, stream, beside, mirror):
    with subject.connect(60) as connection:
        connection.command("T.SEAL")
    code = subject.stop(60)
    c.check("stops cleanly", code == 0, f"exit {code}: {subject.last_error}")
    again = server.started(c.server_command(), c.work / "killed", logs, name="last", timeout=60)
    with again.connect(60) as connection:
        stream.truth.check(c, "sealed and started again", connection)
    again.stop(60)
    audit.verify(c, "after all kills", c.work / "killed", deep=True)
    audit.exactly_once(c, "after all kills", c.work / "killed", stream.truth, beside)
    mirror.bring_up_to_date("after all kills")
    audit.verify(c, "the mirror", c.work / "mirror", deep=True)


if __name__ == "__main__":
    sys.exit(main())
