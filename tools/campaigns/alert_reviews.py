#!/usr/bin/env python3
"""kill -9 while people review alerts: every acknowledged record stays, in its place, and once.

Three reviewers take, decide, appeal and repeat themselves; the server is killed again and again, one
life in six while it opens. After each restart every history must be what was acknowledged, with at
most the one record that was on its way; feedback counts and risk scores must be what the histories
say. Half of the lives have a journal of 1 MiB, so that checkpoints come.

examples:
  tools/campaigns/alert_reviews.py --kills 5
  tools/campaigns/alert_reviews.py --full                 (50 kills)
"""

import random
import sys
import time

from lib import campaign, reviews, server

SHARES = 3


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--kills", type=int, help="default 5, 50 with --full")
    options = parser.parse_args()
    with campaign.Campaign("alert_reviews", options) as c:
        kills = options.kills or (50 if options.full else 5)
        logs, truth = c.place("logs"), reviews.Reviews()
        for number in range(kills):
            one_life(c, number, logs, truth)
        subject = server.started(c.server_command(), c.work / "data", logs, timeout=60)
        look(c, "after all kills", subject, truth)
        code = subject.stop(60)
        c.check("stops cleanly", code == 0, f"exit {code}: {subject.last_error}")
        again = server.started(c.server_command(), c.work / "data", logs, name="last", timeout=60)
        look(c, "after a clean stop", again, truth)
        again.stop(60)
        c.note(f"{len(truth.histories)} alerts, {truth.acknowledged} reviews, {kills} kills")


def one_life(c, number, logs, truth):
    label = f"life {number}"
    subject = server.Server(c.any_server_command(), c.work / "data", logs, name=f"life-{number}")
    if number and c.random.random() < 1 / 6:
        time.sleep(c.random.uniform(0, 0.15))
        subject.kill9()
        return
    if not c.check(f"{label}: starts", subject.wait_ready(60),
                   f"exit {subject.child.poll()}: {subject.last_error}", durability=True):
        raise campaign.Stop("no further life is possible")
    look(c, label, subject, truth)
    with subject.connect(timeout=60) as connection:
        truth.raise_alerts(connection, c.random, 40)
    people = [
        reviews.Reviewer(subject, truth, random.Random(c.random.random()), share, SHARES)
        for share in range(SHARES)
    ]
    for person in people:
        person.start()
    time.sleep(c.random.uniform(0.05, 1.5))
    subject.kill9()
    for person in people:
        person.stop(30)
        c.check(f"{label}: replies are as they should be", person.error is None, str(person.error))
    c.check(f"{label}: somebody said something", any(person.acknowledged for person in people))


def look(c, label, subject, truth):
    with subject.connect(timeout=60) as connection:
        truth.check(c, label, connection)
        truth.check_counts(c, label, connection)


if __name__ == "__main__":
    sys.exit(main())
