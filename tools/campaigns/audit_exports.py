#!/usr/bin/env python3
"""Exports and mirrors of sealed segments: killed at any moment, and on disks that are full.

Exports are killed with SIGKILL and gone on with (--resume): the bytes are those of one made in one
go, and until it is whole there is no file of its name. Mirrors are killed likewise: what is there is
whole, recorded and verifies. Both run into a full disk, say so in one line with exit 5, and go on
when there is room. All of it from a read-only mount: nothing in the directory is altered.

In a copy of the data directory a segment is damaged and made again from the database (`tacho seal
--rebuild`), killed at any moment: in the end the same bytes, verified, and the damaged file is kept.

examples:
  tools/campaigns/audit_exports.py --verbose
  tools/campaigns/audit_exports.py --full --seed 7
"""

import hashlib
import json
import shutil
import time

from lib import campaign, process

HEADER = "rider,ts_ms,lat,lon,speed_mps,heading_deg,accuracy_m,alt_m\n"
START_MS = 1_704_067_200_000
RIDERS = 40
SEGMENTS = 3


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--rows", type=int, default=2_400_000, help="fixes that are sealed")
    options = parser.parse_args()
    with campaign.Campaign("audit_exports", options) as c:
        data = sealed(c, options.rows)
        with ReadOnly(c, data) as directory:
            before = contents(directory)
            kills = 40 if options.full else 6
            for form in ["csv", "ndjson", "geojson", "gpx", "kml"] if options.full else ["csv", "gpx"]:
                killed_exports(c, directory, form, kills)
            full_export(c, directory)
            killed_mirrors(c, directory, kills)
            full_mirror(c, directory)
            c.check("nothing in the directory was altered", contents(directory) == before)
        rebuilt(c, data.parent, kills)


