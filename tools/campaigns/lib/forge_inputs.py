"""Random alterations of a segment, sealed again by `forge`."""

import struct

from tacho_audit import layout

from . import forge


def alter(random, data):
    """(altered bytes, what was altered)."""
    made = forge.Forgery(data)
    kind = random.choice(["payload"] * 6 + ["splice"] * 2 + ["record", "ordinal", "index", "header",
                                                             "names"])
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
