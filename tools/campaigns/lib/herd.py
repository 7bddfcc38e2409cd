"""Thousands of connections in one process, by epoll: they come at once, ask at once, leave at once.

Sockets are plain and do not block. Nothing here knows more of RESP than where a reply ends.
"""

import errno
import os
import resource
import select
import socket
import struct
import time

PING = b"*1\r\n$4\r\nPING\r\n"
FULL = b"-ERR max number of clients reached\r\n"
# Linux: the port is chosen when it connects; it is the pair of addresses that must be free.
IP_BIND_ADDRESS_NO_PORT = 24
TCP_REPAIR = 19
RETRY_SECONDS = 0.1


def allow_files():
    """As many open files as this process may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def close_inherited(*kept):
    """In a process that was forked: the parent's connections end when the parent closes them."""
    for number in map(int, os.listdir("/proc/self/fd")):
        if number > 2 and number not in kept:
            try:
                os.close(number)
            except OSError:
                pass


def end_of_reply(data, at=0):
    """Where the reply that begins at `at` ends; None: it is not all there."""
    line = data.find(b"\r\n", at)
    if line < 0:
        return None
    kind, next_at = data[at:at + 1], line + 2
    if kind in b"$=":
        count = int(data[at + 1:line])
        end = next_at + count + 2 if count >= 0 else next_at
        return end if end <= len(data) else None
    if kind in b"*~>%":
        for _ in range(int(data[at + 1:line]) * (2 if kind == b"%" else 1)):
            next_at = end_of_reply(data, next_at)
            if next_at is None:
                return None
    return next_at


class Peer:
    """One connection; `state` is the user's own."""

    __slots__ = ("socket", "number", "data", "began", "state")

    def __init__(self, number):
        self.socket, self.number, self.data = None, number, b""
        self.began, self.state = 0.0, None


class Herd:
    def __init__(self, server, count, first_source=0, receive_bytes=None):
        self.server, self.count = server, count
        self.peers = [Peer(number) for number in range(count)]
        self.source = first_source
        self.receive_bytes = receive_bytes
        self.refused = 0
        self.lost = 0

    # Each coming has an address of its own: ports of the last one may still be in TIME_WAIT.
    def _open(self, peer):
        one = socket.socket()
        one.setblocking(False)
        one.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        if self.receive_bytes:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_bytes)
        one.bind((f"127.0.{1 + self.source % 200}.{1 + peer.number % 4}", 0))
        code = one.connect_ex((self.server.host, self.server.port))
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, os.strerror(code))
        peer.socket, peer.data = one, b""

    def come(self, timeout=20):
        """All connect and are answered a PING. Seconds each waited, sorted; who was told that the
        server is full, or was reset while it was, tries again."""
        self.source += 1
        poll = select.epoll()
        waits, retries, by_file = [], [], {}
        begin = time.monotonic()
        for peer in self.peers:
            peer.began = time.monotonic()
            self._begin(peer, poll, by_file)
        end = begin + timeout
        while len(waits) < self.count and time.monotonic() < end:
            for number, events in poll.poll(0.05, 4096):
                peer = by_file[number]
                try:
                    answer = self._further(peer, events, poll, number)
                except OSError:
                    answer = FULL
                    self.lost += 1
                if answer is None:
                    continue
                poll.unregister(number)
                del by_file[number]
                if answer == b"+PONG\r\n":
                    waits.append(time.monotonic() - peer.began)
                else:
                    self.refused += answer == FULL
                    peer.socket.close()
                    retries.append((time.monotonic() + RETRY_SECONDS, peer))
            while retries and retries[0][0] <= time.monotonic():
                self._begin(retries.pop(0)[1], poll, by_file)
        poll.close()
        self.unanswered = [peer.socket.getsockname()[1] for peer in by_file.values()]
        return sorted(waits)

    def _begin(self, peer, poll, by_file):
        self._open(peer)
        by_file[peer.socket.fileno()] = peer
        poll.register(peer.socket, select.EPOLLOUT)

    @staticmethod
    def _further(peer, events, poll, number):
        """What the server answered; None: nothing yet."""
        if events & select.EPOLLOUT:
            code = peer.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
            poll.modify(number, select.EPOLLIN)
            peer.socket.send(PING)
            return None
        data = peer.socket.recv(4096)
        if not data:
            raise OSError(errno.ECONNRESET, "closed")
        peer.data += data
        if not peer.data.endswith(b"\r\n"):
            return None
        answer, peer.data = peer.data, b""
        return answer

    def ask(self, request_of, timeout=30, replies=1):
        """Each sends `request_of(number)` and reads so many replies: a list of bytes, by number;
        None for who was not answered, or not all of it."""
        answers = [None] * self.count
        poll, by_file = select.epoll(), {}
        for peer in self.peers:
            by_file[peer.socket.fileno()] = peer
            poll.register(peer.socket, select.EPOLLIN)
            peer.data = b""
            peer.socket.send(request_of(peer.number))
        left, end = self.count, time.monotonic() + timeout
        while left and time.monotonic() < end:
            for number, _ in poll.poll(0.1, 4096):
                peer = by_file[number]
                try:
                    data = peer.socket.recv(65536)
                except OSError:
                    data = b""
                peer.data += data
                at = 0
                for _ in range(replies):
                    at = end_of_reply(peer.data, at) if at is not None else None
                if at is not None or not data:
                    answers[peer.number] = peer.data if at is not None else None
                    poll.unregister(number)
                    left -= 1
        poll.close()
        return answers

    def leave(self, resets=0.0):
        """All close at once; a share of them by a reset."""
        for peer in self.peers:
            if peer.socket is None:
                continue
            if peer.number < resets * self.count:
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.socket.close()
            peer.socket = None

    def vanish(self):
        """All are gone without a word, as a phone whose battery is. Needs CAP_NET_ADMIN."""
        for peer in self.peers:
            peer.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
            peer.socket.close()
            peer.socket = None


def at(durations, share):
    """That share of sorted durations is not longer."""
    return durations[min(len(durations) - 1, int(len(durations) * share))] if durations else 0.0
