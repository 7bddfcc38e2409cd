#!/usr/bin/env python3
"""kill -9 while riders cross geofences: every entry, stay and exit is told once, and keeps its id.

Riders walk up and down a road with a fence at every other station; a reader follows all streams with
XREAD. The server is killed again and again, one life in six while it opens; what was not answered is
sent again. In the end each stream must be what the walks say, a reader that went on from its last id
must have seen exactly that, and a clean restart must change nothing. Half of the lives have a journal
of 1 MiB, so that checkpoints come.

examples:
  tools/campaigns/fences.py --kills 5
  tools/campaigns/fences.py --full                 (50 kills)
"""

import random
import sys
import threading
import time

from lib import campaign, resp, server

STATIONS = 41
RIDERS = 30
STEP_MS = 40_000
DWELL_S = 100
START_MS = 1_767_225_600_000
BATCH = 300


def fence_of(station):
    """Every other station has one; the third of them tells of stays, the rest of coming and going."""
    return f"station-{station}" if station % 2 == 0 else None


class Walks:
    """What is sent, in order, and what the fences must tell of it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.at = [self.random.randrange(STATIONS) for _ in range(RIDERS)]
        self.since = [None] * RIDERS
        self.told = [False] * RIDERS
        self.step = 0
        self.batches = []
        self.events = {fence_of(s): [] for s in range(0, STATIONS, 2)}
        self.answered = 0

    def batch(self, number):
        while number >= len(self.batches):
            words = []
            for _ in range(BATCH // RIDERS):
                ts = START_MS + self.step * STEP_MS
                for rider in range(RIDERS):
                    words += self.one(rider, ts)
                self.step += 1
            self.batches.append(["T.IMPORT", "CLAIMED"] + words)
        return self.batches[number]

    def one(self, rider, ts):
        before = self.at[rider]
        if self.random.random() < 0.6:
            self.at[rider] = min(STATIONS - 1, max(0, before + self.random.choice([-1, 1])))
        station = self.at[rider]
        # Noise on the spot: within 60 m of the middle, fences reach 100 m.
        lat = 37.5 + station * 300 / 111_195 + self.random.uniform(-50, 50) / 111_195
        lon = 127 + self.random.uniform(-30, 30) / 88_000
        name = f"walker-{rider}"
        self.expect(rider, name, before, station, ts)
        return [name, str(ts), f"{lat:.7f}", f"{lon:.7f}", "-", "-", "8", "-", "gps", str(ts + 640)]

    def expect(self, rider, name, before, station, ts):
        old, new = fence_of(before), fence_of(station)
        if self.since[rider] is not None and new != old:
            self.events[old].append(("exit", name, ts, self.since[rider]))
            self.since[rider] = None
        if new is not None and self.since[rider] is None:
            self.since[rider], self.told[rider] = ts, False
            self.events[new].append(("enter", name, ts, ts))
        if new is not None and not self.told[rider] and ts - self.since[rider] >= DWELL_S * 1000:
            self.told[rider] = True
            self.events[new].append(("dwell", name, ts, self.since[rider]))


class Feeder(threading.Thread):
    """Sends from the first unanswered batch until cut off, or to `last`."""

    def __init__(self, subject, walks, last=None):
        super().__init__(daemon=True)
        self.subject, self.walks, self.last = subject, walks, last
        self.stopping = threading.Event()
        self.error = None

    def run(self):
        try:
            with self.subject.connect(timeout=60) as connection:
                self.feed(connection)
        except OSError:
            pass
        except (ValueError, resp.ReplyError) as error:
            self.error = error

    def feed(self, connection):
        walks = self.walks
        # One at a time: a batch that is refused for overload must not be overtaken by the next one.
        while not self.stopping.is_set():
            if self.last is not None and walks.answered >= self.last:
                return
            connection.send(*walks.batch(walks.answered))
            masks = connection.read()
            if isinstance(masks, resp.ReplyError) and str(masks).startswith("TRYAGAIN"):
                time.sleep(0.05)
                continue
            # Stored, or stored before; accepted or flagged.
            if not isinstance(masks, list) or any(mask & ~5 for mask in masks):
                raise ValueError(f"T.IMPORT answered {masks!r}")
            walks.answered += 1


class Follower(threading.Thread):
    """Reads all streams from where it was, as a client that was cut off does."""

    def __init__(self, subject, seen):
        super().__init__(daemon=True)
        self.subject, self.seen = subject, seen
        self.stopping = threading.Event()
        self.error = None

    def run(self):
        try:
            with self.subject.connect(timeout=60) as connection:
                while not self.stopping.is_set():
                    self.once(connection)
        except OSError:
            pass
        except (ValueError, resp.ReplyError) as error:
            self.error = error

    def once(self, connection):
        names = sorted(self.seen)
        last = [self.seen[name][-1][0] if self.seen[name] else "0" for name in names]
        reply = connection.command(
            "XREAD", "BLOCK", 100, "STREAMS", *[f"fence:{name}" for name in names], *last)
        for stream, entries in reply or []:
            name = stream.decode().removeprefix("fence:")
            self.seen[name] += [entry(one) for one in entries]


def entry(one):
    """(id, kind, rider, ts, since)"""
    words = [word.decode() for word in one[1]]
    fields = dict(zip(words[::2], words[1::2]))
    return (one[0].decode(), fields["event"], fields.get("rider"), int(fields["ts_ms"]),
            int(fields.get("since_ms", 0)))


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--kills", type=int, help="default 5, 50 with --full")
    options = parser.parse_args()
    with campaign.Campaign("fences", options) as c:
        kills = options.kills or (50 if options.full else 5)
        logs, walks = c.place("logs"), Walks(c.seed)
        seen = {name: [] for name in walks.events}
        for number in range(kills):
            one_life(c, number, logs, walks, seen)
        subject = server.started(c.server_command(), c.work / "data", logs, timeout=60)
        feeder = Feeder(subject, walks, len(walks.batches) + 10)
        feeder.run()
        c.check("the walks are acknowledged to their end",
                walks.answered == len(walks.batches), str(feeder.error))
        settle_and_look(c, "after all kills", subject, walks, seen)
        ids = {name: [one[0] for one in entries] for name, entries in seen.items()}
        code = subject.stop(60)
        c.check("stops cleanly", code == 0, f"exit {code}: {subject.last_error}")
        again = server.started(c.server_command(), c.work / "data", logs, name="last", timeout=60)
        settle_and_look(c, "after a clean stop", again, walks, seen)
        c.check("ids are the same after a clean stop", ids == {
            name: [one[0] for one in entries] for name, entries in seen.items()})
        again.stop(60)
        told = sum(len(entries) for entries in walks.events.values())
        c.note(f"{walks.step * RIDERS} fixes, {told} events of {len(seen)} fences, {kills} kills")


def one_life(c, number, logs, walks, seen):
    label = f"life {number}"
    subject = server.Server(c.any_server_command(), c.work / "data", logs, name=f"life-{number}")
    if number and c.random.random() < 1 / 6:
        time.sleep(c.random.uniform(0, 0.15))
        subject.kill9()
        return
    if not c.check(f"{label}: starts", subject.wait_ready(60),
                   f"exit {subject.child.poll()}: {subject.last_error}", durability=True):
        raise campaign.Stop("no further life is possible")
    with subject.connect(timeout=60) as connection:
        if number == 0:
            set_fences(connection)
        listed = connection.command("T.FENCE", "LIST")
        c.check(f"{label}: all fences are set", len(listed) == len(seen), f"{len(listed)}")
    helpers = [Feeder(subject, walks), Follower(subject, seen)]
    for helper in helpers:
        helper.start()
    time.sleep(c.random.choice([c.random.uniform(0, 0.3), c.random.uniform(0.3, 1.5)]))
    subject.kill9()
    for helper in helpers:
        helper.stopping.set()
        helper.join(30)
        c.check(f"{label}: replies are as they should be", helper.error is None,
                str(helper.error))


def set_fences(connection):
    for station in range(0, STATIONS, 2):
        connection.ask(
            "T.FENCE", "SET", fence_of(station), "CIRCLE",
            f"{37.5 + station * 300 / 111_195:.7f}", "127", "100",
            "DETECT", f"enter,exit,dwell:{DWELL_S}")


def whole_stream(connection, name):
    """By pages: a stream can be longer than a reply."""
    entries, start = [], "-"
    while True:
        page = connection.command("XRANGE", f"fence:{name}", start, "+", "COUNT", 5_000)
        if not page:
            return entries
        entries += [entry(one) for one in page]
        start = "(" + entries[-1][0]


def settle_and_look(c, label, subject, walks, seen):
    with subject.connect(timeout=60) as connection:
        follower = Follower(subject, seen)
        expected = {name: sorted(events) for name, events in walks.events.items()}
        end = time.monotonic() + 30
        while time.monotonic() < end:
            follower.once(connection)
            if all(len(seen[name]) >= len(expected[name]) for name in seen):
                break
        follower.once(connection)
        for name, events in expected.items():
            followed = [one[1:] for one in seen[name]]
            stored = whole_stream(connection, name)
            c.check(f"{label}: {name} told what the walks say", sorted(followed) == events,
                    f"{len(followed)} told, {len(events)} expected", durability=True)
            c.check(f"{label}: {name} is as it was followed", stored == seen[name],
                    f"{len(stored)} stored, {len(seen[name])} followed", durability=True)
            orders = [[one for one in followed if one[1] == rider]
                      for rider in {one[1] for one in followed}]
            c.check(f"{label}: {name} is in order for each rider",
                    all(order == sorted(order, key=lambda one: one[2]) for order in orders))
            count = connection.command("XLEN", f"fence:{name}")
            c.check(f"{label}: XLEN of {name}", count == len(events), f"{count}")


if __name__ == "__main__":
    sys.exit(main())
