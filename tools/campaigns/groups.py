#!/usr/bin/env python3
"""Consumer groups: kill -9 of the server and of its consumers, and the same commands beside Redis 7.

Kills: a fleet raises alerts all the time; programs with redis-py read them by XREADGROUP, write each into
a ledger, and acknowledge it. Server and consumers are killed again and again. In the end the ledger of
group `one`, which has one consumer, has every alert exactly once, in order for each rider; group `many`
shares them among three. Nothing that was acknowledged ever came again.

Beside Redis: random commands go to redis-server and to tachod, whose streams have the same entries; all
replies must be equal, but for times.

examples:
  tools/campaigns/groups.py --kills 4 --commands 2000
  tools/campaigns/groups.py --full                 (20 kills of each, 30,000 commands)
"""

import sys
import threading
import time

from lib import campaign, process, redis, resp, server

START_MS = 1_767_225_600_000
STEP_MS = 70_000
RIDERS = 20
BATCH = 60
# Beyond some 5,800 alerts one reply would have more than the 7 MiB that Tacho puts into one; Redis
# has no such bound.
ENTRIES = 4000
CONSUMER = campaign.ROOT / "tools" / "campaigns" / "stream_consumer.py"
PYTHON = campaign.ROOT / ".build" / "venv" / "bin" / "python"


class Fleet:
    """Every fix is from an hour to come, and a minute behind the last of its rider: an alert each."""

    def __init__(self):
        self.answered = 0

    def batch(self, number):
        words = []
        for index in range(number * BATCH, (number + 1) * BATCH):
            rider, step = index % RIDERS, index // RIDERS
            recv = START_MS + step * STEP_MS
            words += [f"g-{rider}", str(recv + 3_600_000), "37.5", "127", "-", "-", "8", "-", "gps",
                      str(recv)]
        return ["T.IMPORT", "CLAIMED"] + words

    def send(self, connection):
        reply = connection.ask(*self.batch(self.answered))
        if isinstance(reply, resp.ReplyError):
            if not str(reply).startswith("TRYAGAIN"):
                raise ValueError(f"T.IMPORT answered {reply}")
            time.sleep(0.02)
            return
        if any(mask not in (1, 20) for mask in reply):
            raise ValueError(f"T.IMPORT answered {reply}")
        self.answered += 1

    @property
    def alerts(self):
        return self.answered * BATCH


class Feeder(threading.Thread):
    def __init__(self, subject, fleet):
        super().__init__(daemon=True)
        self.subject, self.fleet = subject, fleet
        self.stopping = threading.Event()
        self.error = None

    def run(self):
        try:
            with self.subject.connect(timeout=60) as connection:
                while not self.stopping.is_set():
                    self.fleet.send(connection)
                    time.sleep(0.03)
        except OSError:
            pass
        except ValueError as error:
            self.error = error


class Consumers:
    """The programs that read, by name, each with its ledger."""

    def __init__(self, place):
        self.place = place
        self.port_file = place / "port"
        self.running = {}

    def tell(self, port):
        other = self.place / "port.new"
        other.write_text(str(port))
        other.replace(self.port_file)

    def ledger(self, group, name):
        return self.place / f"{group}-{name}.ledger"

    def start(self, group, name):
        with open(self.place / f"{group}-{name}.err", "ab") as err:
            self.running[group, name] = process.start(
                [PYTHON, CONSUMER, self.port_file, self.ledger(group, name), group, name],
                stderr=err)

    def kill(self, group, name):
        process.kill(self.running[group, name].pid)
        self.running[group, name].wait(10)

    def is_alive(self):
        return all(child.poll() is None for child in self.running.values())


NAMES = [("one", "solo"), ("many", "a"), ("many", "b"), ("many", "c")]


