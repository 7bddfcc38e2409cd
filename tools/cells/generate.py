#!/usr/bin/env python3
"""Writes the tables of Sources/TachoGeo/Cells and the fixtures of their tests.

What is taken as published fact: where the 20 faces of H3's icosahedron lie and how their first axis
points (uber/h3 v4.5.0, src/h3lib/lib/faceijk.c; h3geo.org, "Coordinate Systems used by the H3 Core
Library"). Everything else is found by asking the h3 package: which base cell lies where on which
face, how its digits are turned against the face's axes, and around pentagons also which of them
are skipped. A turn is accepted only if it explains every position asked for.

examples:
  pip install h3==4.5.0 && tools/cells/generate.py            # both
  tools/cells/generate.py --only tables --samples 500000
"""

import argparse
import collections
import graphlib
import pathlib
import random
import sys

import fixtures
import geometry
import h3

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLES = ROOT / "Sources" / "TachoGeo" / "Cells" / "CellTables.swift"
FIXTURES = ROOT / "Tests" / "Fixtures" / "cells.csv"
BORDERS = ROOT / "Tests" / "Fixtures" / "cells-on-borders.csv"

# The digits 1…6 are the bits i, j, k; a turn by 60° counterclockwise goes I, IJ, J, JK, K, IK.
TURN = {0: 0, 4: 6, 6: 2, 2: 3, 3: 1, 1: 5, 5: 4}
SKIPPED = 1  # K: the direction a pentagon does not have


def turned(digits, turns):
    for _ in range(turns % 6):
        digits = tuple(TURN[d] for d in digits)
    return digits


def leading(digits):
    return next((d for d in digits if d), 0)


def turned_on_pentagon(digits, turns, clockwise):
    """Turns around a pentagon: never ends in, and never starts from, the direction it lacks."""
    if leading(digits) == SKIPPED:
        digits = turned(digits, 5 if clockwise else 1)
    for _ in range(turns):
        digits = turned(digits, 1)
        if leading(digits) == SKIPPED:
            digits = turned(digits, 1)
    return digits


def published(lat, lon, resolution):
    cell = h3.str_to_int(h3.latlng_to_cell(lat, lon, resolution))
    digits = tuple(cell >> 3 * (15 - r) & 7 for r in range(1, resolution + 1))
    return cell >> 45 & 127, digits


def rules(pentagon):
    if not pentagon:
        return [(turns, None) for turns in range(6)]
    return [(turns, clockwise) for clockwise in (False, True) for turns in range(6)]


def applied(rule, digits):
    turns, clockwise = rule
    if clockwise is None:
        return turned(digits, turns)
    return turned_on_pentagon(digits, turns, clockwise)


def probe(samples, rng):
    """Per (face, place on it at resolution 0): the base cell and the rules not yet refuted."""
    pentagons = {h3.str_to_int(c) >> 45 & 127 for c in h3.get_pentagons(0)}
    base, left = {}, {}
    heard = collections.Counter()
    for lat, lon, resolution in fixtures.positions(samples, rng):
        face, z = geometry.lattice(lat, lon, resolution)
        if z is None:  # too near a border to be sure without the published order of operations
            continue
        root, digits = geometry.digits(z, resolution)
        cell, expected = published(lat, lon, resolution)
        key = (face, root)
        if base.setdefault(key, cell) != cell:
            raise SystemExit(f"{key}: base cells {base[key]} and {cell}")
        known = left.setdefault(key, rules(cell in pentagons))
        left[key] = [rule for rule in known if applied(rule, digits) == expected]
        heard[key, leading(digits)] += 1
        if not left[key]:
            raise SystemExit(f"{key}: no turn explains {digits} -> {expected}")
    return base, left, heard


def entry(cell, rule):
    """The base cell in 7 bits, then 3 bits a leading digit: how often the digits are turned."""
    value = cell
    for first in range(1, 7):
        after = applied(rule, (first,))[0]
        turns = next(n for n in range(6) if turned((first,), n)[0] == after)
        value |= turns << 7 + 3 * first
    return value


def rows(values, per_line, show):
    values = [show(v) for v in values]
    return "".join(
        "        " + ", ".join(values[n:n + per_line]) + ",\n"
        for n in range(0, len(values), per_line))


def vectors(name, doc, values):
    body = "".join(f"        Vector(x: {x!r}, y: {y!r}, z: {z!r}),\n" for x, y, z in values)
    return f"    /// {doc}\n    static let {name}: [Vector] = [\n{body}    ]\n\n"


# i, i + j, j and so on, counterclockwise: a cell's corners lie between two of them.
AROUND = [(1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1)]


def in_order(places):
    """Places of a pentagon as H3 prefers them, where a cell lies on the edge between two faces: seen
    from the face H3 takes, the cell's first corner is the published first. One cell of resolution 2
    beside the vertex tells it of each edge."""
    seen = collections.defaultdict(dict)
    for place in places:
        face, a, b = place // 25, place % 25 // 5 - 2, place % 5 - 2
        for one, next_one in zip(AROUND, AROUND[1:] + AROUND[:1]):
            p = (7 * a + one[0] + next_one[0], 7 * b + one[1] + next_one[1])
            if max(p[0] + p[1], p[0] - 2 * p[1], p[1] - 2 * p[0]) != 14:
                continue  # not on an edge of this face
            cell = h3.latlng_to_cell(*geometry.position(face, *p, 2), 2)
            corner = geometry.position(
                face, p[0] + (AROUND[0][0] + AROUND[1][0]) / 3,
                p[1] + (AROUND[0][1] + AROUND[1][1]) / 3, 2)
            # Off the face the grid is another, but not by as much as a corner is from the next.
            published_corner = geometry.vector(*h3.cell_to_boundary(cell)[0])
            seen[cell][place] = -geometry.dot(published_corner, geometry.vector(*corner))
    before = {place: set() for place in places}
    for cell, faces in seen.items():
        if len(faces) != 2:
            raise SystemExit(f"{cell}: seen from {faces}")
        chosen, other = sorted(faces, key=faces.get)
        before[other].add(chosen)
    return list(graphlib.TopologicalSorter(before).static_order())


