"""nbdkit plugin: a disk with a volatile cache that can lose its power.

    nbdkit -f -U SOCKET python powercut_plugin.py directory=DIR

DIR holds `durable` (what survives a cut), `current` (what a reader sees: durable plus unsynced
writes), `unsynced` (the writes since the last flush, in order) and `power` (one byte, `1` = on).
A flush moves all unsynced writes to `durable`. Once `power` is not `1`, every request fails with
EIO and nothing moves any more: `durable` and `unsynced` are the disk at the moment of the cut.
Requests are served one at a time, so a cut falls between two of them.

The file layout of `unsynced` is a sequence of (offset u64, length u64, bytes), little-endian.
"""

import errno
import mmap
import os
import struct

import nbdkit

API_VERSION = 2
HEADER = struct.Struct("<QQ")


class Disk:
    def __init__(self, directory):
        self.durable = os.open(os.path.join(directory, "durable"), os.O_RDWR)
        self.current = os.open(os.path.join(directory, "current"), os.O_RDWR)
        self.unsynced = os.open(os.path.join(directory, "unsynced"), os.O_RDWR | os.O_TRUNC)
        power = os.open(os.path.join(directory, "power"), os.O_RDWR)
        self.power = mmap.mmap(power, 1)
        self.size = os.fstat(self.durable).st_size
        self.cached = []

    def require_power(self):
        if self.power[0] != ord("1"):
            nbdkit.set_error(errno.EIO)
            raise OSError(errno.EIO, "power is off")

    def write(self, data, offset):
        os.pwrite(self.current, data, offset)
        os.write(self.unsynced, HEADER.pack(offset, len(data)))
        os.write(self.unsynced, data)
        self.cached.append((offset, data))

    def flush(self):
        for offset, data in self.cached:
            os.pwrite(self.durable, data, offset)
        self.cached.clear()
        os.ftruncate(self.unsynced, 0)
        os.lseek(self.unsynced, 0, os.SEEK_SET)


_directory = None
_disk = None


def config(key, value):
    global _directory
    if key != "directory":
        raise RuntimeError(f"unknown parameter {key}")
    _directory = value


def config_complete():
    if _directory is None:
        raise RuntimeError("directory=DIR is required")


def get_ready():
    global _disk
    _disk = Disk(_directory)


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def open(readonly):  # noqa: A001 (the name is nbdkit's)
    return 1


def get_size(handle):
    return _disk.size


def can_flush(handle):
    return True


def can_fua(handle):
    return nbdkit.FUA_NATIVE


def pread(handle, buffer, offset, flags):
    _disk.require_power()
    view, done = memoryview(buffer), 0
    while done < len(view):
        count = os.preadv(_disk.current, [view[done:]], offset + done)
        if count == 0:
            break
        done += count


def pwrite(handle, buffer, offset, flags):
    _disk.require_power()
    _disk.write(bytes(buffer), offset)
    if flags & nbdkit.FLAG_FUA:
        _disk.flush()


def flush(handle, flags):
    _disk.require_power()
    _disk.flush()
