"""Sealed segments as an outsider checks them."""

import collections
import csv
import io

from . import fixes, process


def verify(c, label, data, deep=False):
    """One check: tacho-audit verifies what is sealed in a data directory. Nothing sealed: nothing
    to check (verify rightly refuses an empty directory)."""
    audit = data / "audit"
    if not list(audit.glob("*.seg")):
        return
    words = [c.program("tacho-audit"), "verify", "--audit", audit] + (["--deep"] if deep else [])
    done = process.run(words, timeout=600, text=True)
    c.check(f"{label}: segments verify", done.returncode == 0,
            f"exit {done.returncode}: {(done.stdout + done.stderr)[-400:]}")


def exported(c, data):
    """How often each (rider, fix) is a point of any segment of a data directory."""
    audit = data / "audit"
    if not list(audit.glob("*.seg")):
        return collections.Counter()
    done = process.run([c.program("tacho-audit"), "export", "--audit", audit, "--format", "csv"],
                       timeout=600, text=True, check=True)
    return collections.Counter(
        (row["rider"], fixes.fix(*[row[name] for name in (
            "ts_ms", "lat", "lon", "speed_mps", "heading_deg", "accuracy_m", "alt_m", "src")]))
        for row in csv.DictReader(io.StringIO(done.stdout)))


def exactly_once(c, label, data, *truths):
    """Three checks, of a directory that was sealed to its end and is closed: each acknowledged fix
    is a point of exactly one segment, none of two, and of these riders none was never sent."""
    points = exported(c, data)
    acknowledged = [(rider, fix) for truth in truths
                    for rider, stored in truth.acknowledged.items() for fix in stored]
    missing = [one for one in acknowledged if one not in points]
    c.check(f"{label}: every acknowledged fix is in a segment", not missing,
            f"{len(missing)} of {len(acknowledged)} are in none, first {missing[:1]}",
            durability=True)
    twice = [one for one, count in points.items() if count > 1]
    c.check(f"{label}: none is in two segments, or twice in one", not twice,
            f"{len(twice)}, first {twice[:1]}")
    sent = collections.defaultdict(set)
    for truth in truths:
        for rider, fixes_sent in truth.sent.items():
            sent[rider] |= fixes_sent
    strangers = [(rider, fix) for rider, fix in points if rider in sent and fix not in sent[rider]]
    c.check(f"{label}: no segment has a fix that was not sent", not strangers,
            f"{strangers[:2]}")


class Mirror:
    """A copy of the segments of a data directory, kept by tacho-audit mirror."""

    def __init__(self, c, data, place):
        self.c, self.audit, self.copy = c, data / "audit", place / "audit"
        # It makes no more than the last directory, lest it copies to where nothing is mounted.
        place.mkdir()
        self.server_args = ["--hot-days", "0", "--require-copy", str(self.copy)]

    def bring_up_to_date(self, label):
        if not list(self.audit.glob("*.seg")):
            return
        done = process.run([self.c.program("tacho-audit"), "mirror", self.audit, self.copy],
                           timeout=600, text=True)
        self.c.check(f"{label}: the mirror copies", done.returncode == 0,
                     f"exit {done.returncode}: {(done.stdout + done.stderr)[-400:]}")


class Retirer:
    """Lets ranges leave the database, and counts their points. A body for load.Repeater."""

    def __init__(self):
        self.points = 0

    def __call__(self, connection):
        gone, kept = connection.command("T.RETIRE", "HOTDAYS", "0")
        self.points += sum(points for _, points, _ in gone)
        return kept

    def everything(self, c, label, connection, mirror=None):
        """Seals, copies if asked to, and retires; one check: no range stays."""
        connection.command("T.SEAL")
        if mirror is not None:
            mirror.bring_up_to_date(label)
        kept = self(connection)
        c.check(f"{label}: all ranges leave the database", not kept, f"{kept[:2]}")
