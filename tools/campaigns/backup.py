#!/usr/bin/env python3
"""Backups of a server in use: what was acknowledged before is in them, what is in them serves.

Writers and tacho-fleet load a server, whose ranges are sealed and leave the database; tacho backup
copies it meanwhile, again and again; tachod and tacho are killed (-9) while it does. Every generation
is restored to an empty directory, a server is started on it, and what it serves is compared with what
was acknowledged before the backup began and what was sent before it ended. Segments verify, numbers go
on, nothing is sealed before tacho restore --continue, objects of earlier generations keep their bytes,
and a second backup copies what is new. Then the backup is damaged: each damage must be found, with the
file's name, before there is a data directory. A full disk leaves what was there, and after a power cut
at the end of a backup all of it is there.

--self-test makes backups without the journal behind the checkpoint, and succeeds only if that is found.
--full also measures: 200,000 points/s with and without backups, in pairs, and how long a drill takes.

examples:
  tools/campaigns/backup.py
  tools/campaigns/backup.py --self-test
  tools/campaigns/backup.py --full
  tools/campaigns/backup.py --measure --pairs 5
"""

import hashlib
import json
import random
import shutil
import statistics
import sys
import time

from lib import audit, campaign, disk, fixes, fleet, load, oracle, process, server, tracks

RATE = 200_000
MAX_SLOWDOWN = 0.20


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--self-test", action="store_true",
                        help="back up without the journal: succeeds only if that is found")
    parser.add_argument("--measure", action="store_true", help="only the figures of --full")
    parser.add_argument("--pairs", type=int, default=5, help="pairs of measurements")
    parser.add_argument("--seconds", type=float, default=15, help="of one measurement")
    parser.add_argument("--kills", type=int, help="default 2, 12 with --full")
    options = parser.parse_args()
    options.expect_failure = options.expect_failure or options.self_test
    with campaign.Campaign("backup", options) as c:
        if not options.measure:
            run = Run(c, options)
            run.generations()
            run.restore_all()
            damages(c, run, 12 if options.full else 4)
            full_disk(c, run)
            for share in [0, 0.3, 0.9] if options.full else [0]:
                power_cut(c, run, share)
        if options.full or options.measure:
            measure(c, options)


