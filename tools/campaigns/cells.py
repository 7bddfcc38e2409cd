#!/usr/bin/env python3
"""Cells: `tacho cell --batch` names the same H3 cell as the h3 package, position by position.

Positions are random: two fifths anywhere, a fifth in Korea, the others close to pentagons, cell
borders (some exactly on a vertex), sides and middles of the icosahedron's faces; resolutions 0…15.
The package (h3==4.5.0, from PyPI) is installed into .build/h3 once.

Then what lies around, above and below cells: all cells of resolutions 0 to 2 (with --full 0 to 5),
and 20,000 of the others, half of them beside pentagons and edges of the icosahedron. Last a part of
`Benchmarks h3`, for cells of many positions at once.

examples:
  tools/campaigns/cells.py                      # 200,000 positions
  tools/campaigns/cells.py --full               # 1,000,000
  tools/campaigns/cells.py --count 5000 --seed 7 --verbose
"""

import collections
import itertools
import json
import math
import sys

from lib import campaign, h3_package, process


def main():
    p = campaign.parser(__doc__, faulty=False)
    p.add_argument("--count", type=int, metavar="N",
                   help="positions (default: 200,000, with --full 1,000,000)")
    options = p.parse_args()
    try:
        import h3
    except ImportError:
        h3_package.restart_with()
    if h3.__version__ != h3_package.PACKAGE.split("==")[1]:
        h3_package.restart_with()
    sys.path.insert(0, str(campaign.ROOT / "tools" / "cells"))
    import fixtures

    count = options.count or (1_000_000 if options.full else 200_000)
    with campaign.Campaign("cells", options) as c:
        compare(c, list(fixtures.positions(count, c.random)), h3)
        around(c, h3, fixtures, 5 if options.full else 2)
        distances(c, h3, fixtures)
        paths(c, h3, fixtures)
        sets(c, h3)
        refusals(c)
        many(c)


def many(c):
    """Positions one alone and many at once, from within: a seeded part of `Benchmarks h3`, which has
    it of 15 million."""
    points = 3_000_000 if c.options.full else 300_000
    done = process.run([c.program("Benchmarks"), "h3", "--points", str(points), "--rounds", "1",
                        "--json"], timeout=600)
    c.check("Benchmarks h3 ends well", done.returncode == 0, done.stderr.decode()[-300:])
    figures = map(json.loads, done.stdout.decode().splitlines())
    seen = {one["name"]: one for one in figures if one["name"].endswith("_mismatches")}
    for name in ("h3_mismatches", "h3_ids_mismatches", "h3_disks_mismatches"):
        if c.check(f"{name} is printed", name in seen, " ".join(seen)):
            c.check(f"{name} of {seen[name]['n']}", seen[name]["value"] == 0,
                    f"{seen[name]['value']}")


def compare(c, positions, h3):
    c.note(f"{len(positions)} positions")
    text = "".join(f"{lat!r} {lon!r} {resolution}\n" for lat, lon, resolution in positions)
    done = process.run([c.program("tacho"), "cell", "--batch", "-"], input=text.encode(),
                       stdin=None, timeout=600)
    c.check("tacho cell --batch ends well", done.returncode == 0, done.stderr.decode()[-300:])
    answers = done.stdout.decode().split("\n")
    if not c.check("one id a line", len(answers) == len(positions) + 1 and answers[-1] == "",
                   f"{len(answers) - 1} lines"):
        raise campaign.Stop
    seen, wrong = collections.Counter(), collections.Counter()
    for position, answer in zip(positions, answers):
        seen[position[2]] += 1
        expected = h3.latlng_to_cell(*position)
        if answer != expected:
            wrong[position[2]] += 1
            if sum(wrong.values()) <= 10:
                c.note(f"{position}: {answer}, expected {expected}")
    c.note(f"{sum(wrong.values())} mismatches")
    for resolution in sorted(seen):
        c.check(f"resolution {resolution}: {seen[resolution]} positions",
                not wrong[resolution], f"{wrong[resolution]} mismatches")


def above(h3, cell):
    return h3.cell_to_parent(cell, max(0, h3.get_resolution(cell) - 1))


def below(h3, cell):
    return " ".join(sorted(h3.cell_to_children(cell, min(15, h3.get_resolution(cell) + 1))))


