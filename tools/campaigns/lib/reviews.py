"""Alerts and what people say about them: who raises and reviews them, and an oracle of what must be
left. The rules of states, counts and scores are written down here a second time, from §15 of
`format-spec.md`."""

import threading

from . import resp

# Which states may follow, and the word of T.ALERT that brings each.
NEXT = {
    "open": ["ack", "false_positive", "confirmed", "appeal"],
    "ack": ["false_positive", "confirmed", "appeal"],
    "false_positive": ["confirmed"],
    "confirmed": ["false_positive", "appeal"],
    "appeal": ["appeal_upheld", "appeal_rejected"],
    "appeal_upheld": [],
    "appeal_rejected": ["false_positive", "appeal"],
}
WORDS = {
    "ack": "ACK", "false_positive": "FALSE", "confirmed": "CONFIRM", "appeal": "APPEAL",
    "appeal_upheld": "UPHOLD", "appeal_rejected": "REJECT",
}
WEIGHTS = {"info": 0.15, "warn": 0.4, "crit": 0.9}
START_MS = 1_704_067_200_000


def fields(flat):
    """Names and values as a dictionary; text decoded, nested lists left as they are."""
    def plain(value):
        return value.decode() if isinstance(value, bytes) else value
    return {plain(name): plain(value) for name, value in zip(flat[::2], flat[1::2])}


class Reviews:
    """Histories as they were acknowledged; a record that was sent and not answered may be there."""

    def __init__(self, prefix=""):
        self.prefix = prefix
        self.lock = threading.Lock()
        self.histories = {}
        self.unanswered = {}
        self.raised = 0

    @property
    def acknowledged(self):
        return sum(len(history) for history in self.histories.values())

    def raise_alerts(self, connection, random, count):
        """Fixes that point rules quarantine, with a claimed receipt time; all are acknowledged.
        Then the alerts of these riders are asked for, so that their ids are known."""
        for _ in range(count):
            self.raised += 1
            recv = START_MS + self.raised * 20_000 + random.randrange(20_000)
            kind = random.randrange(3)
            lat, lon = ("0", "0") if kind == 0 else ("37.5", "127")
            source = "mock" if kind == 1 else "gps"
            ts = 900_000_000_000 + self.raised if kind == 2 else recv - self.raised % 1_000
            rider = f"{self.prefix}alert-{random.randrange(4)}"
            mask = connection.patiently("T.IMPORT", "CLAIMED", rider, ts, lat, lon, "-", "-", "-",
                                        "-", source, recv)
            if mask[0] & 64:
                raise ValueError(f"fix {rider} {ts} is malformed to the server")
        for alert in self.listed(connection):
            self.histories.setdefault(alert["id"], [])

    def listed(self, connection):
        """Alerts of these riders."""
        alerts, cursor = [], []
        while True:
            page = connection.command("T.ALERTS", "COUNT", "500", *cursor)
            cursor = []
            if page and isinstance(page[-1], bytes):
                cursor = ["CURSOR", page.pop()]
            alerts += [fields(one) for one in page]
            if not cursor:
                return [one for one in alerts if one["rider"].startswith(self.prefix + "alert-")]

    def check(self, c, label, connection):
        """Every acknowledged record is there in its place, nothing else but what was unanswered."""
        lost, alien = [], []
        for alert, expected in self.histories.items():
            file = connection.command("T.ALERT", "GET", alert)
            if file is None:
                lost.append(alert)
                continue
            file = fields(file)
            found = [record_of(one) for one in file["history"]]
            extra = self.unanswered.pop(alert, None)
            if found == expected + [extra]:
                self.histories[alert] = found
            elif found[:len(expected)] != expected:
                lost.append((alert, found, expected))
            elif found != expected:
                alien.append((alert, found, expected, extra))
            state = found[-1][0] if found else "open"
            if file["state"] != state:
                alien.append((alert, file["state"], found))
        self.unanswered.clear()
        c.check(f"{label}: every acknowledged review is there", not lost,
                f"{len(lost)} alerts lack some, first {lost[:1]}", durability=True)
        c.check(f"{label}: no review is there that nobody sent", not alien, f"{alien[:1]}")
        return lost

    def check_counts(self, c, label, connection):
        """T.ALERT FEEDBACK and T.RISK against what the histories say; only if no others alert."""
        alerts = self.listed(connection)
        expected = {}
        for alert in alerts:
            states = [record[0] for record in self.histories.get(alert["id"], [])]
            decisions = [state for state in states if state not in ("ack", "appeal")]
            one = expected.setdefault(alert["code"], dict.fromkeys(
                ["alerts", "acknowledged", "false_positives", "confirmed", "appeals", "upheld",
                 "rejected"], 0))
            one["alerts"] += 1
            one["acknowledged"] += "ack" in states
            one["appeals"] += "appeal" in states
            if decisions:
                one[{"false_positive": "false_positives", "confirmed": "confirmed",
                     "appeal_upheld": "upheld", "appeal_rejected": "rejected"}[decisions[-1]]] += 1
        found = {}
        for flat in connection.command("T.ALERT", "FEEDBACK"):
            one = fields(flat)
            one.pop("false_positive_rate")
            found[one.pop("code")] = one
        c.check(f"{label}: feedback is what the histories say", found == expected,
                f"{found} and not {expected}")
        at = START_MS + self.raised * 20_000 - c.random.randrange(8_000_000)
        risks = {}
        for flat in connection.command("T.RISK", "AT", at):
            one = fields(flat)
            risks[one["rider"]] = (one["risk"], one["case_since_ms"])
        wanted = {name: score for name, score in scores(alerts, at).items()
                  if float(score[0]) >= 0.01}
        c.check(f"{label}: risk at {at} is what the alerts say", risks == wanted,
                f"{risks} and not {wanted}")


