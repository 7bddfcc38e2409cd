"""redis-server as a stand-in subject: an append-only file whose syncing can be switched off."""

import socket
import threading
import time

from . import process, resp


def launch(directory, log, *options):
    """A redis-server on a free port, which answers: (process, port)."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with open(log, "ab") as out:
        child = process.start(["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir",
                               directory, "--save", "", *options], stdout=out, stderr=out)

    def answers():
        try:
            with resp.Connection("127.0.0.1", port, 1) as connection:
                return connection.ask("PING") == "PONG"
        except OSError:
            return False

    process.wait_until(lambda: answers() or child.poll() is not None, 10, 0.02)
    return child, port


class RedisSubject:
    """Counts up keys over a few connections; each acknowledged SET must survive."""

    def __init__(self, c, mount, logs, fsync):
        self.c, self.data, self.logs, self.fsync = c, mount / "redis", logs, fsync
        self.truth = Keys()

    def start(self, number):
        self.data.mkdir(exist_ok=True)
        self.port = self._launch("redis.log")
        self.stopping = threading.Event()
        self.writers = [
            threading.Thread(target=self._write, args=(f"c{number}-{n}",), daemon=True)
            for n in range(3)]
        for writer in self.writers:
            writer.start()

    def _launch(self, log):
        self.child, port = launch(
            self.data, self.logs / log, "--appendonly", "yes", "--appendfsync", self.fsync,
            "--aof-load-truncated", "yes")
        return port

    def _write(self, prefix):
        try:
            with resp.Connection("127.0.0.1", self.port, 5) as connection:
                for n in range(10 ** 9):
                    key = f"{prefix}-{n}"
                    if connection.ask("SET", key, "x" * 100) == "OK":
                        self.truth.acknowledged.append(key)
                    if self.stopping.is_set():
                        return
        except OSError:
            pass

    def end(self):
        self.stopping.set()
        self.child.kill()
        self.child.wait()
        for writer in self.writers:
            writer.join(5)

    def verify(self, label):
        if not self.truth.acknowledged:
            return []
        port = self._launch("verify.log")
        try:
            with resp.Connection("127.0.0.1", port, 10) as connection:
                keys = self.truth.acknowledged
                lost = []
                for start in range(0, len(keys), 500):
                    part = keys[start:start + 500]
                    there = connection.command("MGET", *part)
                    lost += [key for key, value in zip(part, there) if value is None]
        except OSError:
            lost = ["it does not start"]
        self.child.kill()
        self.child.wait()
        time.sleep(0.05)
        # What this subject lost once must not be missed again after the next cut.
        gone = set(lost)
        self.truth.acknowledged = [key for key in self.truth.acknowledged if key not in gone]
        return lost


class Keys:
    def __init__(self):
        self.acknowledged = []

    @property
    def count(self):
        return len(self.acknowledged)