# By name: the line that asks, and what H3 answers.
QUESTIONS = {
    "parent": (lambda h3, cell: f"parent {cell} {max(0, h3.get_resolution(cell) - 1)}", above),
    "children": (
        lambda h3, cell: f"children {cell} {min(15, h3.get_resolution(cell) + 1)}", below),
    "centre child": (
        lambda h3, cell: f"centre-child {cell} {min(15, h3.get_resolution(cell) + 2)}",
        lambda h3, cell: h3.cell_to_center_child(cell, min(15, h3.get_resolution(cell) + 2))),
    "neighbours": (
        lambda h3, cell: f"neighbours {cell}",
        lambda h3, cell: " ".join(sorted(set(h3.grid_disk(cell, 1)) - {cell}))),
    "ring 2": (
        lambda h3, cell: f"ring {cell} 2",
        lambda h3, cell: " ".join(
            sorted(set(h3.grid_disk(cell, 2)) - set(h3.grid_disk(cell, 1))))),
    "disk 4": (
        lambda h3, cell: f"disk {cell} 4",
        lambda h3, cell: " ".join(sorted(h3.grid_disk(cell, 4)))),
}
# Not asked of every cell: 61 cells each.
SAMPLED = ("disk 4",)


def some_cells(c, h3, fixtures, finest):
    """All cells down to a resolution, and 20,000 of any."""
    for resolution in range(finest + 1):
        for base in h3.get_res0_cells():
            yield from h3.cell_to_children(base, resolution)
    yield from sampled_cells(c, h3, fixtures)


def sampled_cells(c, h3, fixtures):
    for lat, lon, resolution in fixtures.positions(20_000, c.random):
        yield h3.latlng_to_cell(lat, lon, resolution)


def asked(c, lines):
    done = process.run([c.program("tacho"), "cell", "--batch", "-"],
                       input="".join(f"{line}\n" for line in lines).encode(), stdin=None,
                       timeout=600)
    c.check("questions are answered", done.returncode == 0, done.stderr.decode()[-300:])
    return done.stdout.decode().split("\n")[:-1]


def around(c, h3, fixtures, finest):
    seen, wrong = collections.Counter(), collections.Counter()
    off = bent = wide = 0.0
    sample = list(sampled_cells(c, h3, fixtures))
    cells = iter(some_cells(c, h3, fixtures, finest))
    while some := list(itertools.islice(cells, 100_000)):
        for name, (ask, expect) in QUESTIONS.items():
            if name in SAMPLED:
                continue
            weigh(c, h3, name, some, ask, expect, seen, wrong)
        for cell, answer in zip(some, asked(c, [f"centre {cell}" for cell in some])):
            seen["centre"] += 1
            off = max(off, apart(positions(answer), [h3.cell_to_latlng(cell)]))
        for cell, answer in zip(some, asked(c, [f"boundary {cell}" for cell in some])):
            seen["boundary"] += 1
            bent = max(bent, apart(positions(answer), h3.cell_to_boundary(cell)))
    for cell, answer in zip(sample, asked(c, [f"area {cell}" for cell in sample])):
        wide = max(wide, abs(float(answer) / h3.cell_area(cell, unit="m^2") - 1))
    for name in SAMPLED:
        ask, expect = QUESTIONS[name]
        weigh(c, h3, name, sample, ask, expect, seen, wrong)
    for name in QUESTIONS:
        c.check(f"{name}: {seen[name]} cells", not wrong[name], f"{wrong[name]} mismatches")
    c.check(f"centre: {seen['centre']} cells, {math.radians(off):.1e} rad off at most",
            math.radians(off) < 1e-12)
    c.check(f"boundary: {seen['boundary']} cells, {math.radians(bent):.1e} rad off at most",
            math.radians(bent) < 1e-12)
    # H3 itself loses digits where corners are near each other: seven are left at resolution 15.
    c.check(f"area: {len(sample)} cells, {wide:.1e} off at most", wide < 1e-6)


def positions(answer):
    numbers = [float(word) for word in answer.split(" ")]
    return list(zip(numbers[::2], numbers[1::2]))


def apart(some, others):
    """The greatest distance in degrees of two rows of positions."""
    if len(some) != len(others):
        return math.inf
    return max(
        max(abs(a[0] - b[0]),
            abs((a[1] - b[1] + 180) % 360 - 180) * math.cos(math.radians(b[0])))
        for a, b in zip(some, others))


def distances(c, h3, fixtures):
    """Of cells near and far, wherever H3 has an answer."""
    pairs = []
    for lat, lon, resolution in fixtures.positions(20_000, c.random):
        far = c.random.choice([1, 3, 8, 20, 60]) * h3.average_hexagon_edge_length(resolution) / 60
        other = h3.latlng_to_cell(
            max(-90, min(90, lat + c.random.uniform(-far, far))),
            lon + c.random.uniform(-far, far), resolution)
        pairs.append((h3.latlng_to_cell(lat, lon, resolution), other))
    for n in range(600):
        middle = c.random.choice(list(h3.get_pentagons(n % 16)))
        some = h3.grid_disk(middle, c.random.randint(1, 9))
        pairs.append((c.random.choice(some), c.random.choice(some)))
    expected = {}
    for a, b in pairs:
        try:
            expected[a, b] = str(h3.grid_distance(a, b))
        except h3.H3BaseException:
            continue  # too far apart, or a pentagon between
    wrong = 0
    for (a, b), answer in zip(expected, asked(c, [f"distance {a} {b}" for a, b in expected])):
        if answer != expected[a, b]:
            wrong += 1
            c.note(f"distance {a} {b}: {answer}, expected {expected[a, b]}")
    c.check(f"distance: {len(expected)} pairs", not wrong, f"{wrong} mismatches")


