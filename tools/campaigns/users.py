#!/usr/bin/env python3
"""Users under kills and storms: records of look-ups stay, passwords hold, nobody sees more.

Auditors look up riders' histories while the server is killed: each look-up that was answered must
have its record, in its order, and the chain must verify; `tacho acl log` is asked and a reader of its
own here. Then storms: many clients come in at once with one user's password, others try wrong ones;
all of the first come in, none of the second, and the server's memory stays within 256 MiB.

examples:
  tools/campaigns/users.py --kills 4
  tools/campaigns/users.py --full                 (20 kills, 5,000 clients)
"""

import hashlib
import json
import random
import resource
import subprocess
import sys
import threading
import time

from lib import campaign, resp, server

MEMORY_BYTES = 256 << 20


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--kills", type=int, help="default 4, 20 with --full")
    parser.add_argument("--clients", type=int, help="default 500, 5,000 with --full")
    options = parser.parse_args()
    with campaign.Campaign("users", options) as c:
        people = Users(c)
        logs, data = c.place("logs"), c.work / "data"
        answered = {}
        for number in range(options.kills or (20 if options.full else 4)):
            one_life(c, number, people, data, logs, answered)
        look(c, "after all kills", data, answered)
        clients = options.clients or (5_000 if options.full else 500)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, clients + 1_000), hard))
        storms(c, people, data, logs, clients)
        c.note(f"{sum(map(len, answered.values()))} look-ups answered, {clients} clients a storm")


class Users:
    """Two auditors and a reader, and the file that tachod reads."""

    def __init__(self, c):
        self.path = c.work / "users"
        self.passwords = {}
        lines = []
        for name, role in (("kim", "auditor"), ("lee", "auditor"), ("app", "read")):
            self.passwords[name] = f"{name} {c.random.random()}"
            command = [str(c.program("tacho")), "acl", "hash", "--user", name, "--role", role]
            done = subprocess.run(command, input=self.passwords[name].encode() + b"\n",
                                  capture_output=True, check=True, timeout=60)
            lines.append(done.stdout.decode())
        self.path.touch(mode=0o600)
        self.path.write_text("".join(lines))

    def connect(self, subject, name):
        connection = subject.connect(timeout=60)
        connection.command("AUTH", name, self.passwords[name])
        return connection


def one_life(c, number, people, data, logs, answered):
    subject = server.started(c.server_command(), data, logs, ["--acl", str(people.path)],
                             name=f"life-{number}", timeout=60)
    look(c, f"life {number}", data, answered)
    threads = [threading.Thread(target=ask, args=(people, subject, name, number, answered,
                                                  random.Random(c.random.random())))
               for name in ("kim", "lee")]
    for thread in threads:
        thread.start()
    time.sleep(c.random.uniform(0.3, 1.5))
    subject.kill9()
    for thread in threads:
        thread.join(60)


def ask(people, subject, name, number, answered, dice):
    """Look-ups in a row, each of a rider of its own, until the server is gone."""
    mine = answered.setdefault(name, [])
    try:
        with people.connect(subject, name) as connection:
            while True:
                rider = f"{name}-{number}-{len(mine)}"
                reply = connection.ask(*dice.choice((("T.RANGE", rider, "-", "+"),
                                                     ("T.DIST", rider, "-", "+"))))
                if not isinstance(reply, resp.ReplyError):
                    mine.append(rider)
    except (OSError, ConnectionError):
        return


def look(c, label, data, answered):
    """What the records say, by a reader that knows format-spec.md alone, and by tacho."""
    chain, found, lines = bytes(32), {}, 0
    sound = True
    for path in sorted((data / "access").glob("log-*.ndjson")):
        text = path.read_bytes()
        whole, _, torn = text.rpartition(b"\n")
        for line in whole.split(b"\n") if whole else []:
            body = line[:line.rindex(b',"chain":"')]
            chain = hashlib.sha256(chain + body).digest()
            record = json.loads(line)
            sound = sound and record["chain"] == chain.hex()
            found.setdefault(record["user"], []).append(record["rider"])
            lines += 1
        # What a kill broke off is less than a line.
        sound = sound and len(torn) < 4_096
    c.check(f"{label}: the chain of {lines} records holds", sound)
    for name, riders in answered.items():
        rest = iter(found.get(name, []))
        missing = [rider for rider in riders if rider not in rest]
        c.check(f"{label}: each look-up of {name} is on record, in its order", not missing,
                f"{len(missing)} of {len(riders)} are not: {missing[:3]}", durability=True)


def storms(c, people, data, logs, clients):
    subject = server.started(c.server_command(), data, logs, ["--acl", str(people.path)],
                             name="storm", timeout=60)
    done = subprocess.run([str(c.program("tacho")), "acl", "log", "--data", str(data)],
                          capture_output=True, timeout=60, check=False)
    c.check("tacho acl log finds the records whole", done.returncode == 0, done.stderr.decode())
    for name, guesses in (("the first", 0), ("with guesses before", 60)):
        before = resident(subject.pid)
        start = time.monotonic()
        guessers = []
        for number in range(guesses):
            guessers.append(subject.connect())
            guessers[-1].send("AUTH", "kim", f"guess {number}")
        connections = []
        for _ in range(clients):
            connections.append(subject.connect(timeout=60))
            connections[-1].send("AUTH", "app", people.passwords["app"])
        came = sum(connection.read() == "OK" or connection.read() == b"OK"
                   for connection in connections)
        seconds = time.monotonic() - start
        c.check(f"{name} storm: all {clients} come in", came == clients, f"{came} did")
        replies = []
        for guesser in guessers:
            try:
                replies.append(str(guesser.read()))
            except (resp.Closed, OSError):
                replies.append("closed")
        bad = [text for text in replies
               if not text.startswith(("WRONGPASS", "TRYAGAIN", "closed", "ERR no AUTH"))]
        c.check(f"{name} storm: no guess comes in", not bad, f"{bad[:3]}")
        grown = resident(subject.pid) - before
        c.check(f"{name} storm: memory stays within 256 MiB", grown < MEMORY_BYTES,
                f"{grown >> 20} MiB more")
        c.note(f"{name} storm: {clients} logins in {seconds:.2f} s, {grown >> 20} MiB more")
        for connection in connections + guessers:
            connection.close()
    code = subject.stop(60)
    c.check("stops cleanly", code == 0, f"exit {code}: {subject.last_error}")
    told = subject.stderr
    c.check("no password is in the log", not any(word in told for word in people.passwords.values()))


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
    return 0


if __name__ == "__main__":
    sys.exit(main())
