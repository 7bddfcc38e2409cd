"""The language of Tests/Fixtures/hostile-cases.txt: what is sent, what must come back, and a client that
does the one and notes the other. The language is explained at the head of that file."""

import random
import re
import select
import socket
import struct
import time

FIELDS = {"ts": "q", "lat": "i", "lon": "i", "speed": "i", "heading": "i", "acc": "i", "alt": "i",
          "src": "B", "zero": "B", "rider": "H"}
GOOD_ROW = {"ts": 1_767_225_600_000, "lat": 375_665_000, "lon": 1_269_780_000, "speed": 420,
            "heading": 9_000, "acc": 50, "alt": 200, "src": 1, "zero": 0, "rider": 0}


class CaseError(Exception):
    """A line that is none of the language."""


# What is sent

class Bytes:
    def __init__(self, content):
        self.content = content


class Order:
    """`wait`, `cut`, `drip`, `end`, `deaf`, `reset`."""

    def __init__(self, word, number=0):
        self.word, self.number = word, number


def parse_send(text, name):
    """Bytes and orders in turn."""
    reader = _Reader(text, name)
    steps = []
    while reader.skip_spaces():
        if reader.peek() in '["{':
            steps.append(Bytes(reader.piece()))
            continue
        word, _, number = reader.word().partition(":")
        if word not in ("wait", "cut", "drip", "end", "deaf", "reset"):
            raise CaseError(f"{name}: no order {word!r}")
        steps.append(Order(word, int(number or 0)))
    return steps


class _Reader:
    ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "s": b" ", "\\": b"\\", '"': b'"',
               "{": b"{", "}": b"}", "[": b"[", "]": b"]"}

    def __init__(self, text, name):
        self.text, self.name, self.at = text, name, 0

    def peek(self):
        return self.text[self.at] if self.at < len(self.text) else ""

    def skip_spaces(self):
        while self.peek() == " ":
            self.at += 1
        return self.at < len(self.text)

    def expect(self, character):
        if self.peek() != character:
            raise CaseError(f"{self.name}: {character!r} expected at {self.text[self.at:self.at + 20]!r}")
        self.at += 1

    def word(self):
        start = self.at
        while self.peek() not in ("", " "):
            self.at += 1
        return self.text[start:self.at]

    def piece(self):
        if self.peek() == "[":
            return self.request()
        if self.peek() == "{":
            return self.braces("pieces")[0]
        self.expect('"')
        out = b""
        while self.peek() not in ("", '"'):
            out += self.character()
        self.expect('"')
        return out

    def character(self):
        """One character of text, an escape, or what braces stand for."""
        if self.peek() == "{":
            return self.braces("text")[0]
        character = self.peek()
        self.at += 1
        if character != "\\":
            return character.encode()
        escape = self.peek()
        self.at += 1
        if escape == "x":
            code = self.text[self.at:self.at + 2]
            self.at += 2
            return bytes([int(code, 16)])
        if escape not in self.ESCAPES:
            raise CaseError(f"{self.name}: no escape \\{escape}")
        return self.ESCAPES[escape]

    def request(self):
        self.expect("[")
        words = self.words("]")
        self.expect("]")
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)

    def words(self, *ends):
        """Words up to `ends`: `{a b*3}` stands for six of them."""
        found = []
        while self.skip_spaces() and not self.text.startswith(ends, self.at):
            if self.peek() == '"':
                found.append(self.piece())
                continue
            if self.peek() == "{":
                content, several = self.braces("words")
                if several is not None:
                    found += several
                    continue
                word = content
            else:
                word = b""
            while self.peek() not in ("", " ") and not self.text.startswith(ends, self.at):
                word += self.character()
            found.append(word)
        return found

    def braces(self, kind):
        """`{text*N}`, `{random N}`, `{batch field=value …}`; between requests (`pieces`) also `{[request]*N}`,
        inside of them `{word word*N}` and `{each N word}`, which give words."""
        self.expect("{")
        if self.text.startswith("random ", self.at):
            self.at += 7
            count = int(self._to_end())
            return random.Random(self.name).randbytes(count), None
        if self.text.startswith("batch", self.at):
            self.at += 5
            return _batch(self._to_end(), self.name), None
        if kind == "words" and self.text.startswith("each ", self.at):
            _, count, word = self._to_end().split()
            return None, [f"{word}{number}".encode() for number in range(int(count))]
        end = self.at
        match = re.compile(r"\*(\d+)\}")
        depth = 0
        while end < len(self.text):
            if self.text[end] == "{":
                depth += 1
            elif depth == 0 and match.match(self.text, end):
                break
            elif self.text[end] == "}":
                depth -= 1
            end += 1
        found = match.match(self.text, end)
        if not found:
            raise CaseError(f"{self.name}: {{…*N}} expected at {self.text[self.at:self.at + 20]!r}")
        inner = _Reader(self.text[self.at:end], self.name)
        self.at = found.end()
        times = int(found[1])
        if kind == "words" and " " in inner.text:
            return None, inner.words() * times
        out = b""
        if kind == "pieces":
            while inner.skip_spaces():
                out += inner.piece()
        else:
            while inner.peek():
                out += inner.character()
        return out * times, None

    def _to_end(self):
        """What is left of the braces, which may have others inside."""
        end, depth = self.at, 0
        while depth or self.text[end] != "}":
            depth += {"{": 1, "}": -1}.get(self.text[end], 0)
            end += 1
        text = self.text[self.at:end].strip()
        self.at = end + 1
        return text