def beside_a_pentagon(h3, path):
    """One lies on the way, or near enough that H3's own plane does not hold all of the way."""
    if any(h3.is_pentagon(h3.cell_to_parent(cell, 0)) for cell in path):
        resolution = h3.get_resolution(path[0])
        if resolution < 3 or any(h3.is_pentagon(h3.cell_to_parent(cell, 2)) for cell in path):
            return True
    try:
        for cell in path:
            h3.cell_to_local_ij(path[0], cell)
    except h3.H3BaseException:
        return True
    return False


def paths(c, h3, fixtures):
    """Of cells near each other, wherever H3 has an answer. Beside pentagons a line can go round on
    either side: there only steps from neighbour to neighbour are asked for."""
    expected, beside = {}, {}
    pairs = []
    for lat, lon, resolution in fixtures.positions(20_000, c.random):
        cell = h3.latlng_to_cell(lat, lon, resolution)
        pairs.append((cell, c.random.choice(h3.grid_disk(cell, c.random.choice([1, 2, 4, 9, 20])))))
    for a, b in pairs:
        try:
            path = h3.grid_path_cells(a, b)
        except h3.H3BaseException:
            continue
        (beside if beside_a_pentagon(h3, path) else expected)[a, b] = path
    wrong = 0
    for (a, b), answer in zip(expected, asked(c, [f"path {a} {b}" for a, b in expected])):
        if answer.split(" ") != expected[a, b]:
            wrong += 1
            if wrong <= 10:
                c.note(f"path {a} {b}: {answer}, expected {' '.join(expected[a, b])}")
    c.check(f"path: {len(expected)} pairs", not wrong, f"{wrong} mismatches")
    # One by one: a line without an answer ends a batch.
    torn, some = 0, list(beside)[:100]
    for a, b in some:
        done = process.run([c.program("tacho"), "cell", "path", a, b])
        answer = (done.stdout + done.stderr).decode().strip()
        cells = answer.split(" ")
        if done.returncode == 64 and "a pentagon lies between" in answer:
            continue
        if cells[0] != a or cells[-1] != b or any(
                y not in h3.grid_disk(x, 1) for x, y in zip(cells, cells[1:])):
            torn += 1
            c.note(f"path {a} {b}: {answer}")
    c.check(f"path beside pentagons: {len(some)} pairs", not torn, f"{torn} torn")


def weigh(c, h3, name, cells, ask, expect, seen, wrong):
    for cell, answer in zip(cells, asked(c, [ask(h3, cell) for cell in cells])):
        seen[name] += 1
        if answer != expect(h3, cell):
            wrong[name] += 1
            if sum(wrong.values()) <= 10:
                c.note(f"{name} of {cell}: {answer}, expected {expect(h3, cell)}")


def sets(c, h3):
    """Compacted and back, of disks around any cell; pentagons are in some."""
    for n in range(200):
        resolution = c.random.randint(1, 9)
        middle = h3.latlng_to_cell(
            c.random.uniform(-90, 90), c.random.uniform(-180, 180), resolution)
        if n % 4 == 0:
            middle = c.random.choice(list(h3.get_pentagons(resolution)))
        disk = list(h3.grid_disk(middle, c.random.randint(0, 12)))
        few, = asked(c, ["compact " + " ".join(disk)])
        c.check(f"compact {n}", few == " ".join(sorted(h3.compact_cells(disk))), middle)
        many, = asked(c, [f"uncompact {resolution} {few}"])
        c.check(f"uncompact {n}", many == " ".join(sorted(disk)), middle)


def refusals(c):
    tacho = c.program("tacho")
    one = process.run([tacho, "cell", "-33.9", "-70.5", "9"])
    c.check("a position with negative numbers on the command line",
            one.returncode == 0 and len(one.stdout.strip()) == 15,
            (one.stdout + one.stderr).decode())
    bad = process.run([tacho, "cell", "--batch", "-"], input=b"37.5 127 9\n37.5 127 99\n",
                      stdin=None)
    c.check("a bad line is named", bad.returncode == 65 and b"line 2: " in bad.stderr
            and bad.stdout == b"8930e1d9b37ffff\n", (bad.stdout + bad.stderr).decode())
    for words in ([], ["37.5", "127"], ["91", "127", "9"], ["37.5", "127", "9", "--data", "x"]):
        refused = process.run([tacho, "cell", *words])
        c.check(f"tacho cell {' '.join(words)} is refused",
                refused.returncode == 64 and refused.stdout == b"",
                f"{refused.returncode} {(refused.stdout + refused.stderr).decode()}")


if __name__ == "__main__":
    sys.exit(main())