def sealed(c, rows):
    """A data directory with sealed ranges; riders ride straight on, a fix a second."""
    place = c.place("sealed")
    data = place / "data"
    each = max(1, rows // RIDERS // SEGMENTS)
    for segment in range(SEGMENTS):
        source = place / "rows.csv"
        with open(source, "w") as file:
            file.write(HEADER)
            for rider in range(RIDERS):
                first = START_MS + segment * each * 1000
                file.writelines(
                    f"rider-{rider},{first + i * 1000},{37.0 + rider / 100 + i / 2e5:.7f},"
                    f"{127.0 + i % 997 / 1e6:.7f},{5 + i % 7 / 10:.1f},{i % 36_000 / 100:.2f},"
                    f"{5 + i % 30},{i % 90}\n" for i in range(each))
        process.run([c.program("tacho"), "import", source, "--data", data], check=True, timeout=600)
        process.run([c.program("tacho"), "seal", "--data", data], check=True, timeout=600)
    return data / "audit"


class ReadOnly:
    """The directory again, mounted so that nothing can be written to it."""

    def __init__(self, c, directory):
        self.directory, self.place = directory, c.place("read-only")

    def __enter__(self):
        process.run(["mount", "--bind", self.directory, self.place], check=True)
        process.run(["mount", "-o", "remount,bind,ro", self.place], check=True)
        return self.place

    def __exit__(self, *_):
        process.run(["umount", self.place])


class SmallDisk:
    """A file system in memory of a few MiB, which can be made larger."""

    def __init__(self, c, name, mib, size=None):
        self.place, self.size = c.place(name), size or f"{mib}m"

    def __enter__(self):
        process.run(["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", self.place],
                    check=True)
        return self

    def grow(self, mib):
        process.run(["mount", "-o", f"remount,size={mib}m", self.place], check=True)

    def __exit__(self, *_):
        process.run(["umount", self.place])


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def contents(directory):
    return {path.name: sha256(path) for path in sorted(directory.glob("*")) if path.is_file()}


def export_words(c, directory, form, out):
    return [c.program("tacho-audit"), "export", "--audit", directory, "--format", form,
            "--out", out, "--resume"]


def run_or_kill(c, words, longest, **options):
    """Runs to the end, or kills after a random part of `longest` seconds. The exit code, or None."""
    child = process.start(words, **options)
    try:
        return child.wait(c.random.uniform(0, longest))
    except process.subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return None


def killed_exports(c, directory, form, kills):
    place = c.place("exports")
    began = time.monotonic()
    process.run(export_words(c, directory, form, place / "whole"), check=True, timeout=600)
    seconds = time.monotonic() - began
    reference = sha256(place / "whole")
    manifest = json.loads((place / "whole.manifest.json").read_text())
    c.check(f"{form}: the manifest has the hash of the file",
            manifest["output"]["sha256"] == reference, f"{manifest['output']}")
    out = place / "killed"
    going_on = ended = number = 0
    # On a slow disk it takes some more until there is something to go on with.
    while number < kills or (going_on == 0 and number < 10 * kills):
        number += 1
        going_on += (place / "killed.partial.json").exists()
        code = run_or_kill(c, export_words(c, directory, form, out), seconds)
        if code is None:
            # The kill may come behind the moment at which the file gets its name.
            c.check(f"{form}: killed, there is no file of the name, or a whole one",
                    not out.exists() or sha256(out) == reference)
            out.unlink(missing_ok=True)
            continue
        c.check(f"{form}: what was not killed ends well", code == 0, f"exit {code}")
        c.check(f"{form}: the bytes are those of one go", sha256(out) == reference)
        out.unlink()
        ended += 1
    going_on += (place / "killed.partial.json").exists()
    process.run(export_words(c, directory, form, out), check=True, timeout=600)
    c.check(f"{form}: after {number} kills the bytes are those of one go", sha256(out) == reference)
    left = [path.name for path in place.glob("*partial*")]
    c.check(f"{form}: nothing is left over", not left, f"{left}")
    c.check(f"{form}: some of them went on with what was there", going_on > 0)
    c.note(f"{form}: {number} times, {ended} ended before the kill, {going_on} went on")
    c.forget("exports")


def one_line(c, label, done, *parts):
    lines = done.stderr.strip().splitlines()
    c.check(f"{label}: exit 5 and one line", done.returncode == 5 and len(lines) == 1,
            f"exit {done.returncode}: {done.stderr[-300:]}")
    for part in parts:
        c.check(f"{label}: it says {part!r}", part in done.stderr, done.stderr[-300:])


def full_export(c, directory):
    place = c.place("whole")
    process.run(export_words(c, directory, "csv", place / "whole"), check=True, timeout=600)
    with SmallDisk(c, "full-export", 96) as disk:
        out = disk.place / "fleet.csv"
        words = export_words(c, directory, "csv", out)
        done = process.run(words, text=True, timeout=600)
        one_line(c, "an export on a full disk", done, "No space left on device", "--resume")
        c.check("an export on a full disk: no file of the name", not out.exists())
        c.check("an export on a full disk: what was written is kept",
                (disk.place / "fleet.csv.partial").exists()
                and (disk.place / "fleet.csv.partial.json").exists())
        kept = json.loads((disk.place / "fleet.csv.partial.json").read_text())["bytes"]
        c.check("an export on a full disk: nearly all of the room was used", kept > 80 << 20,
                f"{kept} bytes")
        disk.grow(2048)
        process.run(words, check=True, timeout=600)
        c.check("with more room it goes on to the same bytes",
                sha256(out) == sha256(place / "whole"))
    rows_fit(c, directory, place / "whole")
    full_outputs(c, directory)
    c.forget("whole")


def rows_fit(c, directory, whole):
    """A disk with room for the rows and not for what comes behind them."""
    page = 4096
    pages = -(-whole.stat().st_size // page)
    for spare in range(1, 4):
        with SmallDisk(c, f"rows-{spare}", 1, f"{(pages + spare) * page}") as disk:
            out = disk.place / "fleet.csv"
            words = export_words(c, directory, "csv", out)
            done = process.run(words, text=True, timeout=600)
            label = f"a disk for the rows and {spare} pages"
            if done.returncode == 0:
                c.check(f"{label}: all of it is there", sha256(out) == sha256(whole))
                continue
            one_line(c, label, done, "No space left on device", "--resume")
            c.check(f"{label}: the rows are kept",
                    (disk.place / "fleet.csv.partial").exists()
                    and (disk.place / "fleet.csv.partial.json").exists())
            disk.grow(2048)
            process.run(words, check=True, timeout=600)
            c.check(f"{label}: with more room it goes on to the same bytes",
                    sha256(out) == sha256(whole))


def full_outputs(c, directory):
    """Results of every command that cannot be written are an output error."""
    for words in [["export"], ["verify"], ["verify", "--json"], ["inspect"],
                  ["distance", "--rider", "rider-1"],
                  ["distance", "--rider", "rider-1", "--json"]]:
        done = process.run(["bash", "-c", '"$0" "$@" >/dev/full', c.program("tacho-audit"),
                            words[0], "--audit", directory, *words[1:]], text=True, timeout=600)
        one_line(c, f"{' '.join(words)} with a full standard output", done,
                 "No space left on device")


def check_mirror(c, label, directory, copy):
    """All of it, recorded with its hashes, and verified by itself."""
    lines = [json.loads(line) for line in (copy / "mirror.ndjson").read_text().splitlines()]
    recorded = {line["file"]: line["sha256"] for line in lines}
    c.check(f"{label}: every segment is recorded with its hash",
            recorded == contents(directory), f"{recorded}")
    copies = {name: digest for name, digest in contents(copy).items() if name.endswith(".seg")}
    c.check(f"{label}: the copies are the originals", copies == contents(directory))
    c.check(f"{label}: no temporary file is left", not list((copy / "tmp").iterdir()))
    done = process.run([c.program("tacho-audit"), "verify", "--audit", copy, "--deep"],
                       timeout=600, text=True)
    c.check(f"{label}: it verifies", done.returncode == 0, done.stdout[-300:])


def killed_mirrors(c, directory, kills):
    place = c.place("mirrors")
    for number in range(kills):
        copy = place / f"copy-{number}"
        words = [c.program("tacho-audit"), "mirror", directory, copy]
        for _ in range(4):
            run_or_kill(c, words, 0.1)
            for path in copy.glob("*.seg") if copy.exists() else []:
                c.check("killed, what has its name is whole",
                        sha256(path) == sha256(directory / path.name), path.name)
        done = process.run(words, timeout=600, text=True)
        c.check("a mirror goes on after kills", done.returncode == 0, done.stderr[-300:])
        check_mirror(c, "after kills", directory, copy)
        process.run(["rm", "-rf", copy])
    c.forget("mirrors")


def full_mirror(c, directory):
    largest = max(path.stat().st_size for path in directory.glob("*.seg"))
    with SmallDisk(c, "full-mirror", max(1, largest * 3 // 2 >> 20)) as disk:
        copy = disk.place / "copy"
        words = [c.program("tacho-audit"), "mirror", directory, copy]
        done = process.run(words, text=True, timeout=600)
        one_line(c, "a mirror on a full disk", done, "No space left on device", "run again")
        for path in copy.glob("*.seg"):
            c.check("on a full disk, what has its name is whole",
                    sha256(path) == sha256(directory / path.name), path.name)
        disk.grow(2048)
        done = process.run(words, text=True, timeout=600)
        c.check("with more room it goes on", done.returncode == 0, done.stderr[-300:])
        check_mirror(c, "with more room", directory, copy)


def rebuilt(c, data, kills):
    """A segment that was damaged comes out of the database as it was."""
    copy = c.place("rebuilt") / "data"
    shutil.copytree(data, copy)
    audit, segment = copy / "audit", copy / "audit" / "00000002.seg"
    before = contents(audit)
    harm = {"flipped": lambda content: content[:5000] + bytes([content[5000] ^ 4]) + content[5001:],
            "cut": lambda content: content[:-1], "missing": None,
            "another segment": lambda _: (audit / "00000001.seg").read_bytes()}
    words = [c.program("tacho"), "seal", "--data", copy, "--rebuild", "2"]
    began = time.monotonic()
    process.run(words, check=True, timeout=600)
    seconds = 1.5 * (time.monotonic() - began)
    kept = []
    for name, change in harm.items():
        damaged = change and change(segment.read_bytes())
        segment.unlink()
        if damaged is not None:
            segment.write_bytes(damaged)
            kept.append(hashlib.sha256(damaged).hexdigest())
        done = process.run([c.program("tacho"), "scrub", "--data", copy], timeout=600, text=True)
        c.check(f"{name}: it is found, with what to do",
                done.returncode == 1 and "tacho seal --rebuild 2" in done.stdout, done.stdout[-300:])
        ended = [run_or_kill(c, words, seconds, stdout=process.subprocess.DEVNULL)
                 for _ in range(max(2, kills // len(harm)))]
        done = process.run(words, timeout=600, text=True)
        c.check(f"{name}: after {ended.count(None)} kills it is made again", done.returncode == 0,
                (done.stdout + done.stderr)[-300:])
        c.check(f"{name}: the bytes are those that were sealed", contents(audit) == before)
    found = sorted(sha256(path) for path in (audit / "damaged").iterdir())
    c.check("the damaged files are kept, each once", found == sorted(kept), f"{found}")
    c.check("no temporary file is left", not list((audit / "tmp").iterdir()))
    done = process.run([c.program("tacho-audit"), "verify", "--audit", audit, "--deep"],
                       timeout=600, text=True)
    c.check("made again, all verifies", done.returncode == 0, done.stdout[-300:])
    done = process.run([c.program("tacho"), "scrub", "--data", copy], timeout=600, text=True)
    c.note(f"a sound segment is left alone after {seconds / 1.5:.2f} s")
    c.check("made again, nothing is found", done.returncode == 0, done.stdout[-300:])
    c.forget("rebuilt")


main()