def _batch(text, name):
    """A packed batch of one row. `rows`, `riders`, `version`, `flags` are what its header says, `name`
    is the rider's, `cut` takes bytes from its end, `more` adds some."""
    row, head = dict(GOOD_ROW), {"version": 0, "flags": 0, "riders": 1, "rows": 1}
    rider, cut, more = b"hostile", 0, 0
    for word in text.split():
        key, _, value = word.partition("=")
        if key == "name":
            rider = _Reader(value, name).words()[0] if value else b""
        elif key == "cut":
            cut = int(value)
        elif key == "more":
            more = int(value)
        elif key in head:
            head[key] = int(value)
        elif key in row:
            row[key] = int(value)
        else:
            raise CaseError(f"{name}: a batch has no {key}")
    out = b"TPUT" + struct.pack("<BBHI", head["version"], head["flags"], head["riders"], head["rows"])
    out += struct.pack("<" + "".join(FIELDS.values()), *(row[field] for field in FIELDS))
    out += bytes([len(rider)]) + rider
    return out[:len(out) - cut] + b"!" * more


# What must come back

class Expected:
    """Patterns of replies in order, then how it ends."""

    def __init__(self, replies, ending):
        self.replies, self.ending = replies, ending

    def __str__(self):
        return "; ".join([p if n == 1 else f"{p} x{n}" for p, n in self.replies] + [self.ending])


def parse_expected(text, name):
    *patterns, ending = [part.strip() for part in text.split(";")]
    if ending not in ("close", "open", "nothing", "any"):
        raise CaseError(f"{name}: ends in {ending!r}; close, open, nothing or any expected")
    replies = []
    for pattern in patterns:
        match = re.fullmatch(r"(.*) x(\d+)", pattern)
        replies.append((match[1], int(match[2])) if match else (pattern, 1))
    if ending == "nothing" and replies:
        raise CaseError(f"{name}: replies, and then nothing")
    return Expected(replies, ending)


class Outcome:
    def __init__(self):
        self.replies = []       # (text, how often after one another)
        self.count = 0
        self.ending = None      # close, open
        self.unfinished = b""   # bytes that are no whole reply
        self.was_heard = True

    def add(self, text):
        self.count += 1
        if self.replies and self.replies[-1][0] == text:
            self.replies[-1][1] += 1
        else:
            self.replies.append([text, 1])

    def __str__(self):
        shown = [f"{text[:200]}" + (f" x{n}" if n > 1 else "") for text, n in self.replies[:6]]
        if len(self.replies) > 6:
            shown.append(f"… {self.count} replies in all")
        return "; ".join(shown + [str(self.ending)])


def judge(expected, outcome):
    """Why the outcome is not the expected one; None: it is."""
    if outcome.unfinished:
        return f"half a reply: {outcome.unfinished[:60]!r}"
    if expected.ending == "any":
        return None
    wanted = [[pattern, count] for pattern, count in expected.replies]
    for text, count in outcome.replies:
        while count:
            if not wanted:
                return f"{count} more replies {text[:200]}"
            pattern, left = wanted[0]
            if not _matches(pattern, text):
                return f"{text[:300]!r} is not {pattern!r}"
            taken = min(left, count)
            count -= taken
            wanted[0][1] -= taken
            if wanted[0][1] == 0:
                wanted.pop(0)
    if wanted:
        return f"no reply {wanted[0][0]!r}, {wanted[0][1]} missing"
    ending = "open" if expected.ending == "nothing" else expected.ending
    return None if outcome.ending == ending else f"{outcome.ending}, {ending} expected"


def _matches(pattern, text):
    parts = [re.escape(part) for part in pattern.split("*")]
    return re.fullmatch(".*".join(parts), text, re.S) is not None


