"""What a phone says beside its position, for recordings that kept only the position.

Speed and heading follow the track as a receiver's Doppler does: smooth, a little late, with noise
of their own. Accuracy and altitude wander. Fields a recording has are left alone.
"""

import math

from tracks import course, metres


def repeats(fixes):
    """A recorder that kept the last position while it moved: its speed cannot be told from it."""
    held = sum(
        1 for a, b, c in zip(fixes, fixes[1:], fixes[2:])
        if a.lat == b.lat and a.lon == b.lon and metres(b, c) > 5)
    return held > 0.01 * len(fixes)


def add(fixes, random):
    """Sets missing fields, in place; returns the fixes."""
    has_speed = any(fix.speed is not None for fix in fixes) or repeats(fixes)
    has_heading = any(fix.heading is not None for fix in fixes)
    has_accuracy = any(fix.acc is not None for fix in fixes)
    has_altitude = any(fix.alt is not None for fix in fixes)
    usual = random.uniform(3, 9)
    acc, alt, heading = usual, random.uniform(5, 120), random.uniform(0, 360)
    for index, fix in enumerate(fixes):
        before, after = fixes[max(0, index - 1)], fixes[min(len(fixes) - 1, index + 1)]
        seconds = max(0.5, (after.ts - before.ts) / 1000)
        speed = metres(before, after) / seconds
        # A receiver that moves knows where to; one that stands keeps what it said.
        if speed > 0.8:
            heading = (course(before, after) + random.gauss(0, 40 / (speed + 4))) % 360
        if not has_speed:
            fix.speed = 0.0 if speed < 0.3 else max(0.0, speed + random.gauss(0, 0.25))
        if not has_heading:
            fix.heading = round(heading, 1) % 360
        keep = math.exp(-seconds / 40)
        if not has_accuracy:
            acc = usual + (acc - usual) * keep + random.gauss(0, 1.2 * math.sqrt(1 - keep * keep))
            if random.random() < 0.004:
                acc += random.uniform(5, 40)
            fix.acc = round(max(2.0, acc), 1)
        if not has_altitude:
            alt += random.gauss(0, 0.4 * math.sqrt(seconds))
            fix.alt = round(alt, 1)
    return fixes
