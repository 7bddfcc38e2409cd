#!/usr/bin/env python3
"""Alerts to people: kill -9 of tachod and of Alertmanager, and how long an alert takes under load.

A fleet raises alerts all the time. tachod delivers them to Debian's Alertmanager, before which a proxy
sees what reaches it, and over TLS to a receiver of webhooks in Python, which checks signatures with the
package of Standard Webhooks, loses answers and refuses requests. Both tachod and Alertmanager are killed again
and again, also while they start. In the end every alert that is stored has reached both at least once,
those of a rider first in their order; Alertmanager itself shows what is open; and every episode ends,
also if tachod was dead when it was due.

Under load tacho-fleet sends 50,000 points/s, a few of them impossible; from an alert's receipt to
Alertmanager's answer p99 must be below a second.

--broken note-before-delivery runs a server that counts as delivered what it only sends; with
--expect-failure the campaign succeeds only if the loss is seen.

examples:
  tools/campaigns/alerting.py --kills 3 --load-seconds 8
  tools/campaigns/alerting.py --full                        (20 kills of each)
  tools/campaigns/alerting.py --broken note-before-delivery --expect-failure
"""

import base64
import hashlib
import hmac
import json
import re
import sys
import threading
import time

from groups import Feeder, Fleet, whole_stream
from lib import alertmanager, campaign, fleet, herd, process, server

RESOLVE_S = 4
RATE = 50_000
RIDERS = 150_000
# Of the fleet's fixes: some ten alerts a second.
IMPOSSIBLE = 0.0002
P99_S = 1.0
RECEIVER = campaign.ROOT / "tools" / "campaigns" / "webhook_receiver.py"
PYTHON = campaign.ROOT / ".build" / "venv" / "bin" / "python"
SECRET = "whsec_" + base64.b64encode(b"only for tests, of 32 bytes long").decode()


class Receivers:
    """Alertmanager behind its proxy, and the receiver of webhooks."""

    def __init__(self, c, seed=None):
        self.place = c.place("receivers")
        self.alertmanager = alertmanager.Alertmanager(self.place)
        self.alertmanager.start()
        self.proxy = alertmanager.Proxy(self.alertmanager)
        self.secret = self.place / "secret"
        self.secret.write_text(SECRET + "\n")
        self.secret.chmod(0o600)
        self.ledger = self.place / "ledger"
        self.ledger.touch()
        out = self.place / "receiver.out"
        self.certificate = self.place / "certificate.pem"
        process.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                     "-addext", "subjectAltName=DNS:localhost", "-keyout", self.place / "key.pem",
                     "-out", self.certificate], check=True)
        both = self.place / "both.pem"
        both.write_text(self.certificate.read_text() + (self.place / "key.pem").read_text())
        command = [PYTHON, RECEIVER, "0", self.ledger, self.secret, both]
        with open(out, "wb") as file, open(self.place / "receiver.err", "wb") as err:
            self.child = process.start(command + ([seed] if seed is not None else []),
                                       stdout=file, stderr=err)
        if not process.wait_until(lambda: out.read_bytes().endswith(b"\n"), 20):
            raise RuntimeError((self.place / "receiver.err").read_text())
        self.port = int(out.read_text())
        if not self.alertmanager.wait_ready():
            raise RuntimeError("Alertmanager does not start: see receivers/alertmanager.log")

    @property
    def options(self):
        return ["--alertmanager", f"am=http://127.0.0.1:{self.proxy.port}",
                "--webhook", f"hook=https://localhost:{self.port}/in",
                "--webhook-secret", str(self.secret), "--alert-ca", str(self.certificate),
                "--alert-resolve-seconds", str(RESOLVE_S)]

    def events(self):
        """Lines of the ledger: time, id, type, rider, alert, reason."""
        lines = [line.split() for line in self.ledger.read_text().splitlines()]
        return [(float(one[1]), *one[2:]) for one in lines if one[0] == "E"]

    def wrong_signatures(self):
        return [line for line in self.ledger.read_text().splitlines() if line.startswith("B ")]

    def close(self):
        self.proxy.close()
        for child in (self.child, self.alertmanager.child):
            process.kill(child.pid)
            child.wait(10)