class Replies:
    """Replies of RESP out of bytes in any cuts, as one line of text each."""

    def __init__(self):
        self.buffer = bytearray()
        self.at = 0

    def feed(self, data, outcome):
        if self.at:
            del self.buffer[:self.at]
            self.at = 0
        self.buffer += data
        while True:
            value, end = self._read(self.at)
            if value is None:
                return
            self.at = end
            outcome.add(value)

    @property
    def rest(self):
        return bytes(self.buffer[self.at:self.at + 100])

    def _read(self, at):
        end = self.buffer.find(b"\r\n", at)
        if end < 0:
            return None, at
        kind, rest = chr(self.buffer[at]), self.buffer[at + 1:end].decode(errors="backslashreplace")
        at = end + 2
        if kind in "+-:,#(_":
            return kind + rest, at
        if kind in "$=!":
            count = int(rest)
            if count < 0:
                return "nil", at
            if len(self.buffer) < at + count + 2:
                return None, at
            text = bytes(self.buffer[at:at + count]).decode(errors="backslashreplace")
            return kind + text, at + count + 2
        if kind in "*~>%":
            count = int(rest)
            if count < 0:
                return "nil", at
            parts = []
            for _ in range(count * 2 if kind == "%" else count):
                part, at = self._read(at)
                if part is None:
                    return None, at
                parts.append(part)
            return "[" + " ".join(parts) + "]", at
        raise ValueError(f"not a reply: {bytes(self.buffer[:60])!r}")


# The client

def run(host, port, steps, expected, seconds):
    """Sends what the case says, while it takes replies unless it is deaf. Ends when the server closed,
    when nothing more is expected and nothing more has come, or after `seconds`."""
    outcome, replies = Outcome(), Replies()
    try:
        client = socket.create_connection((host, port), seconds)
    except OSError as error:
        outcome.ending = f"no connection: {error}"
        return outcome
    with client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setblocking(False)
        _Talk(client, outcome, replies, time.monotonic() + seconds).run(steps, expected)
    outcome.unfinished = replies.rest if outcome.was_heard else b""
    return outcome


class _Talk:
    QUIET = 0.6     # seconds without a byte after the last expected reply

    def __init__(self, client, outcome, replies, end):
        self.client, self.outcome, self.replies, self.end = client, outcome, replies, end
        self.is_deaf = False

    def run(self, steps, expected):
        cut = drip = 0
        for step in steps:
            if self.outcome.ending:
                return
            if isinstance(step, Order):
                if step.word == "cut":
                    cut, drip = step.number, 0
                elif step.word == "drip":
                    cut, drip = 1, step.number
                else:
                    self.order(step)
                continue
            content = step.content
            for start in range(0, len(content), cut or len(content) or 1):
                self.send(content[start:start + (cut or len(content))])
                if cut:
                    self.listen(drip / 1000 if drip else 0.001)
                if self.outcome.ending:
                    return
        self.listen_out(expected)

    def order(self, step):
        if step.word == "wait":
            self.listen(step.number / 1000)
        elif step.word == "deaf":
            self.is_deaf, self.outcome.was_heard = True, False
        elif step.word == "end":
            try:
                self.client.shutdown(socket.SHUT_WR)
            except OSError:
                self.outcome.ending = "close"
        elif step.word == "reset":
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.outcome.ending = "open"

    def send(self, content):
        view = memoryview(content)
        while view and not self.outcome.ending:
            readable = [] if self.is_deaf else [self.client]
            wait = min(1.0, self.end - time.monotonic())
            if wait <= 0:
                self.outcome.ending = "not all was taken"
                return
            heard, free, _ = select.select(readable, [self.client], [], wait)
            if heard:
                self.take()
            if free:
                try:
                    view = view[self.client.send(view[:1 << 18]):]
                except BlockingIOError:
                    pass
                except OSError:
                    # Replies may still lie there: a reset takes them away, an end does not.
                    self.drain()
            elif self.is_deaf:
                # Who takes nothing is not read for ever: that is the answer.
                return

    def take(self):
        try:
            data = self.client.recv(1 << 18)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            self.replies.feed(data, self.outcome)
            return True
        self.outcome.ending = "close"
        return False

    def drain(self):
        while not self.outcome.ending and self.take():
            pass
        self.outcome.ending = self.outcome.ending or "close"

    def listen(self, seconds):
        end = min(self.end, time.monotonic() + seconds)
        while not self.outcome.ending:
            wait = end - time.monotonic()
            if wait <= 0:
                return
            if self.is_deaf:
                time.sleep(wait)
            elif select.select([self.client], [], [], wait)[0]:
                self.take()

    def listen_out(self, expected):
        wanted = sum(count for _, count in expected.replies)
        quiet_since = time.monotonic()
        while not self.outcome.ending:
            before = self.outcome.count, len(self.replies.buffer)
            self.listen(0.05)
            if (self.outcome.count, len(self.replies.buffer)) != before:
                quiet_since = time.monotonic()
            now = time.monotonic()
            is_quiet = now - quiet_since > self.QUIET and not self.replies.rest
            if is_quiet and self.outcome.count >= wanted and expected.ending != "close":
                self.outcome.ending = "open"
            elif now > self.end:
                self.outcome.ending = "open"