def kills(c, count):
    logs, fleet = c.place("logs"), Fleet()
    consumers = Consumers(c.place("consumers"))
    for number in range(count):
        label = f"life {number}"
        subject = server.Server(c.any_server_command(), c.work / "data", logs, name=f"life-{number}")
        if not c.check(f"{label}: starts", subject.wait_ready(60),
                       f"exit {subject.child.poll()}: {subject.last_error}", durability=True):
            raise campaign.Stop("no further life is possible")
        if number == 0:
            with subject.connect() as connection:
                for group in ("one", "many"):
                    connection.command("XGROUP", "CREATE", "alerts", group, "0")
        consumers.tell(subject.port)
        if number == 0:
            for group, name in NAMES:
                consumers.start(group, name)
        feeder = Feeder(subject, fleet)
        feeder.start()
        # The one whose order is looked at is killed in each life, and one of the others.
        for victim in [NAMES[0], NAMES[1 + number % 3]]:
            time.sleep(c.random.uniform(0.05, 0.7))
            c.check(f"{label}: consumers run", consumers.is_alive())
            consumers.kill(*victim)
            consumers.start(*victim)
        time.sleep(c.random.choice([0, c.random.uniform(0, 0.5)]))
        subject.kill9()
        feeder.stopping.set()
        feeder.join(30)
        c.check(f"{label}: replies are as they should be", feeder.error is None, str(feeder.error))
    subject = server.started(c.server_command(), c.work / "data", logs, timeout=60)
    consumers.tell(subject.port)
    with subject.connect(timeout=60) as connection:
        unsent = fleet.answered
        while fleet.answered == unsent:
            fleet.send(connection)
        stream = whole_stream(connection)
        settle(c, connection, len(stream))
        c.check("every fix is one alert", len(stream) == fleet.alerts,
                f"{len(stream)} alerts of {fleet.alerts} fixes", durability=True)
        look(c, consumers, stream)
    for group, name in NAMES:
        consumers.kill(group, name)
    code = subject.stop(60)
    c.check("stops cleanly", code == 0, f"exit {code}: {subject.last_error}")
    again = server.started(c.server_command(), c.work / "data", logs, name="last", timeout=60)
    with again.connect() as connection:
        for group in ("one", "many"):
            c.check(f"{group} has nothing pending after a clean stop",
                    connection.command("XPENDING", "alerts", group)[0] == 0, durability=True)
            c.check(f"{group} has seen all after a clean stop", connection.command(
                "XREADGROUP", "GROUP", group, "x", "STREAMS", "alerts", ">") is None,
                durability=True)
    again.stop(60)
    c.note(f"{len(stream)} alerts, {count} kills of the server, {2 * count} of consumers")


def whole_stream(connection):
    entries, start = [], "-"
    while True:
        page = connection.command("XRANGE", "alerts", start, "+", "COUNT", 5_000)
        if not page:
            return entries
        entries += [(one[0].decode(), one[1][1].decode(), int(one[1][3])) for one in page]
        start = "(" + entries[-1][0]


def settle(c, connection, count):
    def is_done():
        groups = [dict(zip(one[::2], one[1::2]))
                  for one in connection.command("XINFO", "GROUPS", "alerts")]
        return all(one[b"pending"] == 0 and one[b"lag"] == 0 for one in groups)

    c.check("all is read and acknowledged in the end", process.wait_until(is_done, 60, 0.05),
            f"{count} alerts: {connection.command('XINFO', 'GROUPS', 'alerts')}")


def look(c, consumers, stream):
    ids = [one[0] for one in stream]
    for group in ("one", "many"):
        lines = [line.split() for owner, name in NAMES if owner == group
                 for line in consumers.ledger(owner, name).read_text().splitlines()]
        did = [line[1] for line in lines if line[0] == "D"]
        again = [line[1] for line in lines if line[0] == "V"]
        c.check(f"{group}: nothing acknowledged came again", not again, f"{again[:5]}",
                durability=True)
        c.check(f"{group}: every alert is in the ledger exactly once", sorted(did) == sorted(ids),
                f"{len(did)} lines, {len(set(did))} of them different, {len(ids)} alerts",
                durability=True)
        c.note(f"{group}: {sum(line[0] == 'S' for line in lines)} were told again before they"
               " were acknowledged")
    lines = [line.split() for line in consumers.ledger(*NAMES[0]).read_text().splitlines()]
    did = [(line[2], int(line[3])) for line in lines if line[0] == "D"]
    for rider in sorted({one[0] for one in did}):
        times = [ts for name, ts in did if name == rider]
        c.check(f"{rider}: in order, once each", times == sorted(set(times)), durability=True)