class Killer(threading.Thread):
    """Kills Alertmanager so many times, and starts it again at once or a little later."""

    def __init__(self, c, subject, kills):
        super().__init__(daemon=True)
        self.subject, self.kills = subject, kills
        self.pauses = [(c.random.uniform(0.1, 1.5), c.random.choice([0, c.random.uniform(0, 0.8)]))
                       for _ in range(kills)]
        self.done = 0

    def run(self):
        for before, after in self.pauses:
            time.sleep(before)
            self.subject.kill()
            time.sleep(after)
            self.subject.start()
            self.done += 1


def command(c, broken):
    if broken:
        return [c.program("tachod-faulty"), "--note-before-delivery"]
    return c.any_server_command()


def figures(connection):
    """T.TARGETS LIST by name."""
    found = {}
    for one in connection.command("T.TARGETS", "LIST"):
        shown = dict(zip((key.decode() for key in one[::2]), one[1::2]))
        found[shown["target"].decode()] = shown
    return found


def kills(c, count, broken):
    logs, sender = c.place("logs"), Fleet()
    receivers = Receivers(c, seed=c.random.randrange(1 << 30))
    killer = Killer(c, receivers.alertmanager, count)
    for number in range(count):
        label = f"life {number}"
        subject = server.Server(command(c, broken), c.work / "data", logs, receivers.options,
                                name=f"life-{number}")
        if number and c.random.random() < 1 / 6:
            time.sleep(c.random.uniform(0, 0.15))
            subject.kill9()
            continue
        if not c.check(f"{label}: starts", subject.wait_ready(60),
                       f"exit {subject.child.poll()}: {subject.last_error}"):
            raise campaign.Stop("no further life is possible")
        if not killer.ident:
            killer.start()
        feeder = Feeder(subject, sender)
        feeder.start()
        time.sleep(c.random.uniform(0.2, 2))
        subject.kill9()
        feeder.stopping.set()
        feeder.join(30)
        c.check(f"{label}: replies are as they should be", feeder.error is None, str(feeder.error))
    killer.join(60)
    c.check("Alertmanager was killed as often", killer.done == count)
    c.check("Alertmanager starts", receivers.alertmanager.wait_ready())
    subject = server.started(command(c, broken), c.work / "data", logs, receivers.options,
                             timeout=60)
    with subject.connect(timeout=60) as connection:
        stream = whole_stream(connection)
        settle(c, connection)
        c.check("every alert that was answered is stored", len(stream) >= sender.alerts,
                f"{len(stream)} of {sender.alerts}", durability=True)
        look(c, receivers, stream)
        ends(c, receivers, stream)
    late_ends(c, receivers, sender, subject, logs, broken)
    receivers.close()


def settle(c, connection):
    def is_done():
        return all(one["lag_alerts"] == 0 and one["failures_in_a_row"] == 0
                   for one in figures(connection).values())

    c.check("nothing is behind in the end", process.wait_until(is_done, 60, 0.05),
            f"{figures(connection)}")


def look(c, receivers, stream):
    """What was stored beside what each receiver saw."""
    seen = [(one["annotations"]["alert_id"], one["labels"]["rider"])
            for _, one in receivers.proxy.seen()]
    events = receivers.events()
    told = [(one[4], one[3]) for one in events if one[2] != "alert.resolved"]
    for name, arrivals in (("Alertmanager", seen), ("the webhook", told)):
        ids = {one for one, _ in arrivals}
        missing = [one[0] for one in stream if one[0] not in ids]
        c.check(f"every alert reached {name}", not missing,
                f"{len(missing)} of {len(stream)} are missing, as {missing[:3]}", durability=True)
        wrong = disorder(stream, arrivals)
        c.check(f"{name} got those of a rider in order", not wrong, f"{wrong[:3]}", durability=True)
        repeated = len(arrivals) - len(set(arrivals))
        c.note(f"{name}: {len(arrivals)} deliveries of {len(stream)} alerts, {repeated} again")
    c.check("no signature was wrong", not receivers.wrong_signatures(),
            f"{receivers.wrong_signatures()[:2]}")
    c.check("Alertmanager refused nothing", not receivers.proxy.refusals,
            f"{receivers.proxy.refusals[:2]}")