def tables(samples, seed):
    base, left, heard = probe(samples, random.Random(seed))
    entries = {}
    for key, candidates in left.items():
        # On one face only three directions occur around a pentagon; rules that turn those alike
        # are the same rule there.
        occurring = [d for d in range(1, 7) if heard[key, d]]
        effects = {tuple(applied(c, (d,)) for d in occurring) for c in candidates}
        if len(effects) != 1:
            raise SystemExit(f"{key}: {len(effects)} turns possible; ask for more positions")
        entries[key] = entry(base[key], candidates[0])
    print(f"{len(entries)} places on {len({face for face, _ in entries})} faces")
    if len(entries) != 320:
        raise SystemExit("320 expected; ask for more positions")
    grid = [
        entries.get((face, (a, b)), 0xFFFF_FFFF)
        for face in range(20) for a in range(-2, 3) for b in range(-2, 3)]
    places = collections.defaultdict(list)
    for face, (a, b) in sorted(entries):
        turns = entries[face, (a, b)] >> 7
        index = face * 25 + a * 5 + b + 12
        places[base[face, (a, b)]].append((abs(a) + abs(b) + abs(a - b), turns != 0, index))
    if len(places) != 122 or max(map(len, places.values())) > 5:
        raise SystemExit("not 122 base cells with up to 5 places")
    inverse = []
    for cell in range(122):
        own = [place for *_, place in sorted(places[cell])]
        if len(own) == 5:
            own = in_order(own)
        inverse += own + [0xFFFF] * (5 - len(own))
    pentagons = sum(1 << (h3.str_to_int(c) >> 45 & 127) for c in h3.get_pentagons(0))
    text = "// Written by tools/cells/generate.py; do not edit.\n\n"
    text += "/// Where H3's icosahedron lies and which base cell is where on it.\n"
    text += "enum CellTables {\n"
    text += vectors("faceCentres", "Unit vectors to the middles of the faces.", geometry.CENTRES)
    text += vectors("faceNorths", "North at the middle of each face.", geometry.NORTHS)
    text += vectors("faceEasts", "East at the middle of each face.", geometry.EASTS)
    text += "    /// Azimuth of each face's first axis, rad clockwise from north.\n"
    text += "    static let axisAzimuths: [Double] = [\n" + rows(geometry.AZIMUTHS, 3, repr) + "    ]\n\n"
    for name, turn, kind in (("even", 0.0, "even"), ("odd", geometry.ROTATION, "odd")):
        for axis in (0, 1):
            doc = f"Direction of the {'xy'[axis]} axis of the grid at {kind} resolutions."
            values = [geometry.axis(face, turn, axis) for face in range(20)]
            text += vectors(f"{name}{'XY'[axis]}", doc, values)
    text += "    /// The frame of a cube that eight of the middles are corners of, divided by √3: `FaceFolding`.\n"
    for name, (x, y, z) in zip(("foldX", "foldY", "foldZ"), geometry.CUBE):
        text += f"    static let {name} = Vector(x: {x!r}, y: {y!r}, z: {z!r})\n"
    text += "\n"
    text += "    /// 12 of the base cells are pentagons: bits 0…63 and 64…121.\n"
    text += f"    static let pentagons: (UInt64, UInt64) = (\n        0x{pentagons & (1 << 64) - 1:016X}, 0x{pentagons >> 64:016X}\n    )\n\n"
    text += "    /// Per face, a + 2 and b + 2 of a place of resolution 0: base cell in bits 0…6; from bit\n"
    text += "    /// 7 + 3 d how often digits that start with d are turned. All ones: no such place.\n"
    text += "    static let placeCells: [UInt32] = [\n" + rows(grid, 5, lambda v: f"0x{v:08X}") + "    ]\n\n"
    text += "    /// Per base cell up to five places, as indices of `placeCells`: the first a cell lies on is H3's.\n"
    text += "    static let cellPlaces: [UInt16] = [\n" + rows(inverse, 5, lambda v: "0xFFFF" if v == 0xFFFF else str(v)) + "    ]\n}\n"
    TABLES.parent.mkdir(exist_ok=True)
    TABLES.write_text(text)


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", choices=["tables", "fixtures"])
    p.add_argument("--samples", type=int, default=400_000, metavar="N",
                   help="positions to ask for (default: 400,000)")
    p.add_argument("--seed", type=int, default=24)
    options = p.parse_args()
    if h3.versions()["c"] != "4.5.0":
        sys.exit("h3==4.5.0 is needed")
    if options.only != "fixtures":
        tables(options.samples, options.seed)
    if options.only != "tables":
        FIXTURES.write_text(fixtures.text(random.Random(options.seed)))
        BORDERS.write_text(fixtures.border_text(random.Random(options.seed)))


if __name__ == "__main__":
    main()
