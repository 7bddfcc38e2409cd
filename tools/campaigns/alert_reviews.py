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

from lib import campaign, lives, reviews

SHARES = 3


def main():
    parser = campaign.parser(__doc__)
    parser.add_argument("--kills", type=int, help="default 5, 50 with --full")
    options = parser.parse_args()
    with campaign.Campaign("alert_reviews", options) as c:
        kills = options.kills or (50 if options.full else 5)
        truth = reviews.Reviews()
        everybody = []

        def people(_, subject):
            with subject.connect(timeout=60) as connection:
                truth.raise_alerts(connection, c.random, 40)
            group = [reviews.Reviewer(subject, truth, random.Random(c.random.random()), share,
                                      SHARES) for share in range(SHARES)]
            everybody.append(group)
            return group

        lives.run(c, kills, people, lambda label, subject: look(c, label, subject, truth))
        for number, group in enumerate(everybody):
            c.check(f"group {number}: somebody said something",
                    any(person.acknowledged for person in group))
        c.note(f"{len(truth.histories)} alerts, {truth.acknowledged} reviews, {kills} kills")


def look(c, label, subject, truth):
    with subject.connect(timeout=60) as connection:
        truth.check(c, label, connection)
        truth.check_counts(c, label, connection)


if __name__ == "__main__":
    sys.exit(main())
