#!/usr/bin/env python3
"""Hostile clients: every case of Tests/Fixtures/hostile-cases.txt, one by one and then all at once.

A good client writes and reads beside them all the time and must be served. Afterwards the server answers,
its memory is within 256 MiB of what it was idle, and nobody but the campaign is connected.

--self-test alters each expectation and succeeds only if every case then fails.

examples:
  tools/campaigns/hostile.py --verbose
  tools/campaigns/hostile.py --only http-get --only slow-loris
  tools/campaigns/hostile.py --connections 1000
"""

import sys
import threading
import time

from lib import campaign, hostile, process, resp, server

CASES = campaign.ROOT / "Tests" / "Fixtures" / "hostile-cases.txt"
SECONDS = 20
TOGETHER_SECONDS = 120
MEMORY_MB = 256
START_MS = 1_767_225_600_000


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--only", action="append", metavar="NAME", help="this case; may be repeated")
    parser.add_argument("--connections", type=int, default=200, metavar="N",
                        help="when all come at once (default: %(default)s)")
    parser.add_argument("--flood", type=int, default=2000, metavar="N",
                        help="connections that are opened and left, at a time (default: %(default)s)")
    parser.add_argument("--self-test", action="store_true", help="wrong expectations must fail")
    options = parser.parse_args()
    with campaign.Campaign("hostile", options) as c:
        cases = read_cases(options.only)
        c.check("there are 60 cases and more", options.only or len(cases) >= 60, f"{len(cases)}")
        subject = server.started(c.server_command(), c.work / "data", c.place("logs"))
        if options.self_test:
            return self_test(c, subject, cases)
        storm(c, subject, cases, options)
        c.check("the server stops cleanly", subject.stop() == 0, subject.last_error)


def read_cases(only):
    cases = []
    for line in CASES.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, sent, expected = line.split(" | ")
        cases.append((name, hostile.parse_send(sent, name), hostile.parse_expected(expected, name)))
    if len({name for name, _, _ in cases}) != len(cases):
        raise hostile.CaseError("two cases have one name")
    return [case for case in cases if not only or case[0] in only]


def storm(c, subject, cases, options):
    idle = memory_mb(subject.pid)
    watch = Watch(subject)
    good = GoodClient(subject)
    watch.start()
    good.start()
    for name, steps, expected in cases:
        outcome = hostile.run(subject.host, subject.port, steps, expected, SECONDS)
        why = hostile.judge(expected, outcome)
        c.check(name, why is None, f"{why}; came back: {outcome}")
        if not c.check(f"{name}: the server lives", subject.is_running(), subject.last_error):
            raise campaign.Stop("no server")
        judge_can_fail(c, name, expected, outcome)
    alone = watch.peak
    c.note(f"one by one: memory {idle:.0f} MiB idle, at most {alone:.0f} MiB; "
           f"good client {good.served} times served, at most {good.slowest:.2f} s")
    together(c, subject, cases, options.connections)
    flood(c, subject, options.flood)
    unfinished(c, subject, watch, idle)
    good.stop()
    watch.stop()
    c.check("the good client was served throughout", good.error is None and good.served > 100,
            f"{good.error}, served {good.served} times")
    with subject.connect() as connection:
        c.check("the server answers PING", connection.ask("PING") == "PONG")
        settled = process.wait_until(lambda: len(clients(connection)) == 1, 20, 0.2)
        c.check("nobody else is connected", settled, "\n".join(clients(connection)[:5]))
        quiet = process.wait_until(
            lambda: memory_mb(subject.pid) - idle <= MEMORY_MB, 20, 0.2)
        c.check(f"memory is within {MEMORY_MB} MiB of idle", quiet,
                f"{memory_mb(subject.pid):.0f} MiB, {idle:.0f} MiB idle")
        c.check(f"and never was more than {MEMORY_MB} MiB above it", watch.peak - idle <= MEMORY_MB,
                f"{watch.peak:.0f} MiB, {idle:.0f} MiB idle")
        fixes = connection.ask("T.LEN", "good", "-", "+")
        c.check("all the good client was told is stored", fixes == good.written,
                f"{fixes} of {good.written}")
    c.note(f"memory {idle:.0f} MiB idle, at most {watch.peak:.0f}, now {memory_mb(subject.pid):.0f}; "
           f"good client {good.served} times served, at most {good.slowest:.2f} s")


def judge_can_fail(c, name, expected, outcome):
    """What came back, held against what it should not be."""
    if expected.ending == "any":
        return
    ending = "open" if expected.ending == "close" else "close"
    wrong = [hostile.Expected(expected.replies, ending),
             hostile.Expected(expected.replies + [("+NOT SENT", 1)], expected.ending)]
    if expected.replies:
        wrong.append(hostile.Expected([("+NOT SENT", 1)] + expected.replies[1:], expected.ending))
        wrong.append(hostile.Expected(expected.replies[:-1], expected.ending))
    passed = [str(each) for each in wrong if hostile.judge(each, outcome) is None]
    c.check(f"{name}: another expectation fails", not passed, f"{passed}")


