"""Random alterations of a segment, sealed again by `forge`."""

import struct

import numpy as np
from tacho_audit import layout

from . import forge


def alter(random, data):
    """(altered bytes, what was altered)."""
    made = forge.Forgery(data)
    kind = random.choice(["payload"] * 6 + ["splice"] * 2 + ["records"] * 6 + ["field"] * 3 + [
        "record", "ordinal", "index", "both", "header", "footer", "names"])
    if kind == "records":
        return _other_records(random, made)
    if kind == "field":
        what = _other_fields(random, made)
        return made.bytes(fit=random.random() < 0.8), what
    if kind == "both":
        return _other_entry(random, made)
    if kind == "footer":
        place = random.choice([*range(64), *range(96, 112), *range(116, 128)])
        made.footer[place] ^= 1 << random.randrange(8)
        return made.bytes(fit=False), (kind, place)
    if kind == "header":
        place = random.randrange(188)
        made.header[place] ^= 1 << random.randrange(8)
        return made.bytes(fit=False), (kind, place)
    if kind == "ordinal":
        return _another_fix(random, made)
    if kind == "names":
        place = random.randrange(len(made.names))
        made.names[place] ^= 1 << random.randrange(8)
        return made.bytes(fit=False), (kind, place)
    if kind == "index":
        number, place = random.randrange(len(made.index)), random.randrange(40)
        made.index[number][place] ^= 1 << random.randrange(8)
        return made.bytes(fit=False), (kind, number, place)
    number = len(made.blocks) - 1 if kind == "record" else random.randrange(len(made.blocks))
    block = made.blocks[number]
    place = random.randrange(24, len(block))
    if kind == "splice":
        if random.random() < 0.5:
            del block[place:place + random.randrange(1, 5)]
        else:
            block[place:place] = random.randbytes(random.randrange(1, 5))
        return made.bytes(), (kind, number, place)
    old = block[place]
    block[place] = random.choice([old ^ 1 << random.randrange(8), random.randrange(256), 0, 255,
                                  (old + 1) & 255])
    return made.bytes(), (kind, number, place, old, block[place])


def _another_fix(random, made):
    """An amendment of the fix after the one that is meant."""
    block = made.blocks[-1]
    records = range(24, len(block), layout.RECORD_BYTES)
    amended = [at for at in records if block[at] == layout.AMENDED]
    at = random.choice(amended)
    ordinal = struct.unpack_from("<H", block, at + 4)[0] + 1
    struct.pack_into("<H", block, at + 4, ordinal)
    return made.bytes(), ("ordinal", at, ordinal)


FIELDS = ("partition", "rule_set", "segment_id", "first_sequence", "last_sequence", "min_recv_ms",
          "max_recv_ms", "min_ts_ms", "max_ts_ms", "points", "lost_points", "amendments",
          "file_bytes", "riders", "other_riders", "blocks", "major", "minor")


def _other_fields(random, made):
    """One or two numbers of the header."""
    what = []
    for name in random.sample(FIELDS, random.choice([1, 1, 2])):
        kind = layout.HEADER.fields[name][0]
        limits = np.iinfo(kind)
        old = made.get(name)
        value = random.choice([0, 1, old - 1, old + 1, old + 3, old - 3, limits.min, limits.max])
        made.put(**{name: min(max(value, limits.min), limits.max)})
        what.append((name, value))
    return ("field", *what)


def _other_records(random, made):
    """A few changes of records, which must be in an order and name what is there."""
    records, what = made.records(), []
    for _ in range(random.choice([1, 1, 2, 3])):
        change = random.choice(["swap", "rider", "sequence", "time", "ordinal", "drop", "repeat",
                                "kind"])
        one, other = (random.randrange(len(records)) for _ in range(2))
        if change == "swap":
            records[[one, other]] = records[[other, one]]
        elif change == "rider":
            records["rider"][one] = random.choice([*range(6), layout.NO_RIDER])
        elif change == "sequence":
            records["first_sequence"][one] = records["first_sequence"][other]
            records["last_sequence"][one] = records[random.choice(["first_sequence",
                                                                   "last_sequence"])][other]
        elif change == "time":
            old = int(records["ts_ms"][other])
            records["ts_ms"][one] = random.choice([old, old - 1, old + 1, 0, (1 << 47) - 1, 1 << 47,
                                                   -(1 << 47), 1 - (1 << 47), -(1 << 63)])
        elif change == "ordinal":
            records["ordinal"][one] = random.choice([0, 1, 2, 65535])
        elif change == "kind":
            records["kind"][one], records["cause"][one] = random.choice([(1, 2), (2, 3), (2, 2)])
        elif change == "drop" and len(records) > 1:
            records = np.delete(records, one)
        elif change == "repeat":
            records = np.insert(records, one, records[other])
        what.append((change, one, other))
    made.put_records(records, bounds=random.random() < 0.9)
    return made.bytes(), ("records", *what)


def _other_entry(random, made):
    """The same change of a block's header and of its entry in the index."""
    number = random.randrange(len(made.blocks))
    name, size, in_block, in_row = random.choice([
        ("kind", "B", 4, 16), ("codec", "B", 5, 17), ("count", "<H", 6, 18), ("rider", "<I", 8, 12)])
    value = random.choice([0, 1, 2, 3, 255, struct.unpack_from(size, made.index[number], in_row)[0]
                           - 1]) & 0xFF
    struct.pack_into(size, made.blocks[number], in_block, value)
    struct.pack_into(size, made.index[number], in_row, value)
    return made.bytes(), ("both", number, name, value)