def disorder(stream, arrivals):
    """First arrivals that came before an older alert of the same rider."""
    own = {}
    for one, rider, _ in stream:
        own.setdefault(rider, []).append(one)
    place, seen, wrong = dict.fromkeys(own, 0), set(), []
    known = {one for one, _, _ in stream}
    for one, rider in arrivals:
        if one in seen or one not in known:
            continue
        seen.add(one)
        if own[rider][place[rider]] != one:
            wrong.append(f"{one} before {own[rider][place[rider]]}")
            place[rider] = own[rider].index(one)
        place[rider] = min(place[rider] + 1, len(own[rider]) - 1)
    return wrong


def newest(stream):
    return {rider: one for one, rider, _ in stream}


def ends(c, receivers, stream):
    """Nothing comes any more: each episode ends, at both."""
    last = newest(stream)

    def has_ended():
        return not receivers.alertmanager.alerts()

    c.check("Alertmanager shows nothing when all has ended",
            process.wait_until(has_ended, RESOLVE_S + 20, 0.1),
            f"{[one['labels'] for one in receivers.alertmanager.alerts()][:3]}")

    def resolved():
        return {one[3]: one[4] for one in receivers.events() if one[2] == "alert.resolved"}

    c.check("the webhook was told of the end of each rider's last episode",
            process.wait_until(lambda: resolved() == last, 10, 0.1),
            f"{len(resolved())} of {len(last)}", durability=True)


def late_ends(c, receivers, sender, subject, logs, broken):
    """tachod is dead when the end is due; it is told all the same, and Alertmanager's own
    resolve_timeout is far away."""
    with subject.connect(timeout=60) as connection:
        before = sender.answered
        while sender.answered == before:
            sender.send(connection)
        settle(c, connection)
        last = newest(whole_stream(connection))
        shown = receivers.alertmanager.alerts()
        c.check("Alertmanager shows what is open, with the newest alert of each",
                {one["labels"]["rider"]: one["annotations"]["alert_id"] for one in shown}
                == last, f"{len(shown)} of {len(last)}")
        # What was delivered is noted within a quarter of a second.
        time.sleep(0.5)
    subject.kill9()
    time.sleep(RESOLVE_S + 0.5)
    c.check("what is open stays open while nobody says that it ended",
            len(receivers.alertmanager.alerts()) == len(last))
    again = server.started(command(c, broken), c.work / "data", logs, receivers.options,
                           name="late", timeout=60)
    c.check("ends that were due while tachod was dead are told",
            process.wait_until(lambda: not receivers.alertmanager.alerts(), 20, 0.1),
            durability=True)
    done = {one[4] for one in receivers.events() if one[2] == "alert.resolved"}
    c.check("also to the webhook", process.wait_until(
        lambda: set(last.values()) <= {one[4] for one in receivers.events()
                                       if one[2] == "alert.resolved"}, 20, 0.1),
            f"{len(done)} ends", durability=True)
    code = again.stop(60)
    c.check("stops cleanly", code == 0, f"exit {code}: {again.last_error}")