# What is wrong with a command is told in Redis's words. The group is there.
MALFORMED = """
XGROUP
XGROUP CREATE
XGROUP CREATE alerts a
XGROUP CREATE nokey a $
XGROUP CREATE alerts a $ FOO
XGROUP CREATE alerts a $
XGROUP CREATE alerts new x
XGROUP CREATE alerts new $ ENTRIESREAD
XGROUP CREATE alerts new $ ENTRIESREAD x
XGROUP CREATE alerts new $ ENTRIESREAD -2
XGROUP CREATE alerts new -
XGROUP CREATE alerts new 1-1-1
XGROUP FOO
XGROUP FOO alerts a
XGROUP SETID alerts nobody 0
XGROUP SETID nokey a 0
XGROUP SETID alerts a $ FOO 3
XGROUP SETID alerts a
XGROUP DESTROY nokey a
XGROUP DESTROY alerts nobody
XGROUP DESTROY alerts
XGROUP CREATECONSUMER alerts nobody x
XGROUP CREATECONSUMER nokey a x
XGROUP CREATECONSUMER alerts a
XGROUP DELCONSUMER alerts nobody x
XGROUP DELCONSUMER nokey nobody x
XGROUP HELP
XGROUP HELP x
XINFO
XINFO HELP
XINFO HELP x
XINFO STREAM
XINFO STREAM nokey
XINFO STREAM nokey FULL
XINFO STREAM alerts FOO
XINFO STREAM alerts FULL COUNT
XINFO STREAM alerts FULL COUNT x
XINFO GROUPS
XINFO GROUPS nokey
XINFO CONSUMERS alerts
XINFO CONSUMERS alerts nobody
XINFO CONSUMERS nokey nobody
XREADGROUP
XREADGROUP GROUP a k STREAMS alerts
XREADGROUP GROUP a k STREAMS alerts $
XREADGROUP GROUP a k STREAMS alerts +
XREADGROUP GROUP a k STREAMS alerts x
XREADGROUP GROUP nobody k STREAMS alerts >
XREADGROUP GROUP nobody k STREAMS nokey >
XREADGROUP COUNT 1 STREAMS alerts >
XREADGROUP COUNT 1 BLOCK 1 STREAMS alerts >
XREADGROUP GROUP a k COUNT x STREAMS alerts >
XREADGROUP GROUP a k BLOCK x STREAMS alerts >
XREADGROUP GROUP a k BLOCK -1 STREAMS alerts >
XREADGROUP GROUP a k FOO STREAMS alerts >
XREADGROUP GROUP a k STREAMS alerts nokey >
XREADGROUP GROUP a k COUNT 1
XREAD STREAMS alerts >
XREAD GROUP a k STREAMS alerts >
XREAD NOACK STREAMS alerts 0
XACK
XACK alerts a
XACK alerts a x
XACK nokey a 1-1
XACK alerts nobody 1-1
XPENDING
XPENDING alerts
XPENDING nokey a
XPENDING alerts nobody
XPENDING alerts a - +
XPENDING alerts a - + x
XPENDING alerts a - + -1
XPENDING alerts a - + 10 nobody
XPENDING alerts a IDLE x - + 10
XPENDING alerts a IDLE 5 - + 10 k l
XPENDING alerts a x + 10
XPENDING alerts a ( + 10
XPENDING alerts a (18446744073709551615-18446744073709551615 + 10
XPENDING alerts a - (0-0 10
XCLAIM
XCLAIM alerts a k 0
XCLAIM alerts a k x 1-1
XCLAIM alerts nobody k 0 1-1
XCLAIM nokey a k 0 1-1
XCLAIM alerts a k 0 x
XCLAIM alerts a k 0 1-1 FOO
XCLAIM alerts a k 0 1-1 IDLE
XCLAIM alerts a k 0 1-1 IDLE x
XCLAIM alerts a k 0 1-1 TIME x
XCLAIM alerts a k 0 1-1 RETRYCOUNT x
XCLAIM alerts a k 0 1-1 LASTID x
XCLAIM alerts a k 0 1-1 FORCE 2-2
XCLAIM alerts a new 0 1-1 FORCE JUSTID
XAUTOCLAIM
XAUTOCLAIM alerts a k 0
XAUTOCLAIM alerts a k x 0
XAUTOCLAIM alerts a k 0 x
XAUTOCLAIM alerts nobody k 0 0
XAUTOCLAIM nokey a k 0 0
XAUTOCLAIM alerts a k 0 0 COUNT 0
XAUTOCLAIM alerts a k 0 0 COUNT x
XAUTOCLAIM alerts a k 0 0 COUNT
XAUTOCLAIM alerts a k 0 0 FOO
"""


