"""Answers questions about many positions or cells by the h3 package, for `Benchmarks h3`.

A question on standard input is a head of 16 bytes (kind, a number, six zeros, a count) and what its
kind says, all in the machine's byte order; the answer a length in 8 bytes and so many bytes:

  cells    count × latitude, count × longitude (degrees, double), count × resolution (a byte)
           → count × id
  centres  count × id → count × (latitude, longitude)
  corners  count × id → count × how many (a byte), then latitude, longitude of all
  disk     count × id; the number is k → count × how many, then the ids, sorted
  parent   count × id → the same, ids of the resolution above, at resolution 0 none
  children count × id → the same, of the resolution below
  time     count × latitude, count × longitude; the number is the resolution
           → ns a call of latlng_to_cell with text ids, as people use it
"""

import array
import struct
import sys
import time

import h3
from h3.api import basic_int

HEAD = struct.Struct("=BB6xQ")


def take(kind, count):
    """So many numbers from standard input."""
    numbers = array.array(kind)
    numbers.frombytes(sys.stdin.buffer.read(numbers.itemsize * count))
    return numbers


def cells(_, count):
    lat, lon, resolution = take("d", count), take("d", count), take("B", count)
    return array.array("Q", map(basic_int.latlng_to_cell, lat, lon, resolution)).tobytes()


def centres(_, count):
    out = array.array("d")
    for at in map(basic_int.cell_to_latlng, take("Q", count)):
        out.extend(at)
    return out.tobytes()


def corners(_, count):
    counts, out = bytearray(), array.array("d")
    for around in map(basic_int.cell_to_boundary, take("Q", count)):
        counts.append(len(around))
        for at in around:
            out.extend(at)
    return bytes(counts) + out.tobytes()


def rows(answers):
    counts, out = bytearray(), array.array("Q")
    for some in answers:
        counts.append(len(some))
        out.extend(sorted(some))
    return bytes(counts) + out.tobytes()


def disk(k, count):
    return rows(basic_int.grid_disk(cell, k) for cell in take("Q", count))


def parent(_, count):
    def above(cell):
        resolution = basic_int.get_resolution(cell)
        return [basic_int.cell_to_parent(cell, resolution - 1)] if resolution else []
    return rows(map(above, take("Q", count)))


def children(_, count):
    return rows(map(basic_int.cell_to_children, take("Q", count)))


def timed(resolution, count):
    lat, lon = take("d", count).tolist(), take("d", count).tolist()
    find = h3.latlng_to_cell
    start = time.perf_counter()
    for n in range(count):
        find(lat[n], lon[n], resolution)
    return struct.pack("=d", (time.perf_counter() - start) / max(1, count) * 1e9)


# In the order of `H3Package.Question`.
QUESTIONS = (cells, centres, corners, disk, parent, children, timed)


def main():
    if h3.versions()["c"] != "4.5.0":
        sys.exit(f"h3 is {h3.versions()}, not 4.5.0")
    while head := sys.stdin.buffer.read(HEAD.size):
        kind, number, count = HEAD.unpack(head)
        answer = QUESTIONS[kind](number, count)
        sys.stdout.buffer.write(struct.pack("=Q", len(answer)))
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


main()
