#!/usr/bin/env python3
"""A kill and a power cut before and after each step of sealing: the same bytes in the end.

A server takes a stream of fixes (late, doubled, conflicting, impossible ones among them), is
stopped, and its directory copied; the copy is sealed undisturbed. The other one is sealed by a
server that ends at a given moment of the first seal, like kill -9, or waits there until the power
of its disk is cut. Started again it must have every acknowledged fix, and seal to the same SHA-256.
A disk that is full while the segment is written ends no server: it is told, nothing is left, and
the next seal gives the same bytes.

examples:
  tools/campaigns/seal_steps.py
  tools/campaigns/seal_steps.py --full       (ext4 and xfs, three shares of unsynced sectors)
  tools/campaigns/seal_steps.py --moment before-rename
"""

import hashlib
import random
import shutil
import sys

from lib import audit, campaign, disk, oracle, process, resp, server, strace, tracks

STEPS = ["intent", "write", "readBack", "rename", "log", "sign", "sealed"]
MOMENTS = [f"{when}-{step}" for step in STEPS for when in ("before", "after")]
BATCHES = 12
BATCH = 50


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--moment", choices=MOMENTS, help="only this one")
    options = parser.parse_args()
    with campaign.Campaign("seal_steps", options) as c:
        moments = [options.moment] if options.moment else MOMENTS
        for moment in moments:
            kill(c, moment)
        if not options.moment:
            for call in ("pwrite64", "fdatasync"):
                full_disk(c, call)
        systems = ["ext4", "xfs"] if options.full else ["ext4"]
        shares = [0, 0.3, 0.9] if options.full else [0]
        for moment in moments:
            for fs in systems:
                for share in shares:
                    power_cut(c, moment, fs, share)


class Life:
    """A directory with fixes in it, not sealed yet, and what sealing it undisturbed gives."""

    def __init__(self, c, label, data, logs):
        self.c, self.label, self.data, self.logs = c, label, data, logs
        self.truth = oracle.Oracle()
        self._fill()
        reference = logs / "reference"
        shutil.copytree(data, reference)
        self.expected = self._seal(reference, "reference")

    def start(self, command, args=(), name="tachod"):
        return server.Server(command, self.data, self.logs, args=args, name=name)

    def _fill(self):
        fleet = tracks.Fleet(random.Random(self.c.random.random()), 12)
        subject = server.started(self.c.server_command(), self.data, self.logs, timeout=60)
        with subject.connect(timeout=60) as connection:
            for _ in range(BATCHES):
                made = [(rider, list(fields), tracks.stored(fields, True))
                        for rider, fields in fleet.next_batch(BATCH)]
                for rider, _, fix in made:
                    if fix is not None:
                        self.truth.send(rider, fix)
                connection.ask(*tracks.import_claimed([(r, f) for r, f, _ in made]))
                for rider, _, fix in made:
                    if fix is not None:
                        self.truth.acknowledge(rider, fix)
        code = subject.stop(60)
        self.c.check(f"{self.label}: filled", code == 0, f"exit {code}: {subject.last_error}")

    def _seal(self, data, name):
        """Seals what is there with a sound server; the SHA-256 of all segments."""
        subject = server.started(self.c.server_command(), data, self.logs, timeout=60, name=name)
        with subject.connect(timeout=60) as connection:
            connection.ask("T.SEAL")
        code = subject.stop(60)
        self.c.check(f"{self.label}: {name} stops cleanly", code == 0,
                     f"exit {code}: {subject.last_error}")
        return self.hashes(data)

    @staticmethod
    def hashes(data):
        return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
                for path in sorted((data / "audit").glob("*.seg"))]

    def check(self):
        """What the directory is like after the end that came too soon."""
        c, label = self.c, self.label
        subject = self.start(c.server_command(), name="again")
        try:
            if not c.check(f"{label}: starts again", subject.wait_ready(60),
                           f"exit {subject.child.poll()}: {subject.last_error}"):
                return
            with subject.connect(timeout=60) as connection:
                self.truth.check(c, label, connection)
            self.hold_to_expected(subject)
        finally:
            subject.kill9()

    def hold_to_expected(self, subject):
        """Seals with a server that runs, stops it, and looks at what it left."""
        c, label = self.c, self.label
        with subject.connect(timeout=60) as connection:
            connection.ask("T.SEAL")
            self.truth.check(c, f"{label}, sealed", connection)
        code = subject.stop(60)
        c.check(f"{label}: stops cleanly", code == 0, f"exit {code}: {subject.last_error}")
        found = self.hashes(self.data)
        c.check(f"{label}: the same bytes as undisturbed", found == self.expected,
                f"{found} instead of {self.expected}")
        left = list((self.data / "audit" / "tmp").glob("*"))
        c.check(f"{label}: no temporary file is left", not left, f"{left}")
        audit.verify(c, label, self.data, deep=True)


