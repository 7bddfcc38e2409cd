#!/usr/bin/env python3
"""kill -9 while orders are told of: every acknowledged event stays, and is on the stream once.

Three tellers set, hand over and end orders, late, twice and out of order, and send fixes that are
quarantined; the server is killed again and again, one life in six while it opens. After each restart
what was not answered is sent again; every order must be what its events say, and the streams `orders`
and `verdicts` must have each event and each verdict once, under the ids they had. Half of the lives
have a journal of 1 MiB, so that checkpoints come.

examples:
  tools/campaigns/orders.py --kills 5
  tools/campaigns/orders.py --full                 (50 kills)
"""

import random
import sys
import time

from lib import campaign, orders, server

SHARES = 3


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--kills", type=int, help="default 5, 50 with --full")
    options = parser.parse_args()
    with campaign.Campaign("orders", options) as c:
        kills = options.kills or (50 if options.full else 5)
        logs, truth = c.place("logs"), orders.Orders(SHARES)
        for number in range(kills):
            one_life(c, number, logs, truth)
        subject = server.started(c.server_command(), c.work / "data", logs, timeout=60)
        look(c, "after all kills", subject, truth)
        code = subject.stop(60)
        c.check("stops cleanly", code == 0, f"exit {code}: {subject.last_error}")
        again = server.started(c.server_command(), c.work / "data", logs, name="last", timeout=60)
        look(c, "after a clean stop", again, truth)
        again.stop(60)
        c.note(f"{truth.count} events acknowledged, {kills} kills")


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
    people = [orders.Teller(subject, truth, random.Random(c.random.random()), share)
              for share in range(SHARES)]
    for person in people:
        person.start()
    time.sleep(c.random.uniform(0.1, 1.5))
    subject.kill9()
    for person in people:
        person.stop(30)
        c.check(f"{label}: replies are as they should be", person.error is None, str(person.error))


def look(c, label, subject, truth):
    with subject.connect(timeout=60) as connection:
        truth.check(c, label, connection)
        truth.check_verdicts(c, label, connection)


if __name__ == "__main__":
    sys.exit(main())
