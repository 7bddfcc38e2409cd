#!/usr/bin/env python3
"""kill -9 and power cuts while orders are told of: every acknowledged event stays, and is on the stream once.

Three tellers set, hand over and end orders, late, twice and out of order, and send fixes that are
quarantined; the server is killed again and again, one life in six while it opens. After each restart
what was not answered is sent again; every order must be what its events say, and the streams `orders`
and `verdicts` must have each event and each verdict once, under the ids they had. Half of the lives
have a journal of 1 MiB, so that checkpoints come. Then the same on a disk that forgets at power cuts
what was not flushed; with --fault only that, since a kill leaves what lies in the system's memory.

examples:
  tools/campaigns/orders.py --kills 5
  tools/campaigns/orders.py --full                 (50 kills, 20 cuts)
  tools/campaigns/orders.py --fault skip-sync --expect-failure
"""

import random
import sys

from lib import campaign, lives, orders

SHARES = 3


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--kills", type=int, help="default 5, 50 with --full")
    parser.add_argument("--cuts", type=int, help="default 3, 20 with --full")
    options = parser.parse_args()
    with campaign.Campaign("orders", options) as c:
        kills = options.kills or (50 if options.full else 5)
        cuts = options.cuts or (20 if options.full else 3)
        if not options.fault:
            truth = tell(c, lives.run, kills)
            c.note(f"{truth.count} events acknowledged, {kills} kills")
        truth = tell(c, lives.cuts, cuts)
        c.note(f"{truth.count} events acknowledged, {cuts} power cuts")


def tell(c, live, count):
    truth = orders.Orders(SHARES)
    live(c, count, lambda _, subject: [
        orders.Teller(subject, truth, random.Random(c.random.random()), share)
        for share in range(SHARES)], lambda label, subject: look(c, label, subject, truth))
    return truth


def look(c, label, subject, truth):
    with subject.connect(timeout=60) as connection:
        truth.check(c, label, connection)
        truth.check_verdicts(c, label, connection)


if __name__ == "__main__":
    sys.exit(main())
