"""A good client in a process of its own, and what a server's process holds."""

import multiprocessing
import os
import time

from . import herd, resp


class Witness:
    """Asks T.GET of one rider again and again, a millisecond between, until told to stop."""

    def __init__(self, server, rider):
        context = multiprocessing.get_context("fork")
        self.stopping = context.Event()
        self.ours, theirs = context.Pipe()
        self.child = context.Process(
            target=_ask, args=(server.host, server.port, rider, self.stopping, theirs), daemon=True)
        self.child.start()
        theirs.close()

    def stop(self):
        """Seconds of each request, sorted, and what went wrong (None: nothing)."""
        self.stopping.set()
        waits, error = self.ours.recv() if self.ours.poll(60) else ([], "no report")
        self.child.join(10)
        return waits, error


def _ask(host, port, rider, stopping, report):
    herd.close_inherited(report.fileno())
    waits, error = [], None
    request = resp.encode(["T.GET", rider])
    try:
        with resp.Connection(host, port, 60) as connection:
            while not stopping.is_set():
                begin = time.perf_counter()
                connection.send_raw(request)
                reply = connection.read()
                waits.append(time.perf_counter() - begin)
                if not isinstance(reply, list):
                    error = f"T.GET answered {reply}"
                    break
                time.sleep(0.001)
    except OSError as problem:
        error = str(problem)
    report.send((sorted(waits), error))


def show(c, label, waits):
    p50, p99, worst = (1000 * herd.at(waits, share) for share in (0.5, 0.99, 1))
    c.note(f"{label}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, worst {worst:.1f} ms, n {len(waits)}")


def resident(pid):
    """Bytes of memory that are the process's own."""
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def keep_alive_timers(port):
    """Connections of a listening port whose timer is a keep-alive, and all of them."""
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    ours = [row for row in rows if int(row[1].split(":")[1], 16) == port and row[3] == "01"]
    return sum(row[5].startswith("02:") for row in ours), len(ours)


def sockets(ports):
    """What the system knows of the connections from these ports, at both ends: addresses, state,
    bytes to send and to be read, timer."""
    wanted = {f"{port:04X}" for port in ports}
    if not wanted:
        return []
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return [" ".join(row[1:6]) for row in rows
            if row[1].split(":")[1] in wanted or row[2].split(":")[1] in wanted]


class Peak:
    """The most memory a process had, looked at now and then."""

    def __init__(self, pid):
        self.pid, self.bytes = pid, 0
        self.look()

    def look(self):
        self.bytes = max(self.bytes, resident(self.pid))
        return self.bytes