def record_of(flat):
    one = fields(flat)
    return (one["state"], one["by"], one["note"])


def scores(alerts, at):
    """Risk and case by rider, by the page."""
    riders = {}
    for alert in alerts:
        ms, n = alert["id"].split("-")
        riders.setdefault(alert["rider"], []).append(
            (int(alert["at_recv_ms"]), int(ms), int(n), alert))
    result = {}
    for rider, hits in riders.items():
        rest, warnings, since = 1.0, [], None
        for recv, _, _, alert in sorted(hits, key=lambda hit: hit[:3]):
            if alert["state"] in ("false_positive", "appeal_upheld"):
                continue
            if recv >= at + 64 or at - recv >= 21_600_000:
                continue
            x = max(at - recv, 0) / 1_800_000
            rest *= 1 - WEIGHTS[alert["severity"]] * (1 / (1 + x + 0.5 * x * x))
            if alert["severity"] != "warn":
                continue
            if since is None and any(code != alert["code"] and recv - earlier <= 600_000
                                     for earlier, code in warnings):
                since = recv
            warnings.append((recv, alert["code"]))
        risk = f"{1 - rest:.6f}".rstrip("0").rstrip(".")
        result[rider] = (risk, since)
    return result


class Reviewer(threading.Thread):
    """Says things about its share of the alerts until stopped or cut off."""

    def __init__(self, server, reviews, random, share=0, shares=1, pause=0.0):
        super().__init__(daemon=True)
        self.server, self.reviews, self.random, self.pause = server, reviews, random, pause
        self.alerts = sorted(reviews.histories)[share::shares]
        self.stopping = threading.Event()
        self.acknowledged = 0
        self.error = None

    def run(self):
        try:
            with self.server.connect(timeout=60) as connection:
                while self.alerts and not self.stopping.wait(self.pause):
                    self._one(connection)
        except OSError:
            pass
        except (ValueError, resp.ReplyError) as error:
            self.error = error

    def _one(self, connection):
        reviews, alert = self.reviews, self.random.choice(self.alerts)
        history = reviews.histories[alert]
        state = history[-1][0] if history else "open"
        if history and self.random.random() < 0.15:
            # Sent again: answered like the first time, stored once.
            answer = self._send(connection, alert, history[-1])
            if record_of(answer) != history[-1] or fields(answer)["step"] != len(history) - 1:
                raise ValueError(f"{history[-1]} of {alert} sent again: {answer}")
            return
        following = self.random.choice(list(WORDS))
        record = (following, f"p{self.random.randrange(3)}", f"n {self.random.random()}")
        if following not in NEXT[state] or len(history) >= 100:
            answer = connection.ask(*command(alert, record))
            if not isinstance(answer, resp.ReplyError):
                raise ValueError(f"{record} after {state}: {answer}")
            return
        with reviews.lock:
            reviews.unanswered[alert] = record
        answer = self._send(connection, alert, record)
        if record_of(answer) != record or fields(answer)["step"] != len(history):
            raise ValueError(f"{record} of {alert}: {answer}")
        with reviews.lock:
            del reviews.unanswered[alert]
            history.append(record)
        self.acknowledged += 1

    def _send(self, connection, alert, record):
        while True:
            answer = connection.ask(*command(alert, record))
            if isinstance(answer, resp.ReplyError) and str(answer).startswith("TRYAGAIN"):
                if self.stopping.wait(0.02):
                    raise OSError("stopped")
                continue
            if isinstance(answer, resp.ReplyError):
                raise answer
            return answer

    def stop(self, timeout=60):
        self.stopping.set()
        self.join(timeout)


def command(alert, record):
    state, by, note = record
    return ["T.ALERT", WORDS[state], alert, "BY", by, "NOTE", note]