def faulty(c):
    return [str(c.program("tachod-faulty"))]


def kill(c, moment):
    place = c.place(f"kill-{moment}")
    life = Life(c, f"kill {moment}", place / "data", place)
    subject = life.start(faulty(c), ["--stop-at-seal", moment], "killed")
    if c.check(f"{life.label}: starts", subject.wait_ready(60), subject.last_error):
        try:
            with subject.connect(timeout=60) as connection:
                connection.ask("T.SEAL")
        except OSError:
            pass
        code = subject.wait(30)
        c.check(f"{life.label}: it ended at that moment", code == 137, f"exit {code}")
        life.check()
    subject.kill9()
    shutil.rmtree(place, ignore_errors=True)


def full_disk(c, call):
    """The disk has no room at the segment's first write, or at its sync."""
    place = c.place(f"full-{call}")
    life = Life(c, f"disk full at {call}", place / "data", place)
    subject = life.start(c.server_command(), name="full")
    if c.check(f"{life.label}: starts", subject.wait_ready(60), subject.last_error):
        tmp = life.data / "audit" / "tmp"
        tracer = process.start(strace.inject(
            call, "error=ENOSPC:when=1", place / "strace.log",
            [str(tmp / f"{number:08d}.seg") for number in range(1, 4)], attach=subject.pid))
        process.wait_until(lambda: strace.is_traced(subject.pid) or tracer.poll() is not None, 5)
        with subject.connect(timeout=60) as connection:
            try:
                told = str(connection.ask("T.SEAL"))
            except resp.ReplyError as refusal:
                told = str(refusal)
            c.check(f"{life.label}: it is told", "the disk is full" in told, told)
            c.check(f"{life.label}: nothing is left", not list(tmp.glob("*")), f"{list(tmp.glob('*'))}")
            life.truth.check(c, f"{life.label}, refused", connection)
        process.kill(tracer.pid)
        tracer.wait(10)
        life.hold_to_expected(subject)
    subject.kill9()
    shutil.rmtree(place, ignore_errors=True)


def power_cut(c, moment, fs, share):
    label = f"power cut {moment} ({fs}, {share:.0%} of unsynced kept)"
    place = c.place(f"power-{moment}-{fs}-{share}")
    power = disk.PowerDisk(place / "disk", fs)
    try:
        power.format()
        power.attach()
        life = Life(c, label, power.mount / "data", place)
        subject = life.start(faulty(c), ["--hold-at-seal", moment], "held")
        held = False
        if c.check(f"{label}: starts", subject.wait_ready(60), subject.last_error):
            with subject.connect(timeout=60) as connection:
                connection.send("T.SEAL")
                held = process.wait_until(
                    lambda: b"held at seal" in subject.stdout_path.read_bytes(), 60)
        c.check(f"{label}: it waits at that moment", held, subject.last_error)
        power.cut()
        subject.kill9()
        with power.after_cut(c, label, share):
            life.check()
    finally:
        power.remove()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
