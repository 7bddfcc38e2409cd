"""Orders and doubtful fixes: who tells of them, and an oracle of what must be left. What an order is
follows from its events; the rules are written down here a second time, from §21 of `format-spec.md`."""

import threading

from . import resp
from .reviews import fields

STATES = ["cooked", "picked up", "at the door", "returned"]
START_MS = 1_704_067_200_000
# Fixes of the year 3000 are quarantined, each with an entry on the stream of verdicts.
DOUBTFUL_MS = 32_503_680_000_000


class Orders:
    """Events that were sent, and those that were acknowledged; one per key, whoever sent it again."""

    def __init__(self, shares):
        self.sent = [{} for _ in range(shares)]
        self.acknowledged = [{} for _ in range(shares)]
        self.fixes = [set() for _ in range(shares)]
        self.unanswered_fixes = [set() for _ in range(shares)]
        self.ids = {}

    @property
    def count(self):
        return sum(len(events) for events in self.acknowledged)

    def check(self, c, label, connection):
        entries = stream(connection, "orders")
        told = [event_of(entry) for _, entry in entries]
        sent, found = {key for events in self.sent for key in events}, set(told)
        lost = [key for events in self.acknowledged for key in events if key not in found]
        c.check(f"{label}: every acknowledged event is on the stream", not lost, f"{lost[:3]}",
                durability=True)
        c.check(f"{label}: each once", len(found) == len(told),
                f"{len(told) - len(found)} are there twice", durability=True)
        c.check(f"{label}: nobody else told of orders", found <= sent,
                f"{[key for key in told if key not in sent][:3]}")
        ids = {key: name for key, (name, _) in zip(told, entries)}
        moved = [key for key, name in self.ids.items() if ids.get(key) != name]
        c.check(f"{label}: entries keep their ids", not moved, f"{moved[:3]}")
        self.ids = ids
        length = connection.command("XLEN", "orders")
        c.check(f"{label}: XLEN", length == len(entries), f"{length}, not {len(entries)}")
        self._present(c, label, connection, told)

    def _present(self, c, label, connection, told):
        """Each order by its events on the stream, and the open ones."""
        orders, wrong = {}, []
        for key in told:
            orders.setdefault(key[1], []).append(key)
        open_orders = set()
        for order, events in orders.items():
            # The sort is stable: at one time, those that arrived first stand first.
            events.sort(key=lambda key: key[4])
            ends = [at for at, key in enumerate(events) if key[0] == "end"]
            counting = events[:ends[0] + 1] if ends else events
            riders = [key[2] for key in counting if key[0] == "set"]
            expected = (riders[-1] if riders else None, counting[-1][3], counting[-1][4],
                        0 if ends else 1, len(events))
            shown = fields(connection.command("T.ORDER", "GET", order))
            found = tuple(shown[name] for name in ("rider", "state", "ts_ms", "open", "events"))
            if found != expected:
                wrong.append((order, found, expected))
            if not ends:
                open_orders.add((riders[-1], order))
        c.check(f"{label}: orders are what their events say", not wrong, f"{wrong[:2]}",
                durability=True)
        listed, cursor = [], []
        while True:
            page = connection.command("T.ORDER", "LIST", "COUNT", "50", *cursor)
            cursor = ["CURSOR", page.pop()] if page and isinstance(page[-1], bytes) else []
            listed += [(one["rider"], one["order"]) for one in map(fields, page)]
            if not cursor:
                break
        c.check(f"{label}: open orders", listed == sorted(open_orders),
                f"{len(listed)}, not {len(open_orders)}", durability=True)

    def check_verdicts(self, c, label, connection):
        told = [(entry["rider"], int(entry["ts_ms"]))
                for _, entry in stream(connection, "verdicts")]
        sure = {fix for fixes in self.fixes for fix in fixes}
        maybe = {fix for fixes in self.unanswered_fixes for fix in fixes}
        c.check(f"{label}: every doubtful fix is told of", sure <= set(told),
                f"{list(sure - set(told))[:3]}", durability=True)
        c.check(f"{label}: verdicts once", len(told) == len(set(told)), "an entry is there twice",
                durability=True)
        c.check(f"{label}: no other verdicts", set(told) <= sure | maybe,
                f"{list(set(told) - sure - maybe)[:3]}")
        length = connection.command("XLEN", "verdicts")
        c.check(f"{label}: XLEN of verdicts", length == len(told), f"{length}, not {len(told)}")


class Teller(threading.Thread):
    """Tells of its own orders, now and then twice, and sends doubtful fixes, until it is cut off."""

    def __init__(self, server, orders, random, share):
        super().__init__(daemon=True)
        self.server, self.orders, self.random, self.share = server, orders, random, share
        self.stopping = threading.Event()
        self.told = 0
        self.error = None

    def run(self):
        try:
            with self.server.connect(timeout=60) as connection:
                self._again(connection)
                while not self.stopping.is_set():
                    self._one(connection)
        except OSError:
            pass
        except (ValueError, resp.ReplyError) as error:
            self.error = error

    def stop(self, timeout):
        self.stopping.set()
        self.join(timeout)

    def _again(self, connection):
        """What nobody answered: stored now, or found stored."""
        sent, acknowledged = self.orders.sent[self.share], self.orders.acknowledged[self.share]
        for key in [key for key in sent if key not in acknowledged]:
            acknowledged[key] = connection.patiently(*command(key))

    def _one(self, connection):
        sent, acknowledged = self.orders.sent[self.share], self.orders.acknowledged[self.share]
        if self.random.random() < 0.2:
            return self._fix(connection)
        if acknowledged and self.random.random() < 0.15:
            key = self.random.choice(list(acknowledged)[-50:])
            mask = connection.patiently(*command(key), "BY", "again")
            if mask != 1:
                raise ValueError(f"{key} sent again: {mask}")
            return
        order = f"o-{self.share}-{self.random.randrange(40)}"
        ts_ms = START_MS + self.random.randrange(100_000)
        if self.random.random() < 0.05:
            key = ("end", order, None, "delivered", ts_ms)
        else:
            key = ("set", order, f"t{self.random.randrange(5)}", self.random.choice(STATES), ts_ms)
        if key in sent:
            return
        sent[key] = True
        mask = connection.patiently(*command(key))
        if mask & 1:
            raise ValueError(f"{key} is new and was answered {mask}")
        acknowledged[key] = mask
        self.told += 1

    def _fix(self, connection):
        fix = (f"d{self.share}", DOUBTFUL_MS + self.random.randrange(1 << 40))
        self.orders.unanswered_fixes[self.share].add(fix)
        mask = connection.patiently("T.ADD", fix[0], fix[1], "37.5", "127")
        if mask & 4:
            self.orders.fixes[self.share].add(fix)


def command(key):
    kind, order, rider, state, ts_ms = key
    if kind == "set":
        return "T.ORDER", "SET", order, rider, state, ts_ms
    return "T.ORDER", "END", order, ts_ms, state


def event_of(entry):
    return (entry["event"], entry["order"], entry.get("rider"), entry["state"],
            int(entry["ts_ms"]))


def stream(connection, key):
    """All entries of a stream, in pages."""
    entries, start = [], "-"
    while True:
        page = connection.command("XRANGE", key, start, "+", "COUNT", "1000")
        entries += [(name.decode(), fields(values)) for name, values in page]
        if len(page) < 1000:
            return entries
        start = "(" + entries[-1][0]
