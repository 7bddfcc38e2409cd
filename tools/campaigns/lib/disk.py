"""A file system on a disk whose power can be cut: nbdkit plugin → nbdfuse → loop device → mount."""

import contextlib
import mmap
import os
import pathlib
import shutil
import struct
import time

from . import process

PLUGIN = pathlib.Path(__file__).resolve().parents[1] / "powercut_plugin.py"
HEADER = struct.Struct("<QQ")
SECTOR = 512
SIZES_MIB = {"ext4": 384, "xfs": 384}


class PowerDisk:
    """One disk and the mounts made of it. `place` is an empty directory on the host.

    Life: `format`, then any number of [`attach` → use `mount` → `cut` → `detach` → `settle`]. After
    `settle` the disk holds what a real one could hold after that cut.
    """

    def __init__(self, place, fs):
        self.place, self.fs = pathlib.Path(place), fs
        self.mount = self.place / "mount"
        self.device = self.place / "device"
        self.durable = self.place / "durable"
        self.loop = None
        self.mounted = False
        self.nbdkit = self.nbdfuse = None
        self.mount.mkdir(parents=True)
        self.device.touch()

    def format(self):
        with open(self.durable, "wb") as file:
            file.truncate(SIZES_MIB[self.fs] << 20)
        options = {"ext4": ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
                   "xfs": ["-q", "-f"]}[self.fs]
        process.run([f"mkfs.{self.fs}", *options, self.durable], check=True)

    def attach(self):
        """Powers the disk and mounts it."""
        process.run(["cp", "--sparse=always", "--reflink=auto", self.durable,
                     self.place / "current"], check=True)
        (self.place / "unsynced").write_bytes(b"")
        (self.place / "power").write_bytes(b"1")
        socket = self.place / "socket"
        socket.unlink(missing_ok=True)
        # Written when it listens; the socket's name is there a moment earlier.
        ready = self.place / "nbdkit.pid"
        ready.unlink(missing_ok=True)
        log = open(self.place / "nbdkit.log", "ab")
        self.nbdkit = process.start(
            ["nbdkit", "-f", "-P", ready, "-U", socket, "python", PLUGIN,
             f"directory={self.place}"], stdout=log, stderr=log)
        self._require(process.wait_until(ready.exists, 20), "nbdkit does not start")
        self.nbdfuse = process.start(
            ["nbdfuse", self.device, f"nbd+unix:///?socket={socket}"], stdout=log, stderr=log)
        log.close()
        self._require(process.wait_until(lambda: os.stat(self.device).st_size > 0, 20),
                      "nbdfuse does not start")
        self._mount(self.device)

    def _require(self, ok, text):
        if not ok:
            log = (self.place / "nbdkit.log").read_text(errors="replace")
            raise RuntimeError(f"{text}: {log[-400:]}")

    def _mount(self, file):
        """Loop-mounts a file; by hand, so that the loop device is known and released by name."""
        found = process.run(["losetup", "--find", "--show", file], check=True)
        self.loop = found.stdout.decode().strip()
        options = ["-o", "nouuid"] if self.fs == "xfs" else []
        process.run(["mount", "-t", self.fs, *options, self.loop, self.mount], check=True)
        self.mounted = True

    def _unmount(self):
        # Not asked of the system: the root of a file system whose disk is gone cannot be read.
        if self.mounted:
            for _ in range(100):
                done = process.run(["umount", self.mount])
                if done.returncode == 0:
                    break
                time.sleep(0.05)
            else:
                process.run(["umount", "--lazy", self.mount])
                raise RuntimeError(f"cannot unmount {self.mount}: {done.stderr.decode()}")
            self.mounted = False
        if self.loop:
            process.run(["losetup", "--detach", self.loop])
            self.loop = None

    def cut(self):
        """The power goes: from now on nothing is written or read. Returns at once."""
        with open(self.place / "power", "r+b") as file, mmap.mmap(file.fileno(), 1) as power:
            power[0] = ord("0")

    def detach(self):
        """Takes the mounts and helpers down, whatever state they are in."""
        self._unmount()
        if self.nbdfuse is not None:
            process.run(["fusermount3", "-u", "-q", self.device])
            if not process.wait_until(lambda: self.nbdfuse.poll() is not None, 5):
                process.run(["fusermount3", "-u", "-z", "-q", self.device])
                self.nbdfuse.kill()
                self.nbdfuse.wait()
            self.nbdfuse = None
        if self.nbdkit is not None:
            self.nbdkit.terminate()
            self.nbdkit.wait()
            self.nbdkit = None

    def settle(self, random, share):
        """Decides which unsynced sectors reached the disk anyway: each with probability `share`.

        0 is a disk that forgets all of them; anything above tears writes apart, in any order and
        down to single sectors, older versions of a sector included. Returns (kept, all) sectors.
        """
        data = (self.place / "unsynced").read_bytes()
        at = kept = total = 0
        with open(self.durable, "r+b") as disk:
            while at + HEADER.size <= len(data):
                offset, length = HEADER.unpack_from(data, at)
                at += HEADER.size
                for start in range(0, length, SECTOR):
                    total += 1
                    if share and random.random() < share:
                        disk.seek(offset + start)
                        disk.write(data[at + start:at + min(start + SECTOR, length)])
                        kept += 1
                at += length
        (self.place / "unsynced").write_bytes(b"")
        return kept, total

    def mount_durable(self):
        """Mounts the disk as it is, with steady power, for a look at what survived."""
        self._mount(self.durable)

    def unmount_durable(self):
        self._unmount()

    @contextlib.contextmanager
    def after_cut(self, c, label, share):
        """What is left when the power comes back, mounted; (kept, all) unsynced sectors. Then one
        check: the file system is whole."""
        self.detach()
        settled = self.settle(c.random, share)
        self.mount_durable()
        try:
            yield settled
        finally:
            self.unmount_durable()
        is_whole, what = self.check_file_system()
        c.check(f"{label}: the file system is whole", is_whole, what)

    def check_file_system(self):
        """Whether the file system is whole, and what its own checker says of it. It says no, too,
        when a mount namespace that somebody made meanwhile still has the disk mounted."""
        words = {"ext4": ["e2fsck", "-f", "-n"], "xfs": ["xfs_repair", "-n"]}[self.fs]
        result = process.run(words + [self.durable], text=True)
        said = (result.stdout + result.stderr)[-600:].replace("\n", " | ")
        return result.returncode == 0, f"exit {result.returncode}: {said}"

    def remove(self):
        self.detach()
        shutil.rmtree(self.place, ignore_errors=True)
