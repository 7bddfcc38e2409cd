"""RESP2 and RESP3 over a blocking socket, small enough to be trusted as an oracle."""

import socket
import time


class ReplyError(Exception):
    """An error reply of the server; a value inside arrays, raised by `command`."""


class Closed(ConnectionError):
    """The server closed the connection."""


def encode(args):
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        if isinstance(arg, str):
            arg = arg.encode()
        elif not isinstance(arg, bytes):
            arg = str(arg).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(arg), arg))
    return b"".join(parts)


class Connection:
    def __init__(self, host, port, timeout=30):
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.at = 0

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *args):
        """Sends one command and returns at once."""
        self.socket.sendall(encode(args))

    def send_raw(self, data):
        self.socket.sendall(data)

    def command(self, *args):
        """One command and its reply; an error reply is raised."""
        self.send(*args)
        reply = self.read()
        if isinstance(reply, ReplyError):
            raise reply
        return reply

    def patiently(self, *args, seconds=60):
        """As `command`; while the answer is -TRYAGAIN (nothing was carried out) it is sent again."""
        end = time.monotonic() + seconds
        while True:
            reply = self.ask(*args)
            if not isinstance(reply, ReplyError):
                return reply
            if not str(reply).startswith("TRYAGAIN") or time.monotonic() > end:
                raise reply
            time.sleep(0.01)

    def ask(self, *args):
        """As `command`, but an error reply is returned."""
        self.send(*args)
        return self.read()

    def _more(self):
        if self.at > 1 << 20:
            del self.buffer[:self.at]
            self.at = 0
        data = self.socket.recv(1 << 18)
        if not data:
            raise Closed("the server closed the connection")
        self.buffer += data

    def _line(self):
        while True:
            end = self.buffer.find(b"\r\n", self.at)
            if end >= 0:
                line = bytes(self.buffer[self.at:end])
                self.at = end + 2
                return line
            self._more()

    def read(self):
        """The next reply: int, bytes, None, list; +OK as str, -ERR as ReplyError. Of RESP3 also
        float, bool and dict; sets are lists, verbatim strings bytes."""
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b":":
            return int(rest)
        if kind in b"$=":
            count = int(rest)
            if count < 0:
                return None
            while len(self.buffer) - self.at < count + 2:
                self._more()
            value = bytes(self.buffer[self.at:self.at + count])
            self.at += count + 2
            return value[4:] if kind == b"=" else value
        if kind in b"*~>":
            count = int(rest)
            return None if count < 0 else [self.read() for _ in range(count)]
        if kind == b"%":
            return {self.read(): self.read() for _ in range(int(rest))}
        if kind == b"_":
            return None
        if kind == b",":
            return float(rest)
        if kind == b"#":
            return rest == b"t"
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return ReplyError(rest.decode(errors="replace"))
        raise ValueError(f"not a reply: {line[:60]!r}")
