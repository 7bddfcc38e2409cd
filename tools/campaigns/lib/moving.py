"""A fleet that moves, sent by a process of its own, and those who hear of it.

All fixes of a batch have the moment it is sent as their time, so a message tells how long it took;
when each batch was acknowledged is told in the end.
"""

import math
import multiprocessing
import random
import re
import select
import time

from . import herd, resp

MESSAGE = re.compile(rb'\{"rider":"([^"]+)","ts":(\d+)')
BATCH_SECONDS = 0.05
METRES_PER_SECOND = 5


class Fleet:
    """Sends riders in turn, so many fixes a second, until told to stop."""

    def __init__(self, server, names, rate, seed):
        context = multiprocessing.get_context("fork")
        self.stopping = context.Event()
        self.ours, theirs = context.Pipe()
        self.child = context.Process(
            target=_send, daemon=True,
            args=(server.host, server.port, names, rate, seed, self.stopping, theirs))
        self.child.start()
        theirs.close()

    def stop(self):
        """{"sent": fixes, "seconds", "acknowledged": {ts: Unix ms}, "last": {rider: ts}, "error"}"""
        self.stopping.set()
        told = self.ours.recv() if self.ours.poll(60) else {"error": "no report", "sent": 0}
        self.child.join(10)
        return told


def _send(host, port, names, rate, seed, stopping, report):
    herd.close_inherited(report.fileno())
    told = {"sent": 0, "acknowledged": {}, "last": {}, "error": None}
    chance = random.Random(seed)
    # A place and a direction each: straight lines at a bicycle's pace.
    starts = [(chance.uniform(37.4, 37.7), chance.uniform(126.8, 127.2),
               chance.uniform(0, 2 * math.pi)) for _ in names]
    count, at = int(rate * BATCH_SECONDS), 0
    begin = due = time.time()
    try:
        with resp.Connection(host, port, 60) as connection:
            while not stopping.is_set():
                due += BATCH_SECONDS
                time.sleep(max(0, due - time.time()))
                now = time.time()
                ts, words = int(now * 1000), ["T.MADD"]
                way = (now - begin) * METRES_PER_SECOND / 111_000
                for index in (n % len(names) for n in range(at, at + count)):
                    lat, lon, angle = starts[index]
                    words += [names[index], str(ts), f"{lat + way * math.cos(angle):.7f}",
                              f"{lon + way * math.sin(angle):.7f}"]
                    told["last"][names[index]] = ts
                at = (at + count) % len(names)
                reply = connection.command(*words)
                told["acknowledged"][ts] = time.time() * 1000
                told["sent"] += count
                if any(mask & ~4 for mask in reply):
                    raise ValueError(f"masks {set(reply)}")
    except (OSError, ValueError, resp.ReplyError) as error:
        told["error"] = f"{type(error).__name__}: {error}"
    told["seconds"] = time.time() - begin
    report.send(told)


class Ears:
    """Peers of a herd that listen: the last time that each heard of each rider, and all arrivals."""

    def __init__(self, crowd):
        self.crowd = crowd
        self.heard = [{} for _ in crowd.peers]
        self.arrivals = []
        self.backward = 0
        self.lost = 0
        self.poll, self.by_file = select.epoll(), {}
        for peer in crowd.peers:
            self.by_file[peer.socket.fileno()] = peer
            self.poll.register(peer.socket, select.EPOLLIN)
            peer.data = b""

    def listen(self, seconds, is_done=lambda: False):
        """Takes messages until the time is over or `is_done()`; its answer then."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for number, _ in self.poll.poll(0.05, 4096):
                self._take(number)
            if is_done():
                return True
        return is_done()

    def _take(self, number):
        peer = self.by_file[number]
        try:
            data = peer.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.poll.unregister(number)
            self.lost += 1
            return
        now = time.time() * 1000
        data, end = peer.data + data, 0
        heard = self.heard[peer.number]
        for match in MESSAGE.finditer(data):
            # A time that may go on in the next piece is read with it.
            if match.end() == len(data):
                break
            rider, ts = match[1], int(match[2])
            if ts <= heard.get(rider, 0):
                self.backward += 1
            heard[rider] = ts
            self.arrivals.append((ts, now))
            end = match.end()
        peer.data = data[max(end, len(data) - 400):]

    def forget(self):
        """What follows is measured anew."""
        self.arrivals = []

    def delays(self, acknowledged):
        """Sorted seconds from the write, and from its acknowledgement (0: the message came first)."""
        since_write = sorted(
            (now - ts) / 1000 for ts, now in self.arrivals if ts in acknowledged)
        since_ack = sorted(max(0, now - acknowledged[ts]) / 1000 for ts, now in self.arrivals
                           if ts in acknowledged)
        return since_write, since_ack