class Run:
    """A server with its load, and the generations that were made of it."""

    def __init__(self, c, options):
        self.c, self.options = c, options
        self.data, self.target = c.work / "data", c.work / "backup"
        self.logs = c.place("logs")
        self.truth, self.beside = oracle.Oracle(), oracle.Oracle()
        self.retirer = audit.Retirer()
        self.fleet = tracks.Fleet(random.Random(c.seed), 30)
        self.made = {}
        self.kills = options.kills if options.kills is not None else 12 if options.full else 2

    def generations(self):
        """Lives of the server; each is backed up under load, some are killed meanwhile."""
        for number in range(2 + self.kills):
            self.life(number, kill=number >= 2 and ("server", "tool")[number % 2])
        subject = self.start("last")
        before = self.hashes()
        self.backup("at rest", subject)
        again = self.backup("at rest, again", subject)
        self.c.check("at rest, little is copied again", again["copied_files"] <= 12
                     and again["copied_bytes"] < again["bytes"] / 4 + (1 << 20),
                     f"{again['copied_files']} files, {again['copied_bytes']} of {again['bytes']}")
        after = self.hashes()
        self.c.check("no object of an earlier generation changed",
                     all(after.get(name) == value for name, value in before.items()))
        self.c.check("each object is named by its hash",
                     all(name == value for name, value in after.items()))
        self.c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)
        # Nobody runs: the tool opens the directory itself.
        self.backup("without a server", None)
        self.list_agrees()

    def start(self, name):
        subject = server.Server(self.c.any_server_command(1 << 20), self.data, self.logs, name=name)
        if not self.c.check(f"{name}: starts", subject.wait_ready(60), subject.last_error,
                            durability=True):
            raise campaign.Stop("no further life is possible")
        return subject

    def life(self, number, kill):
        c, label = self.c, f"life {number}"
        subject = self.start(f"life-{number}")
        writers = [load.Writer(subject, load.endless(self.fleet, 50), self.truth, depth=4,
                               pause=0.002)]
        sealer = load.Repeater(subject, lambda connection: connection.ask("T.SEAL"), pause=0.2)
        retirer = load.Repeater(subject, self.retirer, pause=0.4)
        run = fleet.FleetRun(c.program("tacho-fleet"), subject, self.logs, f"f{number}", c.seed,
                             riders=20, rate=2000, seconds=3)
        for thread in [*writers, sealer, retirer]:
            thread.start()
        time.sleep(c.random.uniform(0.3, 0.8))
        if kill:
            self.killed(label, subject, kill)
        else:
            self.backup(label, subject, run)
        for thread in [*writers, sealer, retirer]:
            thread.stop(30)
        if subject.is_running():
            run.wait(30)
            subject.stop(60)
        run.wait(5)
        run.read_into(self.beside)

    def words(self, *more):
        forget = ["--forget-journal"] if self.options.self_test else []
        return [self.c.program("tacho"), "backup", self.target, "--data", self.data, *forget, *more]

    def backup(self, label, subject, run=None):
        """One generation, with what was acknowledged before and sent until its end."""
        c = self.c
        floor = self.known("acknowledged")
        done = process.run(self.words("--rate", 0, "--json"), timeout=120, text=True)
        if not c.check(f"{label}: is backed up", done.returncode == 0, done.stderr[-400:]):
            raise campaign.Stop("no backup is possible")
        told = json.loads(done.stdout)
        ceiling = self.known("sent")
        self.made[told["generation"]] = (label, floor, ceiling, told)
        c.note(f"{label}: generation {told['generation']}, {told['points']} points, copied "
               f"{told['copied_files']} of {told['files']} files in {told['seconds']} s")
        return told

    def known(self, what):
        """Fixes by rider of the writer, and of tacho-fleet in the lives that have ended."""
        found = {}
        for truth in (self.truth, self.beside):
            with truth.lock:
                found |= {rider: set(fixes) for rider, fixes in getattr(truth, what).items()}
        return found

    def killed(self, label, subject, what):
        """kill -9 of the server or the tool while it copies."""
        c = self.c
        before = self.listed()
        child = process.start(self.words("--rate", 1, "--json"), stdout=process.subprocess.PIPE,
                              stderr=process.subprocess.PIPE)
        time.sleep(c.random.uniform(0.02, 0.7))
        if what == "tool":
            child.kill()
        else:
            subject.kill9()
        try:
            _, error = child.communicate(timeout=60)
        except process.subprocess.TimeoutExpired:
            child.kill()
            _, error = child.communicate()
        ended = child.returncode
        c.check(f"{label}: the tool ends, and says why", what == "tool" or ended == 0
                or (ended in (1, 65, 69, 74, 75) and error.strip().count(b"\n") == 0),
                f"exit {ended}: {error[-300:]!r}")
        now = self.listed()
        c.check(f"{label}: generations are there as before (-9 of the {what})",
                now[:len(before)] == before, f"{before} {now}")
        if len(now) > len(before):
            # It was over before the kill.
            self.made[now[-1]["generation"]] = (label, {}, self.known("sent"), now[-1])

    def listed(self):
        done = process.run([self.c.program("tacho"), "backup", self.target, "--list", "--json"],
                           timeout=60, text=True)
        self.c.check("generations are listed", done.returncode == 0, done.stderr[-300:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    def list_agrees(self):
        listed = {one["generation"]: one["points"] for one in self.listed()}
        told = {number: entry[3]["points"] for number, entry in self.made.items()}
        self.c.check("the list has every generation that was told of", listed == told,
                     f"{listed} {told}")

    def hashes(self):
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in self.target.glob("objects/*/*")}

    def restore_all(self):
        numbers = sorted(self.made)
        if not self.options.full:
            numbers = numbers[:3] + numbers[-1:]
        for number in numbers:
            self.restored(number, is_last=number == numbers[-1])

    def restored(self, number, is_last):
        c = self.c
        label, floor, ceiling, told = self.made[number]
        label = f"generation {number} ({label})"
        place = c.place("restored") / "data"
        done = process.run([c.program("tacho"), "restore", self.target, place, "--generation",
                            number, "--json"], timeout=120, text=True)
        if not c.check(f"{label}: is restored", done.returncode == 0, done.stderr[-400:],
                       durability=True):
            return
        told_again = json.loads(done.stdout)
        c.check(f"{label}: every point is read back",
                told_again["points_read"] == told_again["points"] == told["points"], done.stdout)
        audit.verify(c, label, place, deep=is_last)
        subject = server.started(c.server_command(), place, self.logs, name=f"restored-{number}",
                                 timeout=60)
        with subject.connect(timeout=60) as connection:
            lost, strangers = compare(connection, floor, ceiling)
            c.check(f"{label}: everything acknowledged before is served", not lost,
                    f"{len(lost)}, first {lost[:1]}", durability=True)
            c.check(f"{label}: nothing is served that was not sent", not strangers,
                    f"{strangers[:1]}")
            stats = connection.command("T.STATS")
            stats = dict(zip(stats[::2], stats[1::2]))
            c.check(f"{label}: numbers are those of the backup",
                    stats[b"last_sequence"] == told["last_sequence"], f"{stats}")
            if is_last:
                self.goes_on(label, place, connection, told)
        c.check(f"{label}: stops cleanly", subject.stop(60) == 0, subject.last_error)
        if is_last:
            audit.verify(c, f"{label}, gone on", place, deep=True)
        c.forget("restored")

    def goes_on(self, label, place, connection, told):
        c = self.c
        connection.command("T.ADD", "after-the-restore", int(time.time() * 1000), "37.5", "127.0")
        refused = str(connection.ask("T.SEAL"))
        c.check(f"{label}: nothing is sealed yet", "tacho restore --continue" in refused
                or "audit-key" in refused, refused)
        key = self.data / "audit-key"
        if key.exists():
            shutil.copy2(key, place / "audit-key")
        refused = str(connection.ask("T.SEAL"))
        c.check(f"{label}: nor with the key", "tacho restore --continue" in refused, refused)
        done = process.run([c.program("tacho"), "restore", "--continue", place, "--mirror",
                            self.target / "audit"], timeout=60, text=True)
        c.check(f"{label}: it may go on", done.returncode == 0, done.stderr)
        sealed = connection.ask("T.SEAL")
        c.check(f"{label}: it seals", isinstance(sealed, list) and len(sealed) >= 1, str(sealed))
        stats = connection.command("T.STATS")
        stats = dict(zip(stats[::2], stats[1::2]))
        c.check(f"{label}: its numbers go on",
                stats[b"last_sequence"] == told["last_sequence"] + 1, str(stats))


def compare(connection, floor, ceiling):
    lost, strangers = [], []
    for rider in set(floor) | set(ceiling):
        there = {row[0] for row in fixes.whole_range(connection, rider)}
        lost += [(rider, one) for one in floor.get(rider, ()) if one not in there]
        strangers += [(rider, one) for one in there - ceiling.get(rider, set())]
    return lost, strangers


# Damage.


def damages(c, run, count):
    """Random damages of a copy of the backup, one at a time."""
    newest = max(run.made)
    names = sorted(path.relative_to(run.target) for path in needed(run.target, newest))
    kinds = ["flip", "cut", "missing", "swapped", "older manifest", "older index"]
    copy = c.work / "damaged"
    for number in range(count):
        kind = kinds[number % len(kinds)]
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(run.target, copy, symlinks=True)
        what = damage(c, copy, names, kind, newest)
        label = f"damage {number}, {kind} ({what})"
        place = c.place("never") / "data"
        done = process.run([c.program("tacho"), "restore", copy, place], timeout=120, text=True)
        c.check(f"{label}: is found", done.returncode in (64, 65),
                f"exit {done.returncode} {done.stderr[-300:]}")
        c.check(f"{label}: the file is named, and what to do",
                str(copy) in done.stderr and ";" in done.stderr, done.stderr[-300:])
        c.check(f"{label}: there is no data directory", not (place / "TACHO").exists())
    shutil.rmtree(copy, ignore_errors=True)


def needed(target, generation):
    """Files that a restore of a generation reads, from the manifest as the page describes it."""
    manifest = target / "generations" / f"{generation:08d}.manifest"
    found = {manifest, target / "BACKUP"}
    for line in manifest.read_text().splitlines():
        words = line.split(" ")
        if words[0] != "file" or words[2] == "0":
            continue
        found.add(target / words[5] if words[1] == "segment"
                  else target / "objects" / words[3][:2] / words[3])
    return found


def damage(c, copy, names, kind, newest):
    path = copy / c.random.choice(names)
    content = bytearray(path.read_bytes())
    if kind == "flip":
        content[c.random.randrange(len(content))] ^= 1 << c.random.randrange(8)
        path.write_bytes(content)
    elif kind == "cut":
        path.write_bytes(content[:c.random.randrange(len(content))])
    elif kind == "missing":
        path.unlink()
    elif kind == "swapped":
        other = copy / c.random.choice([name for name in names if copy / name != path])
        theirs = other.read_bytes()
        if theirs == content:
            return damage(c, copy, names, kind, newest)
        other.write_bytes(content)
        path.write_bytes(theirs)
    elif kind == "older manifest":
        path = copy / "generations" / f"{newest:08d}.manifest"
        path.write_bytes((copy / "generations" / "00000001.manifest").read_bytes())
    else:
        path = copy / "BACKUP"
        lines = path.read_text().splitlines()[:-2]
        text = "\n".join(lines) + "\n"
        path.write_text(text + f"end {hashlib.sha256(text.encode()).hexdigest()}\n")
    return path.relative_to(copy)


# Disks.


def to(c, run, target, *more):
    return process.run([c.program("tacho"), "backup", target, "--data", run.data, "--rate", 0,
                        *more], timeout=120, text=True)


def points(c, target):
    """Points of each generation of a backup."""
    done = process.run([c.program("tacho"), "backup", target, "--list", "--json"], timeout=60,
                       text=True)
    return [json.loads(line)["points"] for line in done.stdout.splitlines()]


def full_disk(c, run):
    place = c.place("full")
    process.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", place], check=True)
    try:
        target, filler = place / "backup", place / "filler"
        done = to(c, run, target)
        c.check("full disk: there was room", done.returncode == 0, done.stderr[-300:])
        before = points(c, target)
        process.run([c.program("tacho"), "import", "-", "--data", run.data],
                    input=b"rider,ts_ms,lat,lon\n" + b"".join(
                        b"filler,%d,37.5,127.0\n" % (1_704_067_200_000 + 1000 * number)
                        for number in range(5000)), stdin=None, check=True, timeout=60)
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
            except OSError:
                pass
        done = to(c, run, target)
        c.check("full disk: it says so, and what to do",
                done.returncode == 74 and "No space left" in done.stderr
                and "make room" in done.stderr, f"exit {done.returncode} {done.stderr[-300:]}")
        c.check("full disk: what was there is there", points(c, target) == before)
        filler.unlink()
        done = to(c, run, target)
        c.check("full disk: with room again it goes on", done.returncode == 0, done.stderr[-300:])
        c.check("full disk: there is one more", len(points(c, target)) == len(before) + 1)
        done = process.run([c.program("tacho"), "restore", "--check", target], timeout=60,
                           text=True)
        c.check("full disk: it checks out", done.returncode == 0, done.stderr[-300:])
    finally:
        process.run(["umount", place])


def power_cut(c, run, share):
    """Everything that a backup which ended well told of is there after the power went at once."""
    label = f"power cut after a backup ({share:.0%} of unsynced kept)"
    place = c.place("power")
    power = disk.PowerDisk(place / "disk", "ext4")
    try:
        power.format()
        power.attach()
        target = power.mount / "backup"
        done = to(c, run, target, "--json")
        power.cut()
        if not c.check(f"{label}: it ended well", done.returncode == 0, done.stderr[-300:]):
            return
        told = json.loads(done.stdout)
        with power.after_cut(c, label, share):
            done = process.run([c.program("tacho"), "restore", "--check", target, "--json"],
                               timeout=120, text=True)
            c.check(f"{label}: every byte is there", done.returncode == 0, done.stderr[-300:])
            if done.returncode == 0:
                c.check(f"{label}: it is that one",
                        json.loads(done.stdout)["points"] == told["points"])
    finally:
        power.remove()
        c.forget("power")


# Figures.


def measure(c, options):
    """The same load with and without backups, in pairs, the order turned each time."""
    logs = c.place("measured")
    subject = server.started(c.server_command(), c.work / "large", logs, timeout=60)
    ratios, number = [], 0
    for pair in range(options.pairs):
        rates = {}
        for busy in (True, False) if pair % 2 else (False, True):
            number += 1
            rates[busy] = loaded(c, subject, logs, options, number, busy)
        ratios.append(rates[True]["rate"] / rates[False]["rate"])
        c.note(f"pair {pair}: {rates[False]['rate']:,.0f} points/s alone (p99 "
               f"{rates[False]['p99_ms']} ms), {rates[True]['rate']:,.0f} with backups (p99 "
               f"{rates[True]['p99_ms']} ms), {rates[True]['backups']} of them")
    median = statistics.median(ratios)
    c.note(f"with backups {median:.3f} of the rate without (median of {len(ratios)} pairs, "
           f"{min(ratios):.3f} to {max(ratios):.3f})")
    c.check(f"backups take less than {MAX_SLOWDOWN:.0%} of {RATE:,} points/s",
            median > 1 - MAX_SLOWDOWN, f"{median:.3f}")
    c.check("stops cleanly", subject.stop(120) == 0, subject.last_error)
    drill(c)


def loaded(c, subject, logs, options, number, busy):
    out = logs / f"load-{number}.out"
    with open(out, "wb") as file, open(logs / f"load-{number}.err", "wb") as errors:
        child = process.start(
            [c.program("tacho-fleet"), "--riders", 20_000, "--rate", RATE, "--seconds",
             options.seconds, "--server", subject.address, "--seed", number, "--prefix",
             f"m{number}-", "--packed", "--batch", "1000", "--json"], stdout=file, stderr=errors)
    backups = 0
    while busy and child.poll() is None:
        done = process.run([c.program("tacho"), "backup", c.work / "large-backup", "--data",
                            c.work / "large", "--keep", 3, "--json"], timeout=600, text=True)
        if not c.check("is backed up under load", done.returncode == 0, done.stderr[-300:]):
            break
        backups += 1
    child.wait(600)
    report = json.loads(out.read_text().strip().splitlines()[-1])
    return {"rate": report["acknowledged"] / report["seconds"], "p99_ms": report["p99_ms"],
            "backups": backups}


def drill(c):
    done = process.run([c.program("tacho"), "restore", "--drill", c.work / "large-backup", "--at",
                        c.work, "--json"], timeout=1800, text=True)
    if not c.check("the drill ends well", done.returncode == 0, done.stderr[-300:]):
        return
    told = json.loads(done.stdout)
    gigabytes = told["bytes"] / 1e9
    steps = {name: told[f"{name}_seconds"] for name in ("check", "copy", "open", "audit")}
    c.note(f"drill of {gigabytes:.2f} GB, {told['points']:,} points: {told['seconds']:.1f} s, "
           f"{told['seconds'] / gigabytes:.1f} s a GB: {steps}")


if __name__ == "__main__":
    sys.exit(main())
