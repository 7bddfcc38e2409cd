#!/usr/bin/env python3
"""The log of segments before outside judges: Go's sumdb packages, OpenSSL and pymerkle.

A log of small segments is sealed, signed and cosigned. Valid and forged inclusion proofs,
consistency proofs and checkpoints are put before Tacho and before Go's `sumdb/tlog` and
`sumdb/note`: both must accept every valid one and refuse every forged one. Go reads the tiles
itself, and its proofs must be ours byte for byte. OpenSSL verifies the signatures, pymerkle makes
the roots of the log and of segments, from entries and blocks.

1,000 valid and 1,000 forged ones in the long form, 300 and 300 in the short one.

examples:
  tools/campaigns/log_proofs.py
  tools/campaigns/log_proofs.py --full --seed 7
"""

import base64
import hashlib
import os
import struct
import sys

from lib import campaign, go_judge, judges, process

VENV = campaign.ROOT / ".build" / "venv"
HASH = 32


def main():
    parser = campaign.parser(__doc__, faulty=False)
    options = parser.parse_args()
    with campaign.Campaign("log_proofs", options) as c:
        count = 1000 if options.full else 300
        log = Log(c, 700 if options.full else 300)
        go = judges.Judge("go", [go_judge.build()])
        ours = judges.Judge("tacho", [c.program("tacho-log-judge")])
        check_tree(c, log, ours, go)
        compare(c, log, ours, go, count)
        check_signatures(c, log, 200 if options.full else 40)
        check_roots(c, log)
        go.end()
        ours.end()


class Log:
    """A sealed, signed and cosigned directory, and what an outsider reads of it."""

    def __init__(self, c, segments):
        self.audit = c.place("audit")
        (self.audit / "tmp").mkdir()
        keys = c.place("keys")
        audit = c.program("tacho-audit")
        for name, extra in (("log", []), ("witness", ["--witness"])):
            process.run([audit, "key", "new", *extra, "--name", f"{name}.example", "--out",
                         keys / name], check=True)
        self.vkey = (keys / "log.pub").read_text().strip()
        self.witness = (keys / "witness.pub").read_text().strip()
        done = process.run([c.program("tacho-log-judge"), "fill", self.audit, keys / "log",
                            keys / "witness", segments, c.seed], timeout=600, check=True, text=True)
        self.checkpoints = [base64.b64decode(line) for line in done.stdout.split()]
        self.folder = self.audit / "log"
        self.entries = self.read_entries(segments)
        c.check("every segment has an entry", len(self.entries) == segments)
        verified = process.run([audit, "verify", "--audit", self.audit, "--expect-vkey", self.vkey,
                                "--witness", self.witness], timeout=600, text=True)
        c.check("verify accepts the log", verified.returncode == 0, verified.stdout[-300:])

    def read_entries(self, count):
        """The entries of all bundles: u16 big-endian length, then the entry."""
        entries = []
        while len(entries) < count:
            name = f"tile/entries/{len(entries) // 256:03}"
            width = count - len(entries)
            if width < 256:
                name += f".p/{width}"
            data = (self.folder / name).read_bytes()
            while data:
                (length,) = struct.unpack(">H", data[:2])
                entries.append(data[2:2 + length])
                data = data[2 + length:]
        return entries

    def leaf(self, index):
        return hashlib.sha256(b"\0" + self.entries[index]).digest()

    def root(self, low, high):
        """RFC 6962, written down once more."""
        if high - low == 1:
            return self.leaf(low)
        half = 1
        while half * 2 < high - low:
            half *= 2
        left, right = self.root(low, low + half), self.root(low + half, high)
        return hashlib.sha256(b"\1" + left + right).digest()


def head(checkpoint):
    lines = checkpoint.decode().split("\n")
    return int(lines[1]), base64.b64decode(lines[2])


