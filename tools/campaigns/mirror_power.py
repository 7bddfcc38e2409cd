#!/usr/bin/env python3
"""A power cut right after a mirror ended well: everything it told of is there and verifies.

A directory is sealed with its log and mirrored, with exit 0, to a disk that loses what was not
synced. The power goes at once; afterwards the copies, their record and the log must be on the disk.
File systems put more on a disk than they are asked to, so the calls are looked at too: behind every
name that is made there is a sync of the folder it is in, and of what leads to that folder.

examples:
  tools/campaigns/mirror_power.py
  tools/campaigns/mirror_power.py --full     (ext4 and xfs, three shares of unsynced sectors)
"""

import hashlib
import json
import os
import shutil
import sys

from lib import campaign, disk, process, strace


def main():
    options = campaign.parser(__doc__, faulty=False).parse_args()
    with campaign.Campaign("mirror_power", options) as c:
        directory = sealed(c)
        every_name(c, directory, c.program("tacho-audit"))
        for fs in ["ext4", "xfs"] if options.full else ["ext4"]:
            for share in [0, 0.3, 0.9] if options.full else [0]:
                power_cut(c, directory, fs, share)


def sealed(c):
    place = c.place("sealed")
    source, data = place / "rows.csv", place / "data"
    for segment in range(2):
        first = 1_704_067_200_000 + segment * 600_000
        with open(source, "w") as file:
            file.write("rider,ts_ms,lat,lon,speed_mps,heading_deg,accuracy_m,alt_m\n")
            file.writelines(f"7,{first + i * 1000},{37 + i / 2e5:.7f},127.0,5,0,5,0\n"
                            for i in range(300))
        process.run([c.program("tacho"), "import", source, "--data", data], check=True, timeout=60)
        process.run([c.program("tacho"), "seal", "--data", data], check=True, timeout=60)
    return data / "audit"


def hashes(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(directory.glob("*.seg"))}


def every_name(c, directory, program):
    place = c.place("calls")
    copy = os.path.realpath(place / "copy")
    log = place / "strace"
    done = process.run(["strace", "-f", "-q", "-ttt", "-T", "-y", "-o", log, "-e",
                        f"trace=mkdir,mkdirat,fsync,{strace.RENAMES}", "-e", "signal=none",
                        program, "mirror", directory, copy], text=True, timeout=60)
    c.check("every name: the mirror ended well", done.returncode == 0, done.stderr[-300:])
    waiting, made = {}, 0
    for call in strace.read(log):
        if call.result != 0:
            continue
        if call.name == "fsync":
            waiting = forget(waiting, call.path)
            continue
        name = strace.QUOTED.findall(call.arguments)[-1]
        if name.startswith(copy):
            made += 1
            # The folder of temporary files and what is in it may be lost.
            if not name.startswith(copy + "/tmp"):
                waiting[name] = call
    c.check("every name: names were made", made > 8, f"{made}")
    c.check("every name: its folder is synced behind it", not waiting, f"{sorted(waiting)}")
    c.forget("calls")


def forget(waiting, folder):
    """Names that are not in the folder that was synced."""
    return {name: call for name, call in waiting.items() if os.path.dirname(name) != folder}


def power_cut(c, directory, fs, share):
    label = f"power cut after a mirror ({fs}, {share:.0%} of unsynced kept)"
    place = c.place(f"power-{fs}-{share}")
    power = disk.PowerDisk(place / "disk", fs)
    try:
        power.format()
        power.attach()
        copy = power.mount / "copy"
        done = process.run([c.program("tacho-audit"), "mirror", directory, copy], text=True,
                           timeout=60)
        power.cut()
        c.check(f"{label}: the mirror ended well", done.returncode == 0, done.stderr[-300:])
        with power.after_cut(c, label, share):
            check(c, label, directory, copy)
    finally:
        power.remove()
        shutil.rmtree(place, ignore_errors=True)


def check(c, label, directory, copy):
    if not c.check(f"{label}: the directory is there", copy.is_dir()):
        return
    expected = hashes(directory)
    c.check(f"{label}: the copies are the originals", hashes(copy) == expected)
    record = copy / "mirror.ndjson"
    lines = record.read_text().splitlines() if record.exists() else []
    c.check(f"{label}: all of them are recorded",
            {line["file"]: line["sha256"] for line in map(json.loads, lines)} == expected)
    logs = [(place / "log" / "checkpoint") for place in (directory, copy)]
    c.check(f"{label}: the checkpoint is there",
            all(path.exists() for path in logs) and logs[0].read_bytes() == logs[1].read_bytes())
    done = process.run([c.program("tacho-audit"), "verify", "--audit", copy, "--deep"], text=True,
                       timeout=60)
    c.check(f"{label}: it verifies", done.returncode == 0, done.stdout[-300:])


if __name__ == "__main__":
    sys.exit(main())
