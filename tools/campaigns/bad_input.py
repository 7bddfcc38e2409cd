#!/usr/bin/env python3
"""Bad input and bad places: each gets a clear message, nothing stored before or after is lost.

The year 3000, a latitude of 127, NaN, an empty rider, a 10 MB rider, half a frame, a file that is
not CSV, a directory that is not ours, one in use, a full disk. Messages must be one line that names
the offending thing; exit codes are those of the interfaces.

examples:
  tools/campaigns/bad_input.py --verbose
  tools/campaigns/bad_input.py --only full_disk
"""

import json
import os
import sys
import time

from lib import campaign, fixes, load, oracle, process, resp, server, tracks

HEADER = "rider,ts_ms,lat,lon,speed_mps,heading_deg,accuracy_m,alt_m\n"
YEAR_3000 = 32_503_680_000_000
NOW_ROW = "good,1704067200000,37.5,127.0,5,90,5,20\n"


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--only", choices=sorted(PARTS), action="append")
    options = parser.parse_args()
    with campaign.Campaign("bad_input", options) as c:
        for name in options.only or PARTS:
            PARTS[name](c)


def run_tacho(c, *words, stdin=None):
    done = process.run([c.program("tacho"), *words], text=True, timeout=120,
                       **({"input": stdin, "stdin": None} if stdin is not None else {}))
    return done


def one_line(c, label, done, code, *parts):
    """A refusal: this exit code, one line on standard error that has these words."""
    c.check(f"{label}: exit {code}", done.returncode == code,
            f"exit {done.returncode}: {done.stderr.strip()[-300:]}")
    lines = done.stderr.strip().splitlines()
    c.check(f"{label}: one line of at most 400 characters",
            len(lines) == 1 and len(lines[0]) <= 400, f"{len(lines)} lines: {done.stderr[:300]!r}")
    for part in parts:
        c.check(f"{label}: the message says {part!r}", part.lower() in done.stderr.lower(),
                done.stderr.strip()[-300:])


def values_on_the_wire(c):
    """Each bad value is refused or judged by itself; its neighbours in the batch are stored."""
    subject = server.started(c.server_command(), c.work / "wire", c.place("wire-logs"))
    with subject.connect() as connection:
        def refused(label, part, *command):
            reply = connection.ask(*command)
            c.check(f"T.ADD {label}: an error that says {part!r}",
                    isinstance(reply, resp.ReplyError) and part in str(reply), repr(reply))

        mask = connection.ask("T.ADD", "millennium", YEAR_3000, "37.5", "127.0")
        c.check("the year 3000 is stored with mask 20", mask == 20, f"{mask!r}")
        rows = fixes.whole_range(connection, "millennium")
        c.check("the year 3000 is quarantined by TS_FUTURE",
                [row[1] for row in rows] == ["quarantine:TS_FUTURE"], f"{rows}")
        c.check("the year 3000 is not in latest", connection.ask("T.GET", "millennium") is None)
        refused("latitude 127", "lat 127.02 out of range, did you swap lat and lon?",
                "T.ADD", "r", tracks.START_MS, "127.02", "37.5")
        refused("NaN", "nan", "T.ADD", "r", tracks.START_MS, "nan", "37.5")
        refused("infinity", "inf", "T.ADD", "r", tracks.START_MS, "37.5", "inf")
        refused("empty rider", "rider", "T.ADD", "", tracks.START_MS, "37.5", "127.0")
        refused("129-byte rider", "128", "T.ADD", "x" * 129, tracks.START_MS, "37.5", "127.0")
        refused("control character", "rider", "T.ADD", "a\tb", tracks.START_MS, "37.5", "127.0")
        refused("broken UTF-8", "rider", b"T.ADD", b"\xff\xfe", tracks.START_MS, "37.5", "127.0")
        refused("a time of 2^47", "ts", "T.ADD", "r", 1 << 47, "37.5", "127.0")
        refused("a time with a fraction", "ts", "T.ADD", "r", "1.5", "37.5", "127.0")
        c.check("nothing of these is stored", connection.ask("T.LEN", "r", "-", "+") == 0)
        batch = ["T.MADDX"]
        for number, lat in enumerate(["37.5", "127.02", "nan", "37.6", "", "1e400"]):
            batch += ["mixed", tracks.START_MS + number * 60_000, lat, "127.0", "-", "-", "-", "-"]
        masks = connection.ask(*batch)
        c.check("one bad fix never fails its batch", isinstance(masks, list)
                and [bool(mask & 64) for mask in masks] == [False, True, True, False, True, True],
                f"{masks!r}")
        c.check("its neighbours are stored", connection.ask("T.LEN", "mixed", "-", "+") == 2)
        mask = connection.ask("T.ADD", "odd", tracks.START_MS, "37.5", "127.0", "SPEED", "2000")
        c.check("a speed of 2,000 m/s is dropped, the fix stored", mask == 128, f"{mask!r}")
    frames(c, subject)
    c.check("the server stops cleanly", subject.stop() == 0, subject.last_error)