def check_tree(c, log, ours, go):
    """Roots of all signed sizes, and proofs made by both from the tiles."""
    for checkpoint in log.checkpoints:
        size, root = head(checkpoint)
        c.check(f"the root at {size} is that of the entries", log.root(0, size) == root)
    size, root = head(log.checkpoints[-1])
    for number in c.random.sample(range(size), 50) + [0, size - 1, 255, 256]:
        asked = (log.folder, size, root.hex(), number)
        mine = ours.ask("prove-inclusion", *asked)
        c.check(f"both make the same inclusion proof of {number}",
                mine != "no" and mine == go.ask("prove-inclusion", *asked))
    for number in c.random.sample(range(1, size), 50) + [1, 255, 256, 257]:
        asked = (log.folder, size, root.hex(), number)
        mine = ours.ask("prove-consistency", *asked)
        c.check(f"both make the same consistency proof from {number}",
                mine != "no" and mine == go.ask("prove-consistency", *asked))


def compare(c, log, ours, go, count):
    """Valid and forged ones, agreement counted both ways."""
    makers = [inclusion, consistency, checkpoint]
    agreed = {True: 0, False: 0}
    for number in range(count):
        for valid in (True, False):
            question = makers[number % 3](c.random, log, ours, valid)
            answers = [judge.ask(*question) for judge in (ours, go)]
            expected = "ok" if valid else "no"
            if answers == [expected, expected]:
                agreed[valid] += 1
            else:
                c.check(f"{'valid' if valid else 'forged'} {question[0]} {number}", False,
                        f"tacho {answers[0]}, go {answers[1]}: {' '.join(map(str, question))}")
    c.check(f"{count} valid ones: Tacho and Go accept all", agreed[True] == count)
    c.check(f"{count} forged ones: Tacho and Go refuse all", agreed[False] == count)
    c.note(f"{agreed[True]} valid accepted and {agreed[False]} forged refused by both")


def inclusion(random, log, ours, valid):
    size = random.randint(2, len(log.entries))
    index = random.randrange(size)
    root = log.root(0, size)
    path = ours.ask("prove-inclusion", log.folder, size, root.hex(), index)
    leaf = log.leaf(index)
    if not valid:
        index, size, leaf, root, path = forge(random, log, index, size, leaf, root, path)
    return "inclusion", index, size, leaf.hex(), root.hex(), path


def consistency(random, log, ours, valid):
    size = random.randint(2, len(log.entries))
    old = random.randint(1, size - 1)
    root, old_root = log.root(0, size), log.root(0, old)
    path = ours.ask("prove-consistency", log.folder, size, root.hex(), old)
    if not valid:
        old, size, old_root, root, path = forge(random, log, old, size, old_root, root, path)
    return "consistency", old, size, old_root.hex(), root.hex(), path


def forge(random, log, number, size, first, root, path):
    """One lie: another hash, number or path, so that nothing true is stated."""
    hashes = [] if path == "-" else [path[i:i + 64] for i in range(0, len(path), 64)]
    lie = random.randrange(7)
    if lie == 0:
        first = flipped(random, first)
    elif lie == 1:
        root = flipped(random, root)
    elif lie == 2 and hashes:
        place = random.randrange(len(hashes))
        hashes[place] = flipped(random, bytes.fromhex(hashes[place])).hex()
    elif lie == 3 and hashes:
        hashes.pop(random.randrange(len(hashes)))
    elif lie == 4:
        hashes.insert(random.randint(0, len(hashes)), os_hash(random))
    elif lie == 5 and len(hashes) > 1 and hashes[0] != hashes[1]:
        hashes[0], hashes[1] = hashes[1], hashes[0]
    else:
        # The head of another log at the same size.
        root = hashlib.sha256(root).digest()
    return number, size, first, root, "".join(hashes) or "-"


def os_hash(random):
    return random.randbytes(HASH).hex()


def flipped(random, data):
    bit = random.randrange(len(data) * 8)
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def checkpoint(random, log, ours, valid):
    """A checkpoint before the log's key or the witness's."""
    text = random.choice(log.checkpoints)
    key = random.choice([log.vkey, log.witness])
    if not valid:
        text, key = forge_checkpoint(random, log, text, key)
    return "checkpoint", key, base64.b64encode(text).decode()


