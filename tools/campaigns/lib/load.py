"""Writers: threads that send batches, keep a window of them open and note each acknowledgement."""

import collections
import threading
import time

from . import oracle as oracles
from . import resp, tracks


class Ack:
    """One acknowledged request: when it left, when its reply was read, its masks."""

    __slots__ = ("number", "sent_at", "acked_at", "masks")

    def __init__(self, number, sent_at, acked_at, masks):
        self.number, self.sent_at, self.acked_at, self.masks = number, sent_at, acked_at, masks

    @property
    def stored(self):
        """At least one fix of it was new."""
        return any(not mask & (oracles.DUP | oracles.MALFORMED) for mask in self.masks)


class Writer(threading.Thread):
    """Sends `batches` (an iterator of lists as tracks.Fleet gives) until stopped or cut off.

    `shape` turns a batch into a command. Times are Unix seconds. `refused` batches (-TRYAGAIN) are
    not sent again: they must simply not be needed.
    """

    def __init__(self, server, batches, oracle, depth=1, shape=tracks.maddx, with_source=False,
                 pause=0.0):
        super().__init__(daemon=True)
        self.server, self.batches, self.oracle = server, batches, oracle
        self.depth, self.shape, self.with_source = depth, shape, with_source
        self.pause = pause
        self.stopping = threading.Event()
        self.acks = []
        self.refused = 0
        self.error = None

    def run(self):
        try:
            with self.server.connect(timeout=60) as connection:
                self._run(connection)
        except (OSError, ValueError) as error:
            self.error = error

    def _run(self, connection):
        open_batches = collections.deque()
        number = 0
        while True:
            while len(open_batches) < self.depth and not self.stopping.is_set():
                batch = next(self.batches, None)
                if batch is None:
                    self.stopping.set()
                    break
                kept = []
                for rider, fields in batch:
                    fix = tracks.stored(fields, self.with_source)
                    kept.append((rider, fix))
                    if fix is not None:
                        self.oracle.send(rider, fix)
                open_batches.append((number, time.time(), kept))
                number += 1
                connection.send(*self.shape(batch))
            if not open_batches:
                return
            masks = connection.read()
            now = time.time()
            first, sent_at, kept = open_batches.popleft()
            if isinstance(masks, resp.ReplyError):
                self._refuse(masks)
                continue
            if isinstance(masks, int):
                masks = [masks]
            self.acks.append(Ack(first, sent_at, now, masks))
            for (rider, fix), mask in zip(kept, masks):
                if fix is not None and not mask & oracles.MALFORMED:
                    self.oracle.acknowledge(rider, fix)
            if self.pause:
                time.sleep(self.pause)

    def _refuse(self, error):
        if not str(error).startswith("TRYAGAIN"):
            raise ValueError(f"unexpected reply: {error}")
        self.refused += 1
        time.sleep(0.01)

    def stop(self, timeout=60):
        self.stopping.set()
        self.join(timeout)


class Repeater(threading.Thread):
    """Calls `body(connection)` again and again on its own connection until stopped or cut off."""

    def __init__(self, server, body, pause=0.0):
        super().__init__(daemon=True)
        self.server, self.body, self.pause = server, body, pause
        self.stopping = threading.Event()
        self.calls = 0
        self.error = None

    def run(self):
        try:
            with self.server.connect(timeout=60) as connection:
                while not self.stopping.wait(self.pause):
                    self.body(connection)
                    self.calls += 1
        except (OSError, resp.ReplyError) as error:
            self.error = error

    def stop(self, timeout=60):
        self.stopping.set()
        self.join(timeout)


def endless(fleet, count):
    """Batches of `count` fixes for ever."""
    while True:
        yield fleet.next_batch(count)


def single_rider(fleet, count):
    """Batches of `count` fixes of one rider each, as T.MADD takes them."""
    while True:
        rider = fleet.random.choice(fleet.riders)
        yield [(rider.name, rider.step()) for _ in range(count)]