def load(c, seconds):
    logs = c.place("load-logs")
    receivers = Receivers(c)
    subject = server.started(c.server_command(), c.work / "load", logs,
                             receivers.options[:-1] + ["300"], timeout=60)
    run = fleet.FleetRun(c.program("tacho-fleet"), subject, c.place("fleet"), "c-", 7, RIDERS, RATE,
                         seconds, ledger=False, more=["--impossible", IMPOSSIBLE, "--packed"])
    code = run.wait(seconds + 60)
    report = run.report() or {}
    c.check("the fleet was served", code == 0, f"exit {code}, {report}")
    with subject.connect(timeout=60) as connection:
        settle(c, connection)
        decided = {one[0].decode(): int(one[1][5])
                   for one in connection.command("XRANGE", "alerts", "-", "+", "COUNT", 16_000)}
    first = {}
    for at, one in receivers.proxy.seen():
        first.setdefault(one["annotations"]["alert_id"], at)
    c.check("every alert reached Alertmanager under load", set(decided) <= set(first),
            f"{len(set(decided) - set(first))} of {len(decided)} are missing", durability=True)
    # Receipt is stored up to 64 ms late.
    waits = sorted(first[one] - (decided[one] - 64) / 1000 for one in decided if one in first)
    if c.check("there were alerts to measure", len(waits) >= 20, f"{len(waits)}"):
        p50, p99 = herd.at(waits, 0.5), herd.at(waits, 0.99)
        c.note(f"{report.get('points_per_second', 0):.0f} points/s, {len(waits)} alerts: from"
               f" receipt to Alertmanager's answer p50 {1000 * p50:.0f} ms,"
               f" p99 {1000 * p99:.0f} ms, worst {1000 * waits[-1]:.0f} ms (up to 64 ms too much)")
        c.check("p99 is below a second", p99 < P99_S, f"{p99:.3f} s")
        c.check("the load was what it should be",
                report.get("points_per_second", 0) >= 0.9 * RATE, f"{report}")
    subject.stop(60)
    receivers.close()


def example(c):
    """The page's example of a signature, computed here and by Standard Webhooks' package."""
    page = (campaign.ROOT / "format-spec.md").read_text().split("### 24.2 Webhooks")[1]
    secrets, headers = re.findall(r"```text\n(.*?)```", page, re.S)[:2]
    body = re.search(r"```json\n(.*?)\n```", page, re.S)[1]
    headers = dict(line.split(": ", 1) for line in headers.strip().splitlines())
    head = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    wanted = []
    for secret in secrets.split():
        key = base64.b64decode(secret.removeprefix("whsec_"))
        code = hmac.new(key, head, hashlib.sha256).digest()
        wanted.append("v1," + base64.b64encode(code).decode())
    c.check("the example's signatures are Python's", " ".join(wanted)
            == headers["webhook-signature"], f"{wanted}")
    other = ("import datetime, json, sys; from standardwebhooks.webhooks import Webhook\n"
             "s, i, t, b = json.load(sys.stdin)\n"
             "print(*[Webhook(one).sign(i, datetime.datetime.fromtimestamp(t,"
             " datetime.timezone.utc), b) for one in s])")
    done = process.run(
        [PYTHON, "-c", other], stdin=None, text=True, check=True, input=json.dumps(
            [secrets.split(), headers["webhook-id"], int(headers["webhook-timestamp"]), body]))
    c.check("and those of Standard Webhooks' package",
            done.stdout.strip() == headers["webhook-signature"], done.stdout)


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--kills", type=int, help="of each; default 3, 20 with --full")
    parser.add_argument("--load-seconds", type=int,
                        help="at 50,000 points/s; default 8, 60 with --full; 0: none")
    parser.add_argument("--broken", choices=["note-before-delivery"], help="what is broken")
    options = parser.parse_args()
    with campaign.Campaign("alerting", options) as c:
        example(c)
        kills(c, options.kills or (20 if options.full else 3), options.broken)
        seconds = options.load_seconds
        if seconds is None:
            seconds = 0 if options.broken else 60 if options.full else 8
        if seconds:
            load(c, seconds)


if __name__ == "__main__":
    sys.exit(main())