def forge_checkpoint(random, log, text, key):
    body, signatures = text.decode().rsplit("\n\n", 1)
    lines = body.split("\n")
    lie = random.randrange(5)
    if lie == 0:
        lines[1] = str(int(lines[1]) + random.randint(1, 9))
    elif lie == 1:
        lines[2] = base64.b64encode(flipped(random, base64.b64decode(lines[2]))).decode()
    elif lie == 2:
        lines[0] = lines[0] + "x"
    elif lie == 3:
        # A bit of one of both signatures, seen by the key that made it.
        parts = [line.rsplit(" ", 1) for line in signatures.rstrip("\n").split("\n")]
        place = random.randrange(len(parts))
        data = base64.b64decode(parts[place][1])
        parts[place][1] = base64.b64encode(data[:4] + flipped(random, data[4:])).decode()
        signatures = "".join(" ".join(part) + "\n" for part in parts)
        key = [log.vkey, log.witness][place]
    else:
        # The other key of the same name.
        name, _, data = key.split("+", 2)
        raw = base64.b64decode(data)
        other = random.choice([line for line in (log.vkey, log.witness) if line != key])
        raw = raw[:1] + base64.b64decode(other.split("+", 2)[2])[1:]
        digest = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex()
        key = f"{name}+{digest}+{base64.b64encode(raw).decode()}"
    return ("\n".join(lines) + "\n\n" + signatures).encode(), key


def check_signatures(c, log, count):
    """OpenSSL on the signatures of log and witness, and on forged ones."""
    openssl = judges.OpenSSL(c.place("openssl"))
    accepted = refused = 0
    for number in range(count):
        text = c.random.choice(log.checkpoints)
        body, signatures = text.split(b"\n\n", 1)
        message = body + b"\n"
        lines = signatures.decode().rstrip("\n").split("\n")
        vkey = [log.vkey, log.witness][number % 2]
        key = base64.b64decode(vkey.split("+", 2)[2])[1:]
        data = base64.b64decode(lines[number % 2].rsplit(" ", 1)[1])[4:]
        if number % 2:
            (seconds,) = struct.unpack(">Q", data[:8])
            message, data = f"cosignature/v1\ntime {seconds}\n".encode() + message, data[8:]
        accepted += openssl.verifies(key, message, data)
        refused += not openssl.verifies(key, message, flipped(c.random, data))
        refused += not openssl.verifies(key, flipped(c.random, message), data)
    c.check(f"OpenSSL accepts {count} signatures", accepted == count, f"{accepted}")
    c.check(f"OpenSSL refuses {2 * count} forged ones", refused == 2 * count, f"{refused}")


def check_roots(c, log):
    """pymerkle on the log and on segments, in the environment of tools/setup."""
    from pymerkle import InmemoryTree

    def root(leaves):
        tree = InmemoryTree(algorithm="sha256")
        for leaf in leaves:
            tree.append_entry(leaf)
        return tree.get_root()

    for text in c.random.sample(log.checkpoints, min(10, len(log.checkpoints))):
        size, expected = head(text)
        c.check(f"pymerkle makes the root at {size}", root(log.entries[:size]) == expected)
    for index in c.random.sample(range(len(log.entries)), 10):
        segment = (log.audit / f"{index + 1:08}.seg").read_bytes()
        stated = log.entries[index].decode().split("\nroot ")[1].split("\n")[0]
        c.check(f"pymerkle makes the root of segment {index + 1}",
                root(leaves_of(segment)).hex() == stated)


def leaves_of(segment):
    """What the leaves of a segment's blocks of fixes cover (format-spec.md, 9.2 to 9.7)."""
    leaves_at, index_at, names_at = struct.unpack_from("<QQQ", segment, len(segment) - 128)
    riders, others, blocks = struct.unpack_from("<III", segment, 112)
    names_count = riders + others
    ends = struct.unpack_from(f"<{names_count}I", segment, names_at)
    text = names_at + 4 * names_count
    names = [segment[text + start:text + end] for start, end in zip((0, *ends), ends)]
    for block in range(blocks):
        offset, size, rider = struct.unpack_from("<QII", segment, index_at + 40 * block)
        name = names[rider]
        yield bytes([len(name)]) + name + segment[offset:offset + size]


if __name__ == "__main__":
    # pymerkle is in the project's environment; a machine without it is not set up.
    if sys.prefix != str(VENV):
        python = VENV / "bin" / "python"
        if not python.exists():
            sys.exit("log_proofs: no .build/venv; run tools/setup")
        os.execv(python, [str(python), *sys.argv])
    main()