def together(c, subject, cases, connections):
    """As many connections as asked for, each with a case; over and over until all had their turn."""
    gate = threading.Barrier(connections)
    failures = []

    def attack(number):
        name, steps, expected = cases[number % len(cases)]
        gate.wait()
        try:
            outcome = hostile.run(subject.host, subject.port, steps, expected, TOGETHER_SECONDS)
            why = hostile.judge(expected, outcome)
            if why:
                failures.append(f"{name}: {why}; came back: {outcome}")
        except Exception as error:  # a thread's own failure must not be lost
            failures.append(f"{name}: {type(error).__name__} {error}")

    threads = [threading.Thread(target=attack, args=(number,), daemon=True)
               for number in range(connections)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + TOGETHER_SECONDS + 30
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    stuck = sum(thread.is_alive() for thread in threads)
    c.check(f"all at once from {connections} connections", not failures and not stuck,
            f"{stuck} stuck; {failures[:3]}")


def flood(c, subject, count):
    """Connections that come as fast as they can, half of them with half a request, and then stay."""
    opened = []
    try:
        for number in range(count):
            connection = resp.Connection(subject.host, subject.port, 20)
            opened.append(connection)
            if number % 2:
                connection.send_raw(b"*2\r\n$5\r\nT.GET\r\n$5\r\nab")
        with subject.connect() as other:
            c.check(f"{count} connections are open, and one more is served",
                    other.ask("PING") == "PONG" and len(clients(other)) >= count)
    except OSError as error:
        c.check(f"{count} connections can be opened", False, f"{len(opened)}: {error}")
    finally:
        for connection in opened:
            connection.close()


def unfinished(c, subject, watch, idle):
    """Requests that are long and never end, together more than the server may hold of them: those over
    it are told to come again, and the others held."""
    bulk = b"$65536\r\n" + b"r" * 65536 + b"\r\n"
    for label, count, head, body in [
            ("T.PUT of 1 MiB", 300, b"*2\r\n$5\r\nT.PUT\r\n$1048576\r\n", b"x" * 1_048_000),
            ("T.MGET of 15 MiB", 20, b"*256\r\n$6\r\nT.MGET\r\n", bulk * 240)]:
        opened, answers = [], []
        for _ in range(count):
            connection = resp.Connection(subject.host, subject.port, 10)
            opened.append(connection)
            try:
                connection.send_raw(head)
                connection.send_raw(body)
            except OSError:
                answers.append("reset")
        time.sleep(0.5)
        for connection in opened:
            connection.socket.settimeout(0.01)
            try:
                answers.append(str(connection.read()))
            except OSError:
                pass    # nothing: it is held
        with subject.connect() as other:
            c.check(f"{count} {label} without their ends, and another client is served",
                    other.ask("PING") == "PONG")
        told = sum(answer.startswith("TRYAGAIN") for answer in answers)
        c.check(f"those over the bound are told to try again ({label})",
                told > 0 and told + answers.count("reset") == len(answers), f"{set(answers)}")
        c.check(f"memory stays within {MEMORY_MB} MiB of idle ({label})",
                watch.peak - idle <= MEMORY_MB, f"{watch.peak:.0f} MiB, {idle:.0f} MiB idle")
        for connection in opened:
            connection.close()


def self_test(c, subject, cases):
    """With a reply expected that nobody sends, each case must fail over the wire too."""
    seen = 0
    for name, steps, expected in cases:
        if expected.ending == "any":
            continue
        wrong = hostile.Expected([("+NOT SENT", 1)], "close")
        outcome = hostile.run(subject.host, subject.port, steps, wrong, 1)
        seen += c.check(f"{name}: a wrong expectation fails", hostile.judge(wrong, outcome) is not None)
    c.note(f"{seen} wrong expectations failed")


def clients(connection):
    return connection.ask("CLIENT", "LIST").decode().strip().splitlines()


def memory_mb(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024


class Watch(threading.Thread):
    """The greatest memory, looked at twenty times a second."""

    def __init__(self, subject):
        super().__init__(daemon=True)
        self.pid = subject.pid
        self.peak = 0
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(0.05):
            try:
                self.peak = max(self.peak, memory_mb(self.pid))
            except (OSError, StopIteration):
                return

    def stop(self):
        self.stopping.set()
        self.join(5)


class GoodClient(threading.Thread):
    """Writes a fix, reads it back, and asks for a PING, a hundred times a second at most."""

    def __init__(self, subject):
        super().__init__(daemon=True)
        self.subject = subject
        self.stopping = threading.Event()
        self.error = None
        self.served = self.written = 0
        self.slowest = 0.0

    def run(self):
        try:
            with self.subject.connect(timeout=20) as connection:
                while not self.stopping.wait(0.01):
                    began = time.monotonic()
                    self.serve(connection)
                    self.slowest = max(self.slowest, time.monotonic() - began)
        except (OSError, ValueError) as error:
            self.error = f"{type(error).__name__}: {error}"

    def serve(self, connection):
        ts = START_MS + self.written * 1000
        mask = connection.patiently("T.ADD", "good", ts, "37.5", "127.0")
        if mask not in (0, 16, 20):
            raise ValueError(f"T.ADD answered {mask!r}")
        self.written += 1
        if connection.ask("T.LEN", "good", ts, ts) != 1 or connection.ask("PING") != "PONG":
            raise ValueError("a fix that was acknowledged is not read")
        self.served += 1

    def stop(self):
        self.stopping.set()
        self.join(30)


if __name__ == "__main__":
    sys.exit(main())