def frames(c, subject):
    """Bytes that are no commands: an error, an end of that connection, and nobody else's."""
    good = resp.encode(["T.ADD", "frame", tracks.START_MS, "37.5", "127.0"])
    with subject.connect() as half, subject.connect() as other:
        half.send_raw(good[:len(good) // 2])
        c.check("half a frame holds nobody up", other.ask("PING") == "PONG")
        half.send_raw(good[len(good) // 2:])
        c.check("the other half makes it whole", half.read() == 0)
    with subject.connect() as half:
        half.send_raw(good[:-7])
    with subject.connect() as other:
        c.check("half a frame and a hang-up stores nothing more",
                other.ask("T.LEN", "frame", "-", "+") == 1)
    big = b"r" * (10 << 20)
    with subject.connect() as giant:
        reply = answer_or_close(giant, resp.encode(["T.ADD", big, 1, "37.5", "127.0"]))
        c.check("a 10 MB rider gets an error", isinstance(reply, resp.ReplyError), repr(reply))
    for label, raw in (("HTTP", b"POST / HTTP/1.1\r\nHost: x\r\n\r\n"),
                       ("an inline command", b"PING\r\n"), ("noise", os.urandom(512)),
                       ("a negative count", b"*-5\r\n$1\r\nx\r\n"),
                       ("a count of 4 billion", b"*4294967296\r\n")):
        with subject.connect() as connection:
            reply = answer_or_close(connection, raw)
            c.check(f"{label} ends its connection",
                    isinstance(reply, (resp.ReplyError, type(None))), repr(reply))
    with subject.connect() as other:
        c.check("and others go on", other.ask("PING") == "PONG")


def answer_or_close(connection, raw):
    """The first reply, or None if the connection was closed without one."""
    connection.socket.settimeout(10)
    try:
        connection.send_raw(raw)
    except OSError:
        pass
    try:
        return connection.read()
    except (OSError, ValueError):
        return None


def values_in_files(c):
    """The same values in a CSV: counted, kept with reason, the good rows stored."""
    place = c.place("files")
    data = place / "data"
    source = place / "bad.csv"
    rows = [NOW_ROW, f"good,{YEAR_3000},37.5,127.0,,,,\n", "good,1704067201000,127.02,37.5,,,,\n",
            "good,1704067202000,nan,127.0,,,,\n", ",1704067203000,37.5,127.0,,,,\n",
            "good,x,37.5,127.0,,,,\n", "good,1704067204000,37.5\n",
            "R" * (10 << 20) + ",1704067205000,37.5,127.0,,,,\n", "good,1704067206000,37.5,127.0,-9,,,\n"]
    source.write_text(HEADER + "".join(rows))
    done = run_tacho(c, "import", source, "--data", data, "--json")
    c.check("a CSV with bad rows imports", done.returncode == 0, done.stderr[-300:])
    counts = json.loads(done.stdout.strip().splitlines()[-1])
    expected = {"read": 9, "stored": 3, "duplicate": 0, "malformed": 6, "flagged": 1,
                "field_dropped": 1}
    got = {key: counts.get(key) for key in expected}
    c.check("its summary counts them", got == expected, f"{got}, expected {expected}")
    c.check("the year 3000 is named in the summary",
            "3000-01-01" in done.stdout + done.stderr, (done.stdout + done.stderr)[-300:])
    files = list((data / "rejected").glob("bad*.ndjson"))
    c.check("rejected lines are kept", len(files) == 1, f"{files}")
    if files:
        kept = [json.loads(line) for line in files[0].read_text().splitlines()]
        c.check("each with line, reason and raw text",
                [one["line"] for one in kept] == [4, 5, 6, 7, 8, 9]
                and all(one["reason"] and one["raw"] for one in kept),
                f"{[(one.get('line'), str(one.get('reason'))[:60]) for one in kept]}")
        c.check("the 10 MB row's reason is short", all(len(one["reason"]) < 400 for one in kept))
    done = run_tacho(c, "track", "good", "--data", data)
    c.check("the good rows come back", done.stdout.count("\n") == 4, done.stdout[:300])


def not_csv(c):
    place = c.place("not-csv")
    data = place / "data"
    picture = place / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(4000))
    one_line(c, "a PNG", run_tacho(c, "import", picture, "--data", data), 65, "picture.png", "csv")
    text = place / "prose.csv"
    text.write_text("Dear all,\nthis is a letter.\n")
    one_line(c, "a letter", run_tacho(c, "import", text, "--data", data), 65, "prose.csv")
    columns = place / "columns.csv"
    columns.write_text("rider,lat,lon\nx,1,2\n")
    one_line(c, "no column ts_ms", run_tacho(c, "import", columns, "--data", data), 65, "ts_ms")
    empty = place / "empty.csv"
    empty.write_text("")
    one_line(c, "an empty file", run_tacho(c, "import", empty, "--data", data), 65, "empty.csv")
    cut = place / "cut.csv.gz"
    cut.write_bytes(b"\x1f\x8b\x08\x00" + bytes(20))
    done = run_tacho(c, "import", cut, "--data", data)
    c.check("a broken gzip file is refused", done.returncode in (1, 65), f"{done.returncode}")
    done = run_tacho(c, "import", place / "nowhere.csv", "--data", data)
    one_line(c, "a file that is not there", done, 1, "nowhere.csv")
    invalid = place / "invalid.csv"
    invalid.write_text(HEADER + "x,1704067200000,400.17,127.0,,,,\n")
    done = run_tacho(c, "import", invalid, "--data", data)
    c.check("a file with nothing valid ends with 65", done.returncode == 65, f"{done.returncode}")


def places(c):
    """Data directories that cannot be used."""
    place = c.place("places")
    foreign = place / "foreign"
    foreign.mkdir()
    (foreign / "letters.txt").write_text("mine\n")
    logs = c.place("places-logs")
    subject = server.Server(c.server_command(), foreign, logs)
    c.check("tachod refuses a directory that is not ours with 73", subject.wait(30) == 73,
            subject.last_error)
    c.check("the message names the directory", "foreign" in subject.stderr, subject.last_error)
    source = place / "one.csv"
    source.write_text(HEADER + NOW_ROW)
    one_line(c, "tacho in a foreign directory",
             run_tacho(c, "import", source, "--data", foreign), 73, "foreign")
    c.check("the foreign directory is untouched", os.listdir(foreign) == ["letters.txt"],
            f"{os.listdir(foreign)}")
    file = place / "a-file"
    file.write_text("x")
    subject = server.Server(c.server_command(), file, logs)
    c.check("a file instead of a directory: 73", subject.wait(30) == 73, subject.last_error)
    subject = server.Server(c.server_command(), "/proc/tacho-data", logs)
    c.check("a place where nothing can be made: 73", subject.wait(30) == 73, subject.last_error)
    data = place / "used"
    owner = server.started(c.server_command(), data, logs, name="owner")
    second = server.Server(c.server_command(), data, logs, name="second")
    c.check("a second server on one directory: 75", second.wait(30) == 75, second.last_error)
    c.check("its message says in use", "in use" in second.stderr, second.last_error)
    done = run_tacho(c, "import", source, "--data", data, "--json")
    c.check("tacho --data goes to the running server", done.returncode == 0, done.stderr[-300:])
    with owner.connect() as connection:
        c.check("which has the fix", connection.ask("T.LEN", "good", "-", "+") == 1)
    # Without its note nobody knows the address: then the directory is simply in use.
    (data / "tachod.json").unlink(missing_ok=True)
    one_line(c, "tacho with no address to be found",
             run_tacho(c, "import", source, "--data", data), 75, "in use")
    c.check("the owner is unharmed", owner.stop() == 0, owner.last_error)
    for name in ("nosuch", "--bad-flag"):
        done = run_tacho(c, name)
        c.check(f"tacho {name}: usage, 64", done.returncode == 64, f"{done.returncode}")
    done = run_tacho(c, "latest", "good", "--server", "127.0.0.1:1")
    one_line(c, "nobody listens", done, 69, "127.0.0.1:1")
    done = run_tacho(c, "latest", "nobody", "--data", data)
    c.check("an unknown rider: 1", done.returncode == 1, f"{done.returncode}")


def full_disk(c):
    """A 256 MiB tmpfs that fills up: "try again", reads go on, nothing is lost."""
    mount = c.place("tmpfs")
    process.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tacho-campaign", mount], check=True)
    try:
        low_space(c, mount)
        no_space(c, mount)
    finally:
        for _ in range(50):
            if process.run(["umount", mount]).returncode == 0:
                break
            time.sleep(0.1)


def fill(mount, leave):
    """A file that leaves so many bytes free."""
    info = os.statvfs(mount)
    size = info.f_bavail * info.f_frsize - leave
    with open(mount / "filler", "ab") as file:
        os.posix_fallocate(file.fileno(), file.tell(), max(1, size))


def low_space(c, mount):
    """Below --min-free: refused with -TRYAGAIN, served on, resumed when there is space."""
    logs, data = c.place("low-space-logs"), mount / "data"
    subject = server.started(c.server_command(), data, logs,
                             ["--min-free", "24M", "--reserve", "8M"])
    truth = oracle.Oracle()
    stream = tracks.Fleet(c.random, 20, prefix="s")
    with subject.connect() as connection:
        write(connection, stream, truth, 30)
        fill(mount, 20 << 20)
        error = write_until_refused(connection, stream, truth)
        c.check("low space: -TRYAGAIN with ms and reason",
                error is not None and str(error).split()[1].isdigit()
                and len(str(error).split()) > 2, repr(error))
        truth.check(c, "low space", connection)
        reply = connection.ask("T.GET", stream.names[0])
        c.check("low space: reads go on", isinstance(reply, list), repr(reply))
        subject.kill9()
    subject = server.started(c.server_command(), data, logs,
                             ["--min-free", "24M", "--reserve", "8M"], timeout=60)
    with subject.connect() as connection:
        truth.check(c, "low space, killed, started again", connection)
        (mount / "filler").unlink()
        c.check("space again: writes go on",
                process.wait_until(lambda: try_write(connection, stream, truth), 15, 0.2))
        truth.check(c, "space again", connection)
    c.check("low space: stops cleanly", subject.stop() == 0, subject.last_error)


def no_space(c, mount):
    """With both guards off the disk really fills: fail-stop, or "try again" when only the journal's
    next file finds no room; and everything acknowledged is back."""
    logs, data = c.place("no-space-logs"), mount / "data"
    guards = ["--min-free", "0", "--reserve", "0"]
    subject = server.started(c.server_command(), data, logs, guards, timeout=60)
    truth = oracle.Oracle()
    stream = tracks.Fleet(c.random, 20, prefix="n")
    fill(mount, 256 << 10)
    writer = load.Writer(subject, load.endless(stream, 200), truth, depth=4,
                         shape=tracks.import_claimed, with_source=True)
    sealer = load.Repeater(subject, lambda connection: connection.ask("T.SEAL"), pause=1)
    writer.start()
    # The log's room is allotted ahead, so it fills late; segments and tables meet the end at once.
    if not c.options.full:
        sealer.start()
    process.wait_until(lambda: not subject.is_running() or writer.refused > 50, 180, pause=0.1)
    code = subject.wait(0)
    c.check("no space: try again, or fail-stop with 74",
            writer.refused > 50 if code is None else code in (74, -6),
            f"exit {code}: {subject.last_error}")
    if code is None:
        with subject.connect() as connection:
            c.check("no space: it still answers", isinstance(connection.ask("T.STATS"), list))
    subject.kill9()
    writer.stop(10)
    (mount / "filler").unlink()
    subject = server.Server(c.server_command(), data, logs, guards)
    if c.check("no space: starts again", subject.wait_ready(60), subject.last_error):
        with subject.connect() as connection:
            truth.check(c, "no space, started again", connection)
            c.check("no space, started again: writes go on", try_write(connection, stream, truth))
    c.note(f"no space: {truth.count} fixes were acknowledged before the end")
    c.check("no space: stops cleanly", subject.stop() == 0, subject.last_error)


def try_write(connection, stream, truth):
    """One batch; False when it was refused."""
    batch = stream.next_batch(50)
    for rider, fields in batch:
        fix = tracks.stored(fields, True)
        if fix is not None:
            truth.send(rider, fix)
    masks = connection.ask(*tracks.import_claimed(batch))
    if isinstance(masks, resp.ReplyError):
        return False
    for (rider, fields), mask in zip(batch, masks, strict=True):
        if not mask & oracle.MALFORMED:
            truth.acknowledge(rider, tracks.stored(fields, True))
    return True


def write(connection, stream, truth, count):
    for _ in range(count):
        try_write(connection, stream, truth)


def write_until_refused(connection, stream, truth):
    """The first error reply of T.ADD, or None after a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if not try_write(connection, stream, truth):
            return connection.ask("T.ADD", "refused", tracks.START_MS, "37.5", "127.0")
        time.sleep(0.01)
    return None


PARTS = {"values_on_the_wire": values_on_the_wire, "values_in_files": values_in_files,
         "not_csv": not_csv, "places": places, "full_disk": full_disk}

if __name__ == "__main__":
    sys.exit(main())
