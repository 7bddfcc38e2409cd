"""What honest phones do to any track: late, repeated and held back fixes, clocks that are off.

Every rider gets them, attacked or not: 1 % come 3 to 12 s late, 0.5 % twice, now and then the
network is gone for 60 to 600 s and all of it comes at once, and the clock is off by a constant of
up to 15 s.
"""


def deliver(fixes, random, clock=True):
    """Sets times and receipt times; returns the fixes in order of delivery."""
    offset = int(random.uniform(-15_000, 15_000)) if clock else 0
    outages = plan_outages(fixes, random)
    out = []
    for fix in fixes:
        sent = fix.recv or fix.ts
        delay = 100 + int(random.expovariate(1 / 250))
        if random.random() < 0.01:
            delay += int(random.uniform(3_000, 12_000))
        recv = sent + delay
        for start, end in outages:
            if start <= recv < end:
                recv = end + int(random.uniform(0, 800))
        one = fix.copy(ts=fix.ts + offset, recv=recv)
        out.append(one)
        if random.random() < 0.005:
            out.append(one.copy(recv=recv + int(random.uniform(500, 4_000))))
    # Of one backlog phones send the oldest first.
    out.sort(key=lambda fix: (fix.recv // 1_000, fix.ts))
    last = 0
    for fix in out:
        last = fix.recv = max(last, fix.recv)
    return out


def plan_outages(fixes, random):
    """One in an hour and a half of riding."""
    spans, at, end = [], fixes[0].ts, fixes[-1].ts
    while True:
        at += int(random.expovariate(1 / 5_400_000))
        if at >= end:
            return spans
        stop = at + int(random.uniform(60_000, 600_000))
        spans.append((at, stop))
        at = stop
