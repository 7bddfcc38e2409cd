#!/usr/bin/env python3
"""Power cuts below the file system: a disk forgets what was not flushed, nothing acknowledged goes.

The data directory lies on ext4 or xfs (in turn), on a loop device, on nbdfuse, on nbdkit with
powercut_plugin.py. A server runs there under writers, seals, ranges that leave the database and (for
tachod) tacho-fleet with its ledger; at a random moment every request of the disk fails. The server
is killed, the disk keeps what was flushed plus a random share of the rest, sector by sector, the
file system replays its journal, the server starts again and everything acknowledged must be there,
once, and when all is sealed in exactly one segment. A disk goes through a chain of cuts before it
is replaced, so recovery itself is cut too.

`--self-test` proves the machinery with redis-server: `appendfsync always` must keep everything and
`appendfsync no` must be caught.

examples:
  tools/campaigns/power_cuts.py --count 10
  tools/campaigns/power_cuts.py --full                      (200 cuts)
  tools/campaigns/power_cuts.py --fault ack-before-sync --expect-failure
  tools/campaigns/power_cuts.py --self-test
"""

import itertools
import random
import sys
import time

from lib import audit, campaign, disk, fleet, load, oracle, redis, resp, reviews, server, tracks

CHAIN = 5
FILE_SYSTEMS = ["ext4", "xfs"]
# Shares of unsynced sectors that reach the disk anyway; 0 is the commonest test of a missing sync.
SHARES = [0, 0, 0, 0.1, 0.5, 0.9]


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--count", type=int, help="cuts (default 10, 200 with --full)")
    parser.add_argument("--self-test", action="store_true", help="redis-server as the subject")
    options = parser.parse_args()
    with campaign.Campaign("power_cuts", options) as c:
        count = options.count or (200 if options.full else 10)
        if options.self_test:
            self_test(c, count)
        else:
            cuts(c, count, TachoSubject)


def cuts(c, count, subject_type):
    """Runs `count` cuts in chains; the number of cuts that lost something acknowledged."""
    lossy = 0
    for number in range(0, count, CHAIN):
        fs = FILE_SYSTEMS[number // CHAIN % 2]
        place = c.place(f"disk-{number}")
        power = disk.PowerDisk(place / "disk", fs)
        try:
            power.format()
            subject = subject_type(c, power.mount, place)
            for link in range(min(CHAIN, count - number)):
                lossy += one_cut(c, number + link, power, subject)
        finally:
            power.remove()
    return lossy


def one_cut(c, number, power, subject):
    """One cut and the look at what survived; True when something acknowledged was lost."""
    after = c.random.choice([c.random.uniform(0, 0.3), c.random.uniform(0.3, 2.5)])
    share = c.random.choice(SHARES)
    label = f"cut {number} ({power.fs}, {share:.0%} of unsynced kept)"
    power.attach()
    subject.start(number)
    time.sleep(after)
    power.cut()
    time.sleep(0.05)
    subject.end()
    with power.after_cut(c, label, share) as (kept, total):
        lost = subject.verify(label)
    c.note(f"{label}: after {after:.2f} s, {kept} of {total} unsynced sectors kept, "
           f"{subject.truth.count} fixes acknowledged so far, {len(lost)} lost")
    return bool(lost)


class TachoSubject:
    """tachod with two writers of our own, a reviewer of alerts, seals, and tacho-fleet with a ledger
    on the host."""

    def __init__(self, c, mount, logs):
        self.c, self.data, self.logs = c, mount / "data", logs
        self.truth = oracle.Oracle()
        self.reviews = reviews.Reviews()
        self.retirer = audit.Retirer()
        self.fleet = None
        self.helpers = []

    def start(self, number):
        self.server = server.Server(self.c.any_server_command(), self.data, self.logs,
                                    args=["--min-free", "0", "--reserve", "0"], name=f"cut-{number}")
        self.helpers, self.fleet = [], None
        if not self.server.wait_ready(20):
            return
        riders = [tracks.Fleet(self.c.random, 4, prefix=f"{kind}{number}-") for kind in "ab"]
        self.helpers = [
            load.Writer(self.server, load.endless(riders[0], 1), self.truth, depth=1,
                        shape=lambda batch: tracks.add(batch[0])),
            load.Writer(self.server, load.endless(riders[1], 50), self.truth, depth=4),
            load.Repeater(self.server, lambda connection: connection.ask("T.SEAL"), pause=0.4),
            load.Repeater(self.server, self.retirer, pause=0.3),
        ]
        try:
            with self.server.connect(timeout=60) as connection:
                self.reviews.raise_alerts(connection, self.c.random, 10)
        except resp.ReplyError as error:
            self.c.note(f"no new alerts: {error}")
        self.helpers.append(
            reviews.Reviewer(self.server, self.reviews, random.Random(self.c.random.random())))
        for helper in self.helpers:
            helper.start()
        self.fleet = fleet.FleetRun(self.c.program("tacho-fleet"), self.server, self.logs,
                                    prefix=f"f{number}-", seed=number)

    def end(self):
        self.server.kill9()
        for helper in self.helpers:
            helper.stop(10)
        if self.fleet is not None:
            self.fleet.wait(2)
            self.fleet.read_into(self.truth)

    def verify(self, label):
        c = self.c
        again = server.Server(c.server_command(), self.data, self.logs,
                              args=["--min-free", "0", "--reserve", "0"], name="verify")
        try:
            if not c.check(f"{label}: starts again", again.wait_ready(60),
                           f"exit {again.child.poll()}: {again.last_error}", durability=True):
                return ["it does not start"]
            with again.connect(timeout=60) as connection:
                lost = self.truth.check(c, label, connection)
                lost += self.reviews.check(c, label, connection)
                if c.random.random() < 0.5:
                    self.retirer.everything(c, label, connection)
                    self.truth.check(c, f"{label}, retired", connection)
                else:
                    connection.ask("T.SEAL")
            code = again.stop(60)
            c.check(f"{label}: stops cleanly", code == 0, f"exit {code}: {again.last_error}")
        finally:
            again.kill9()
        if not c.options.fault:
            audit.verify(c, label, self.data)
            audit.exactly_once(c, label, self.data, self.truth)
        return lost


def self_test(c, count):
    """The machinery on a program with a well-known switch."""
    c.note("appendfsync always: nothing may be lost")
    lossy = cuts(c, count, lambda *place: redis.RedisSubject(*place, fsync="always"))
    c.check("redis with appendfsync always loses nothing", lossy == 0, f"{lossy} cuts lost data")
    c.note("appendfsync no: the campaign must see losses")
    lossy = 0
    for _ in itertools.repeat(None, 3):
        lossy = cuts(c, CHAIN, lambda *place: redis.RedisSubject(*place, fsync="no"))
        if lossy:
            break
    c.check("losses of redis with appendfsync no are seen", lossy > 0)


if __name__ == "__main__":
    sys.exit(main())
