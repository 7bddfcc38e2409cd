"""What alerts are worth: recall and delay of episodes, false incidents of clean riders."""

from collections import defaultdict

import attacks

# Alerts of a rider closer than this are one incident.
INCIDENT_MS = 300_000
# An alert that comes so long after the last fix of an attack still tells of it.
GRACE_MS = 90_000

GROUPS = [
    ("decided at the point, blatant", "point", attacks.BLATANT, 1.00),
    ("decided at the point, subtle", "point", attacks.SUBTLE, 0.90),
    ("short windows, blatant", "short", attacks.BLATANT, 0.98),
    ("clones, parked farming, false fields, blatant", "field", attacks.BLATANT, 0.97),
    ("synthetic motion, blatant", "synthetic", attacks.BLATANT, 0.90),
    ("subtle, reachable", "reachable", attacks.SUBTLE, 0.95),
    ("subtle, hard", "hard", attacks.SUBTLE, 0.70),
    ("subtle, very hard", "very hard", attacks.SUBTLE, 0.30),
    ("stealth", "stealth", attacks.BLATANT, None),
]


def group_of(kind, strength):
    if kind == "clone":
        return "field" if strength == attacks.BLATANT else "very hard"
    found = next(one for one in attacks.KINDS if one.name == kind)
    return found.group[strength]


def incidents(times):
    count, last = 0, None
    for at in sorted(times):
        if last is None or at - last >= INCIDENT_MS:
            count += 1
        last = at
    return count


def judge_episode(ride, times):
    """(found, points until, seconds until) by the receipt times of the ride's alerts."""
    attacked = ride.attacked
    begin, end = attacked[0].recv, max(fix.recv for fix in attacked) + GRACE_MS
    hits = [at for at in times if begin <= at <= end]
    if not hits:
        return False, None, None
    first = min(hits)
    return True, sum(1 for fix in attacked if fix.recv <= first), (first - begin) / 1000


class Score:
    """Of one detector over all rides."""

    def __init__(self, rides, alerts):
        """`alerts`: receipt times by rider."""
        self.episodes = defaultdict(list)
        self.clean = defaultdict(lambda: [0, 0.0, 0, 0])
        for ride in rides:
            times = alerts.get(ride.name, [])
            if ride.kind == "origin":
                continue
            if ride.kind:
                self.episodes[ride.kind, ride.strength].append(judge_episode(ride, times))
            else:
                one = self.clean[ride.source]
                one[0] += incidents(times)
                one[1] += ride.hours
                one[2] += bool(times)
                one[3] += 1

    def recall(self, kind, strength):
        found = [one[0] for one in self.episodes[kind, strength]]
        return sum(found) / len(found) if found else None

    def mean(self, select):
        """Mean of recalls over kinds, each counting the same."""
        values = [
            self.recall(kind, strength) for kind, strength in self.episodes
            if select(kind, strength)]
        values = [value for value in values if value is not None]
        return sum(values) / len(values) if values else None

    def strength(self, strength):
        return self.mean(lambda kind, one: one == strength and kind != "stealth")

    def group(self, name, strength):
        return self.mean(
            lambda kind, one: one == strength and group_of(kind, one) == name)

    def delay(self, kind, strength):
        """Medians of points and seconds until the first alert."""
        found = [one for one in self.episodes[kind, strength] if one[0]]
        if not found:
            return None, None
        points = sorted(one[1] for one in found)
        seconds = sorted(one[2] for one in found)
        return points[len(points) // 2], seconds[len(seconds) // 2]

    def false_rate(self, *sources):
        count = sum(self.clean[source][0] for source in sources)
        hours = sum(self.clean[source][1] for source in sources)
        return count / hours if hours else None