class Beside:
    """The same entries and groups in tachod and in redis-server."""

    def __init__(self, c, tacho, other):
        self.c, self.tacho, self.other = c, tacho, other
        self.random = c.random
        self.ids = []
        self.riders = 0

    def grow(self):
        """More alerts; Redis gets the same entries under the same ids."""
        for _ in range(self.random.randint(1, 4)):
            self.riders += 1
            self.tacho.command("T.ADD", f"d-{self.riders}", "32503680000000", "37.5", "127")
        start = "(" + self.ids[-1].decode() if self.ids else "-"
        for entry, fields in self.tacho.command("XRANGE", "alerts", start, "+"):
            self.other.command("XADD", "alerts", entry, *fields)
            self.ids.append(entry)

    def both(self, words, ordered=True):
        replies = [plain(words, one.ask(*words)) for one in (self.tacho, self.other)]
        return self.c.check(" ".join(map(text, words)), replies[0] == replies[1],
                            f"{replies[0]!r} instead of {replies[1]!r}")

    def id(self):
        r = self.random.random()
        if not self.ids or r < 0.1:
            return self.random.choice([b"0", b"5-5", b"99999999999999-1"])
        one = self.random.choice(self.ids[-40:] if r < 0.7 else self.ids)
        return one.split(b"-")[0] if r < 0.15 else one

    def command(self):
        choice, group = self.random.choice, self.random.choice([b"a", b"a", b"b", b"nobody"])
        consumer = choice([b"kim", b"lee", b"park"])
        idle = choice(["0", "0", "1000000000"])
        kind = self.random.random()
        if kind < 0.10:
            tail = choice([[], [], ["ENTRIESREAD", choice(["0", "3", "-1"])]])
            if group == b"nobody":
                return ["XGROUP", "DESTROY", "alerts", "b"]
            verb = choice(["CREATE", "CREATE", "SETID"])
            return ["XGROUP", verb, "alerts", group, choice(["$", "0", self.id()])] + tail
        if kind < 0.15:
            return ["XGROUP", choice(["CREATECONSUMER", "DELCONSUMER"]), "alerts", group, consumer]
        if kind < 0.40:
            tail = choice([[], ["COUNT", choice(["1", "2", "5", "0", "-3"])]])
            tail = tail + choice([[], [], ["NOACK"]]) + choice([[], [], ["BLOCK", "1"]])
            place = choice([">", ">", ">", "0", self.id()])
            return ["XREADGROUP", "GROUP", group, consumer] + tail + ["STREAMS", "alerts", place]
        if kind < 0.55:
            return ["XACK", "alerts", group] + [self.id() for _ in range(choice([1, 2, 5]))]
        if kind < 0.66:
            options = [["IDLE", "5"], ["TIME", "5"], ["RETRYCOUNT", choice(["0", "7", "-1"])],
                       ["FORCE"], ["FORCE"], ["JUSTID"], ["LASTID", self.id()]]
            tail = [word for one in self.random.sample(options, choice([0, 1, 2])) for word in one]
            ids = [self.id() for _ in range(choice([1, 2, 5]))]
            return ["XCLAIM", "alerts", group, consumer, idle] + ids + tail
        if kind < 0.74:
            start = choice(["0", "-", self.id(), b"(" + self.id()])
            tail = choice([[], ["COUNT", choice(["1", "2"])]]) + choice([[], ["JUSTID"]])
            return ["XAUTOCLAIM", "alerts", group, consumer, idle, start] + tail
        if kind < 0.80:
            return ["XPENDING", "alerts", group]
        if kind < 0.88:
            head = choice([[], ["IDLE", idle]])
            ends = [choice(["-", self.id(), b"(" + self.id()]), choice(["+", self.id()])]
            tail = [choice(["1", "10", "1000"])] + choice([[], [consumer]])
            return ["XPENDING", "alerts", group] + head + ends + tail
        return choice([
            ["XINFO", "GROUPS", "alerts"], ["XINFO", "CONSUMERS", "alerts", group],
            ["XINFO", "STREAM", "alerts"], ["XINFO", "STREAM", "alerts", "FULL"],
            ["XINFO", "STREAM", "alerts", "FULL", "COUNT", choice(["1", "3", "-1"])]])