def neighbours(random, files):
    """Segments that follow each other, altered in what holds between them; (file name, bytes)s and
    what was altered."""
    made, what, damaged = list(files), [], set()
    for _ in range(random.choice([1, 1, 2])):
        place = random.randrange(len(made))
        change = random.choice(["field", "records", "shift", "damage"])
        forgery = forge.Forgery(files[place])
        if change == "field":
            what.append((place, _other_fields(random, forgery)))
            made[place] = forgery.bytes()
        elif change == "records":
            made[place], of = _other_records(random, forgery)
            what.append((place, of))
        elif change == "shift":
            by = random.choice([-3, -1, 1, 3])
            made[place] = shifted(files[place], by)
            what.append((place, change, by))
        else:
            damaged.add(place)
    if random.random() < 0.8:
        made = forge.chained(made)
        what.append("chained")
    for place in sorted(damaged):  # last: a forger takes apart only what is a segment
        data, at = bytearray(made[place]), random.randrange(len(made[place]))
        data[at] ^= 1 << random.randrange(8)
        made[place] = bytes(data[:random.choice([len(data), len(data), at])])
        what.append((place, "damage", at))
    names = [f"{number:08d}.seg" for number in range(1, len(made) + 1)]
    if random.random() < 0.2:
        names[-1] = random.choice(["00000000.seg", "00000003.seg", "18446744073709551615.seg"])
        what.append(names[-1])
    return list(zip(names, made)), what


def shifted(data, by):
    """A segment of sequences so much further on."""
    made = forge.Forgery(data)
    records = made.records()
    first = made.get("first_sequence")
    by = max(by, 1 - first)
    for name in ("first_sequence", "last_sequence"):
        made.put(**{name: made.get(name) + by})
        records[name] += np.array(by).astype("<u8")
    made.put_records(records)
    return made.bytes()


def forbidden(files):
    """What §9 does not let a segment say, as (name, files, codes that both readers find). `files`:
    two segments; the second has three riders with points and one more, and a loss at its end."""
    first, second = files

    def other(change, data=second):
        made = forge.Forgery(data)
        records = made.records()
        change(made, records)
        made.put_records(records)
        return made.bytes()

    def pair(change):
        return [first, other(change)]

    def names(_, records):
        records["first_sequence"][1] = records["last_sequence"][1] = records["first_sequence"][0]
        records["rider"][:2] = 1, 0
        records["ts_ms"][:2] = records["ts_ms"][[1, 0]]

    def times(_, records):
        records["rider"][1], records["ts_ms"][1] = records["rider"][0], records["ts_ms"][0] - 1
        records["first_sequence"][1] = records["last_sequence"][1] = records["first_sequence"][0]

    def unused(_, records):
        records["rider"][3], records["ts_ms"][3] = records["rider"][0], records["ts_ms"][0]

    def out_of_turn(made, records):
        ends = list(struct.unpack_from("<4I", made.names))
        made.names[:16] = struct.pack("<5I", *ends, ends[-1] + 4)
        made.names += b"late"
        made.put(other_riders=2)
        records["rider"][2:4] = 4, 3

    def loss_last(_, records):
        records["first_sequence"][3] = records["last_sequence"][3] = records["first_sequence"][4]

    def far(_, records):
        records["ts_ms"][0] = 1 << 47

    yield "names of one sequence descend", pair(names), ["amendment"]
    yield "times of one rider descend", pair(times), ["amendment"]
    yield "a rider that no record names", pair(unused), ["counts"]
    yield "riders without points out of turn", pair(out_of_turn), ["amendment"]
    yield "a loss behind an amendment of its sequence", pair(loss_last), ["amendment"]
    yield "an amendment of a time beyond 2^47", pair(far), ["amendment"]

    def later(_, records):
        # A fix of the same rider that only the second segment holds.
        records["ts_ms"][0] = only_there

    only_there = _first_time(second, "rider-0-0")
    yield "an amendment of a fix that only a later segment holds", forge.chained(
        [other(later, first), second]), ["amendment_target"]
    yield "a range of losses alone", [losses(first)], []
    for name in ("min_recv_ms", "max_recv_ms", "min_ts_ms", "max_ts_ms"):
        yield f"{name} of no points", [losses(first, **{name: 5})], ["header_content"]
    yield "sequences in two segments", [first, shifted(second, -3)], ["interval_overlap"]
    yield "sequences in none", [first, shifted(second, 3)], ["interval_gap"]


def _first_time(data, rider):
    made = forge.Forgery(data)
    names = [name.decode() for name in made.raw_names()]
    row = next(row for row in made.index
               if struct.unpack_from("<I", row, 12)[0] == names.index(rider))
    return struct.unpack_from("<q", row, 24)[0]


def losses(data, **fields):
    """A first segment of five lost numbers and nothing else, by the layout of another one; numbers
    of its header."""
    made = forge.Forgery(data)
    made.blocks, made.index, made.names = made.blocks[-1:], made.index[-1:], bytearray()
    record = np.zeros(1, dtype=layout.RECORD)
    record["kind"], record["cause"], record["rider"] = layout.LOSS, 3, layout.NO_RIDER
    record["first_sequence"], record["last_sequence"] = 1, 5
    made.put(first_sequence=1, last_sequence=5, points=0, lost_points=5, riders=0, other_riders=0,
             blocks=1, min_recv_ms=0, max_recv_ms=0, min_ts_ms=0, max_ts_ms=0)
    made.put_records(record)
    made.put(**fields)
    return made.bytes()
