"""What was sent and what was acknowledged, and the comparison with what a server has."""

import threading

from . import fixes

DUP, LATE, FLAGGED, CONFLICT, CLOCK, LOWACC, MALFORMED, DROPPED = 1, 2, 4, 8, 16, 32, 64, 128


class Oracle:
    """Fixes by rider, kept outside the process and the disk under test."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = {}
        self.acknowledged = {}

    def send(self, rider, fix):
        with self.lock:
            self.sent.setdefault(rider, set()).add(fix)

    def acknowledge(self, rider, fix):
        with self.lock:
            self.acknowledged.setdefault(rider, {})[fix] = None

    @property
    def riders(self):
        return sorted(self.sent)

    @property
    def count(self):
        return sum(len(fixes) for fixes in self.acknowledged.values())

    def compare(self, connection, riders=None):
        """Findings of three kinds, each a list of (rider, fix): lost, doubled, strangers."""
        lost, doubled, strangers = [], [], []
        for rider in riders if riders is not None else self.riders:
            present = [row[0] for row in fixes.whole_range(connection, rider)]
            there = set(present)
            if len(there) != len(present):
                seen = set()
                for one in present:
                    if one in seen:
                        doubled.append((rider, one))
                    seen.add(one)
            lost += [(rider, one) for one in self.acknowledged.get(rider, ()) if one not in there]
            strangers += [(rider, one) for one in there - self.sent.get(rider, set())]
        return lost, doubled, strangers

    def check(self, campaign, label, connection, riders=None):
        """The comparison as three checks of a campaign."""
        lost, doubled, strangers = self.compare(connection, riders)
        campaign.check(f"{label}: every acknowledged fix is there", not lost,
                       f"{len(lost)} of {self.count} lost, first {lost[:1]}", durability=True)
        campaign.check(f"{label}: none is there twice", not doubled, f"{doubled[:2]}")
        campaign.check(f"{label}: none is there that was not sent", not strangers,
                       f"{strangers[:2]}")
        return lost


def read_ledger(path, oracle):
    """Adds a ledger of tacho-fleet to an oracle; the number of fixes acknowledged.

    Lines: `S rider ts lat lon speed heading acc` sent, numbered from 0 · `A first count mask…`
    acknowledged · `R first count` refused · `U first count` unanswered · `Q first count` in the
    spool of the client, which promises that it arrives: counted as acknowledged. A cut last line does
    not count.
    """
    entries, acknowledged = [], 0
    with open(path, "rb") as file:
        lines = file.read().split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        words = line.decode().split(" ")
        if words[0] == "S":
            if len(words) != 8:
                raise ValueError(f"{path}:{number}: a sent line has 7 fields")
            fix = fixes.fix(*[None if word == "-" else word for word in words[2:8]])
            entries.append((words[1], fix))
            oracle.send(words[1], fix)
        elif words[0] == "A":
            first, count = int(words[1]), int(words[2])
            if len(words) != 3 + count or first + count > len(entries):
                raise ValueError(f"{path}:{number}: names fixes that were not sent")
            for (rider, fix), mask in zip(entries[first:first + count], words[3:]):
                if not int(mask) & MALFORMED:
                    oracle.acknowledge(rider, fix)
                    acknowledged += 1
        elif words[0] == "Q":
            first, count = int(words[1]), int(words[2])
            for rider, fix in entries[first:first + count]:
                oracle.acknowledge(rider, fix)
                acknowledged += 1
        elif words[0] not in ("R", "U"):
            raise ValueError(f"{path}:{number}: unknown kind of line {words[0]!r}")
    return acknowledged