def text(word):
    return word.decode() if isinstance(word, bytes) else str(word)


def plain(words, reply):
    """Without times, which two servers cannot share, and what Redis says of its trees."""
    if isinstance(reply, resp.ReplyError):
        return f"-{reply}"
    if words[0] == "XPENDING" and len(words) > 3:
        return [[one[0], one[1], one[3]] for one in reply]
    if words[0] == "XINFO" and isinstance(reply, list):
        if words[1] == "CONSUMERS":
            return [one[:4] for one in reply]
        if words[1] == "STREAM":
            shown = dict(zip(reply[::2], reply[1::2]))
            shown.pop(b"radix-tree-keys"), shown.pop(b"radix-tree-nodes")
            if b"entries" in shown:
                shown[b"groups"] = [full(one) for one in shown[b"groups"]]
            return list(shown.items())
    return reply


def full(group):
    shown = dict(zip(group[::2], group[1::2]))
    shown[b"pending"] = [[one[0], one[1], one[3]] for one in shown[b"pending"]]
    consumers = []
    for one in shown[b"consumers"]:
        one = dict(zip(one[::2], one[1::2]))
        one.pop(b"seen-time")
        one[b"pending"] = [[row[0], row[2]] for row in one[b"pending"]]
        consumers.append(list(one.items()))
    shown[b"consumers"] = consumers
    return list(shown.items())


def beside_redis(c, count):
    logs = c.place("beside-logs")
    (c.work / "redis").mkdir(exist_ok=True)
    _, port = redis.launch(c.work / "redis", logs / "redis.log")
    subject = server.started(c.server_command(), c.work / "beside", logs, timeout=60)
    with subject.connect() as tacho, resp.Connection("127.0.0.1", port) as other:
        beside = Beside(c, tacho, other)
        other.command("XGROUP", "CREATE", "alerts", "first", "$", "MKSTREAM")
        tacho.command("XGROUP", "CREATE", "alerts", "first", "$")
        beside.both(["XINFO", "STREAM", "alerts"])
        for _ in range(count):
            if c.random.random() < 0.12 and len(beside.ids) < ENTRIES:
                beside.grow()
            if not beside.both(beside.command()) and c.failed > 20:
                raise campaign.Stop("the rest would follow from it")
        for group in (b"a", b"b"):
            for one in (tacho, other):
                one.ask("XGROUP", "CREATE", "alerts", group, "0")
        for line in MALFORMED.strip().splitlines():
            beside.both(line.split())
    subject.stop(60)


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--kills", type=int, help="default 4, 20 with --full")
    parser.add_argument("--commands", type=int, help="default 3,000, 30,000 with --full")
    options = parser.parse_args()
    with campaign.Campaign("groups", options) as c:
        commands = 3_000 if options.commands is None else options.commands
        beside_redis(c, 30_000 if options.full and options.commands is None else commands)
        kills(c, options.kills or (20 if options.full else 4))


if __name__ == "__main__":
    sys.exit(main())
