#!/usr/bin/env python3
"""Damage at or below the watermark is always reported: exit 3, the exact range, copies kept.

A server takes fixes, rests for 200 ms (the watermark is at most 100 ms behind), and is killed or
stopped. Then the newest file of the journal, an older one, or RocksDB's newest log is halved,
deleted, zeroed from somewhere on, gets one bit flipped at a random place, or loses its first block.
The next start must either have everything (the damage hit nothing that was needed, or what RocksDB
lost was made again from the journal) or refuse with exit 3, name exactly the fixes that are gone by
their sequence, and keep copies in DIR/recovery. `--accept-loss FROM-TO` must then open it, with
exactly those fixes missing; sent again, they are stored again; segments sealed afterwards verify.

examples:
  tools/campaigns/log_damage.py
  tools/campaigns/log_damage.py --flips 200
"""

import re
import shutil
import sys
import time

from lib import audit, campaign, fixes, oracle, server, tracks

LOSS = re.compile(r"--accept-loss[ =](\d+)-(\d+)")
REST_S = 0.200
PLACES = ("newest journal file", "older journal file", "newest log")
BLOCK = 4096


def command(c):
    """One judging thread: with more, fixes of different riders are numbered in the order in which
    they were judged, and the oracle could not tell which ones a range of numbers names."""
    return c.server_command() + ["--workers", "1"]


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--flips", type=int, help="bit flips tried (default 12, 150 with --full)")
    options = parser.parse_args()
    with campaign.Campaign("log_damage", options) as c:
        flips = options.flips or (150 if options.full else 12)
        for scene in ("unclean", "unclean after a seal", "unclean twice", "unclean, several files",
                      "clean"):
            original = prepare(c, scene)
            for place in PLACES:
                reported = tried = 0
                for damage in ["halve", "delete", "zero-tail", "zero-header"] + ["flip"] * (
                        flips // 4 + 1):
                    result = one_damage(c, scene, original, place, damage)
                    if result is not None:
                        tried += 1
                        reported += result
                if tried:
                    c.note(f"{scene}, {place}: {reported} of {tried} damages reported, the others "
                           "lost nothing")
                if tried and scene.startswith("unclean"):
                    # All groups are still in the journal: what RocksDB loses is made again.
                    c.check(f"{scene}, {place}: damage was " +
                            ("harmless" if place == "newest log" else "reported"),
                            (reported == 0) == (place == "newest log"), f"{reported} of {tried}")
            watermark_gone(c, scene, original)


class Scene:
    """A data directory at rest and what was acknowledged in it, in the order of sequence."""

    def __init__(self, data, order):
        self.data, self.order = data, order


def prepare(c, scene):
    place = c.place(scene.replace(" ", "-"))
    data, order = place / "data", []
    stream = tracks.Fleet(c.random, 5, prefix="w")
    lives = 2 if scene == "unclean twice" else 1
    for life in range(lives):
        subject = server.started(command(c), data, place, name=f"life-{life}")
        with subject.connect() as connection:
            # A journal's first file takes 255 groups.
            count = 400 if "several" in scene else c.random.randrange(40, 120)
            for number in range(count):
                if scene == "unclean after a seal" and number == 20:
                    connection.command("T.SEAL")
                store(connection, stream.next_batch(c.random.choice([1, 1, 5, 30])), order)
        time.sleep(REST_S)
        if scene == "clean":
            c.check("clean: stops cleanly", subject.stop(30) == 0, subject.last_error)
        else:
            subject.kill9()
    return Scene(data, order)


def store(connection, batch, order):
    """Sends a batch and notes each stored fix: depth 1, so its place is its sequence number."""
    masks = connection.command(*tracks.import_claimed(batch))
    for (rider, fields), mask in zip(batch, masks, strict=True):
        if not mask & (oracle.DUP | oracle.MALFORMED):
            order.append((rider, tracks.stored(fields, True)))


def find(data, place):
    """The file at a place; None: there is none."""
    if place == "newest log":
        logs = sorted((data / "db").glob("*.log"))
        return logs[-1] if logs else None
    used = [path for path in sorted((data / "journal").glob("*.jnl")) if is_used(path)]
    index = 1 if place == "newest journal file" else 2
    return used[-index] if len(used) >= index else None


def is_used(path):
    """Its header has the number of its name: it holds groups."""
    with open(path, "rb") as file:
        head = file.read(16)
    return head[:4] == b"TJNL" and int.from_bytes(head[8:16], "little") == int(path.stem)


def damage_file(c, path, damage):
    """A text for messages; None when there was nothing to damage."""
    content = path.read_bytes().rstrip(b"\0") if path else b""
    size = len(content)
    if not size:
        return None
    if damage == "delete":
        path.unlink()
        return f"{path.name} deleted"
    if damage == "halve":
        with open(path, "r+b") as file:
            file.truncate(size // 2)
        return f"{path.name} cut to {size // 2} of {size} bytes"
    if damage == "zero-tail":
        start = c.random.randrange(size)
        overwrite(path, start, bytes(size - start))
        return f"{path.name} zeroed from {start} of {size}"
    if damage == "zero-header":
        overwrite(path, 0, bytes(min(size, BLOCK)))
        return f"{path.name} without its first block"
    at, bit = c.random.randrange(size), c.random.randrange(8)
    overwrite(path, at, bytes([content[at] ^ 1 << bit]))
    return f"bit {bit} of byte {at} of {size} flipped in {path.name}"


def overwrite(path, at, content):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(content)


def copy_of(c, original, name):
    target = c.place(name) / "data"
    shutil.copytree(original.data, target)
    return target


def one_damage(c, scene, original, place, damage):
    """True when the damage was reported, False when nothing was lost, None without a file."""
    data = copy_of(c, original, "damaged")
    logs = data.parent
    what = damage_file(c, find(data, place), damage)
    if what is None:
        return None
    label = f"{scene}, {what}"
    subject = server.Server(command(c), data, logs)
    if subject.wait_ready(60):
        with subject.connect() as connection:
            gone = missing(connection, original.order)
        c.check(f"{label}: opens with everything", not gone,
                f"{len(gone)} of {len(original.order)} silently lost: sequences "
                f"{gone[0] if gone else ''}…{gone[-1] if gone else ''}")
        subject.stop(30)
        return False
    code = subject.wait(10)
    match = LOSS.search(subject.stderr)
    c.check(f"{label}: exit 3", code == 3, f"exit {code}: {subject.last_error}")
    c.check(f"{label}: kept in recovery/", any((data / "recovery").glob("*/*")))
    if not c.check(f"{label}: the message names --accept-loss FROM-TO", match, subject.last_error):
        return True
    # A refusal must not use up its own evidence.
    second = server.Server(command(c), data, logs)
    second.wait_ready(60)
    code, again = second.wait(10), LOSS.search(second.stderr)
    c.check(f"{label}: the next start refuses alike",
            code == 3 and again and again.groups() == match.groups(),
            f"exit {code}: {second.last_error}")
    second.kill9()
    accept(c, label, original, data, logs, int(match[1]), int(match[2]))
    return True


def missing(connection, order):
    """Sequence numbers (from 1) of fixes that are gone."""
    there = {}
    for rider in {rider for rider, _ in order}:
        there[rider] = {row[0] for row in fixes.whole_range(connection, rider)}
    return [number for number, (rider, fix) in enumerate(order, 1) if fix not in there[rider]]


def accept(c, label, original, data, logs, first, last):
    """The way back: exactly the named fixes are missing, and can be sent again."""
    wrong = server.Server(command(c), data, logs, ["--accept-loss", f"{first}-{last + 1}"])
    c.check(f"{label}: another range is not accepted", not wrong.wait_ready(30),
            f"{first}-{last + 1} was")
    wrong.kill9()
    subject = server.Server(command(c), data, logs, ["--accept-loss", f"{first}-{last}"])
    if not c.check(f"{label}: --accept-loss {first}-{last} opens", subject.wait_ready(60),
                   f"exit {subject.child.poll()}: {subject.last_error}"):
        subject.kill9()
        return
    with subject.connect() as connection:
        gone = missing(connection, original.order)
        # 0-0 stands for records that hold no points.
        c.check(f"{label}: exactly {first}-{last} are missing",
                gone == [number for number in range(first, last + 1) if number > 0],
                f"{len(gone)} missing: {gone[:1]}…{gone[-1:]} of {len(original.order)}")
        for number in gone:
            rider, fix = original.order[number - 1]
            send(connection, rider, fix)
        c.check(f"{label}: sent again, all are stored", not missing(connection, original.order))
        reply = connection.ask("T.SEAL")
        c.check(f"{label}: sealing goes on", isinstance(reply, list), repr(reply))
    c.check(f"{label}: then stops cleanly", subject.stop(30) == 0, subject.last_error)
    again = server.Server(command(c), data, logs)
    c.check(f"{label}: then starts without the option", again.wait_ready(60), again.last_error)
    if again.port:
        with again.connect() as connection:
            c.check(f"{label}: then has everything", not missing(connection, original.order))
    again.stop(30)
    audit.verify(c, label, data)


def send(connection, rider, fix):
    ts, lat, lon, speed, heading, acc, alt, src = fix
    command = ["T.ADD", rider, ts, fixes.decimal(lat, 7, False), fixes.decimal(lon, 7, False)]
    for name, value, places in (("SPEED", speed, 2), ("HEADING", heading, 2), ("ACC", acc, 1),
                                ("ALT", alt, 1)):
        if value is not None:
            command += [name, fixes.decimal(value, places, True)]
    connection.command(*command + (["SRC", src] if src else []))


def watermark_gone(c, scene, original):
    """Without a valid watermark nobody can say what was acknowledged: it must not open silently."""
    data = copy_of(c, original, "no-watermark")
    mark = data / "watermark"
    if not c.check(f"{scene}: there is a watermark", mark.exists()):
        return
    mark.write_bytes(bytes(mark.stat().st_size))
    subject = server.Server(command(c), data, data.parent)
    ready = subject.wait_ready(30)
    code = subject.wait(0 if ready else 10)
    c.check(f"{scene}: a zeroed watermark is reported with exit 3", code == 3,
            f"exit {code}: {subject.last_error}")
    subject.kill9()


if __name__ == "__main__":
    sys.exit(main())
