"""Attacks on a real track, each in two strengths drawn from ranges.

An attack takes the fixes of a ride, the index where it begins and the one where it ends, and returns
the fixes as the phone would send them, those it made marked; None where it cannot be made. What comes after stays continuous
where the attacker would stay where he pretends to be.
"""

import math
from dataclasses import dataclass

from tracks import METRES_PER_DEGREE, course, metres, moved

BLATANT, SUBTLE = 0, 1
NAMES = ("blatant", "subtle")


@dataclass(frozen=True)
class Kind:
    name: str
    run: object
    # Seconds it lasts, by strength.
    seconds: tuple
    group: tuple
    needs: tuple = ()
    is_moving: bool = True
    strengths: tuple = (BLATANT, SUBTLE)


KINDS = []


def kind(seconds, group, needs=(), is_moving=True, strengths=(BLATANT, SUBTLE)):
    def add(run):
        KINDS.append(Kind(run.__name__, run, seconds, group, needs, is_moving, strengths))
        return run
    return add


def replaced(fixes, first, last, make):
    """`make(fix, index from the beginning)` for the fixes of the attack."""
    return [
        make(fix, index - first) if first <= index < last else fix
        for index, fix in enumerate(fixes)]


def onward(fixes, start, east, north):
    """What follows, moved to where the attack ended."""
    return [moved(fix, east, north) for fix in fixes[start:]]


def direction(random):
    angle = random.uniform(0, 2 * math.pi)
    return math.sin(angle), math.cos(angle)


def between(random, strength, blatant, subtle):
    return random.uniform(*(blatant if strength == BLATANT else subtle))


# ---------------------------------------------------------------- decided at the point

@kind(((60, 60), (60, 60)), ("point", "point"))
def teleport(fixes, first, last, strength, random):
    far = between(random, strength, (4_000, 20_000), (450, 1_200))
    x, y = direction(random)
    out = fixes[:first] + onward(fixes, first, far * x, far * y)
    for index in range(first, last):
        out[index].attacked = True
    return out


@kind(((6, 12), (6, 12)), ("point", "point"))
def there_and_back(fixes, first, last, strength, random):
    far = between(random, strength, (3_000, 10_000), (350, 700))
    x, y = direction(random)
    return replaced(
        fixes, first, last, lambda fix, _: moved(fix, far * x, far * y, attacked=True))


@kind(((10, 30), (10, 30)), ("point", None), is_moving=False, strengths=(BLATANT,))
def invalid(fixes, first, last, strength, random):
    return replaced(
        fixes, first, last, lambda fix, _: fix.copy(
            lat=random.uniform(-0.009, 0.009), lon=random.uniform(-0.009, 0.009), attacked=True))


@kind(((30, 90), (30, 90)), ("point", "reachable"), is_moving=False)
def future(fixes, first, last, strength, random):
    ahead = 3_600_000 if strength == BLATANT else 75_000
    return replaced(
        fixes, first, last,
        lambda fix, _: fix.copy(ts=fix.ts + ahead, recv=fix.ts, attacked=True))


@kind(((60, 60), (150, 150)), ("point", "very hard"))
def gap_jump(fixes, first, last, strength, random):
    far = (random.uniform(9_000, 15_000) if strength == BLATANT
           else random.uniform(33, 38) * 150)
    heading = math.radians(course(fixes[first - 1], fixes[first]))
    out = fixes[:first] + onward(fixes, last, far * math.sin(heading), far * math.cos(heading))
    for fix in out[first:first + 10]:
        fix.attacked = True
    return out


# ---------------------------------------------------------------- short windows

@kind(((60, 120), (60, 120)), ("short", "reachable"))
def flicker(fixes, first, last, strength, random):
    far = between(random, strength, (3_000, 10_000), (250, 450))
    x, y = direction(random)
    run = random.choice((1, 2))
    return replaced(
        fixes, first, last, lambda fix, index: moved(
            fix, far * x * (index // run % 2), far * y * (index // run % 2), attacked=True))


@kind(((40, 80), (60, 150)), ("short", "very hard"), needs=("speed",))
def overspeed(fixes, first, last, strength, random):
    more = 45 if strength == BLATANT else 22
    out, east, north = fixes[:first], 0.0, 0.0
    for index in range(first, last):
        seconds = (fixes[index].ts - fixes[index - 1].ts) / 1000
        heading = math.radians(course(fixes[index - 1], fixes[index]))
        east += more * seconds * math.sin(heading)
        north += more * seconds * math.cos(heading)
        fix = moved(fixes[index], east, north, attacked=True)
        fix.speed = (fix.speed or 0) + more
        out.append(fix)
    return out + onward(fixes, last, east, north)


@kind(((90, 180), (45, 75)), ("short", "reachable"), needs=("speed",))
def frozen(fixes, first, last, strength, random):
    held = fixes[first - 1]
    return replaced(
        fixes, first, last, lambda fix, _: fix.copy(lat=held.lat, lon=held.lon, attacked=True))


@kind(((180, 360), (180, 360)), ("short", "reachable"))
def quantised(fixes, first, last, strength, random):
    places = 3 if strength == BLATANT else 4
    return replaced(
        fixes, first, last, lambda fix, _: fix.copy(
            lat=round(fix.lat, places), lon=round(fix.lon, places), attacked=True))


@kind(((60, 120), (60, 120)), ("short", "reachable"), is_moving=False)
def clock_back(fixes, first, last, strength, random):
    back = 1_800_000 if strength == BLATANT else 90_000
    return replaced(
        fixes, first, last, lambda fix, _: fix.copy(
            ts=fix.ts - back, recv=fix.ts, attacked=True))


@kind(((20, 60), (20, 60)), ("short", "reachable"))
def frozen_clock(fixes, first, last, strength, random):
    ts = fixes[first].ts
    return replaced(
        fixes, first, last, lambda fix, _: fix.copy(ts=ts, recv=fix.ts, attacked=True))


@kind(((120, 240), (120, 240)), ("short", "reachable"))
def dilated_clock(fixes, first, last, strength, random):
    rate = 0.2 if strength == BLATANT else 0.45
    start = fixes[first - 1].ts
    lost = int((fixes[last - 1].ts - start) * (1 - rate))
    out = replaced(
        fixes, first, last, lambda fix, _: fix.copy(
            ts=start + int((fix.ts - start) * rate), recv=fix.ts, attacked=True))
    return out[:last] + [fix.copy(ts=fix.ts - lost, recv=fix.ts) for fix in out[last:]]


@kind(((240, 420), (240, 420)), ("short", "reachable"), needs=("acc", "alt"))
def constant_metadata(fixes, first, last, strength, random):
    acc, alt = (1.0, 0.0) if strength == BLATANT else (5.0, fixes[first].alt)
    return replaced(
        fixes, first, last, lambda fix, _: fix.copy(acc=acc, alt=alt, attacked=True))


@kind(((120, 300), (120, 300)), ("short", "hard"))
def replay(fixes, first, last, strength, random):
    """An earlier part of the own ride again, after a detour home that is not seen."""
    noise = 0 if strength == BLATANT else 2
    start = fixes[first].ts
    behind = random.uniform(660, 900) * 1000
    source = next(i for i, fix in enumerate(fixes) if fix.ts >= start - behind)
    again = fixes[source:source + (last - first)]
    way = sum(metres(a, b) for a, b in zip(again, again[1:]))
    if way < 1.5 * (again[-1].ts - again[0].ts) / 1000:
        return None  # A stand repeated is no ride, as in `start_of`.
    out = fixes[:first]
    # A gap in which the way back can be ridden, so that no jump gives it away.
    far = metres(fixes[first - 1], fixes[source])
    wait = int(far / 10 * 1000)
    shift = start - fixes[source].ts + wait
    for fix in again:
        out.append(moved(
            fix, random.gauss(0, noise), random.gauss(0, noise), ts=fix.ts + shift,
            attacked=True))
    return out


@kind(((60, 120), (240, 420)), ("short", "hard"), needs=("speed", "heading"))
def drift(fixes, first, last, strength, random):
    rate = 8 if strength == BLATANT else 1.5
    x, y = direction(random)
    out, far = fixes[:first], 0.0
    for index in range(first, last):
        far = rate * (fixes[index].ts - fixes[first - 1].ts) / 1000
        out.append(moved(fixes[index], far * x, far * y, attacked=True))
    return out + onward(fixes, last, far * x, far * y)


@kind(((90, 180), (120, 240)), ("short", "reachable"))
def zigzag(fixes, first, last, strength, random):
    wide = 90 if strength == BLATANT else 22
    across = math.radians(course(fixes[first - 1], fixes[last - 1]) + 90)
    return replaced(
        fixes, first, last, lambda fix, index: moved(
            fix, wide * math.sin(across) * (1 if index % 2 else -1),
            wide * math.cos(across) * (1 if index % 2 else -1), attacked=True))


@kind(((60, 180), (60, 180)), ("short", "reachable"), needs=("alt",))
def altitude_jump(fixes, first, last, strength, random):
    up = random.uniform(450, 900) if strength == BLATANT else random.uniform(410, 600)
    return replaced(
        fixes, first, last, lambda fix, _: fix.copy(alt=(fix.alt or 0) + up, attacked=True))


# ---------------------------------------------------------------- false fields, farming

@kind(((240, 420), (240, 420)), ("field", "hard"), needs=("speed",))
def speed_field(fixes, first, last, strength, random):
    return replaced(
        fixes, first, last, lambda fix, _: fix.copy(
            speed=fix.speed * 3 + 12 if strength == BLATANT else fix.speed * 0.35,
            attacked=True))


@kind(((240, 420), (240, 420)), ("field", "reachable"), needs=("speed", "heading"))
def heading_field(fixes, first, last, strength, random):
    return replaced(
        fixes, first, last, lambda fix, _: fix.copy(
            heading=(fix.heading + 180) % 360 if strength == BLATANT else 0.0, attacked=True))


@kind(((180, 360), (180, 360)), ("field", "reachable"), needs=("speed",))
def parked(fixes, first, last, strength, random):
    """Stands in one exact place, after a jump of a street or two or where he was."""
    far = random.uniform(160, 320) if strength == BLATANT else 0
    x, y = direction(random)
    at = moved(fixes[first - 1], far * x, far * y)
    return replaced(
        fixes, first, last, lambda fix, _: fix.copy(
            lat=at.lat, lon=at.lon, speed=0.0, attacked=True))


# ---------------------------------------------------------------- synthetic motion

def synthetic(fixes, first, last, random, noise, step):
    """`step(seconds)` gives speed and heading; what follows goes on from where it ended."""
    out, at = fixes[:first], fixes[first - 1]
    east = north = 0.0
    for index in range(first, last):
        seconds = (fixes[index].ts - fixes[index - 1].ts) / 1000
        speed, heading = step(seconds)
        angle = math.radians(heading)
        east += speed * seconds * math.sin(angle)
        north += speed * seconds * math.cos(angle)
        out.append(moved(
            fixes[index].copy(lat=at.lat, lon=at.lon), east + random.gauss(0, noise),
            north + random.gauss(0, noise), attacked=True,
            speed=None if fixes[index].speed is None else speed,
            heading=None if fixes[index].heading is None else heading % 360))
    end, true = out[-1], fixes[last - 1]
    scale = METRES_PER_DEGREE
    return out + onward(
        fixes, last, (end.lon - true.lon) * scale * math.cos(math.radians(true.lat)),
        (end.lat - true.lat) * scale)


@kind(((180, 300), (180, 300)), ("synthetic", "very hard"))
def line(fixes, first, last, strength, random):
    speed, heading = random.uniform(6, 14), random.uniform(0, 360)
    noise = 0 if strength == BLATANT else 0.8
    return synthetic(fixes, first, last, random, noise, lambda _: (speed, heading))


@kind(((240, 420), (240, 420)), ("synthetic", "very hard"))
def route(fixes, first, last, strength, random):
    """A route of streets at one speed, as simulators ride it."""
    state = {"left": random.uniform(80, 300), "heading": random.uniform(0, 360)}
    speed = random.uniform(6, 13)

    def step(seconds):
        state["left"] -= speed * seconds
        if state["left"] < 0:
            state["left"] = random.uniform(80, 300)
            state["heading"] += random.choice((-90, 90, 60, -60))
        return speed, state["heading"]
    return synthetic(fixes, first, last, random, 0 if strength == BLATANT else 0.8, step)


@kind(((240, 420), (240, 420)), ("synthetic", "very hard"))
def joystick(fixes, first, last, strength, random):
    state = {"heading": random.uniform(0, 360), "turn": 0.0, "left": 0.0}
    speed = random.uniform(5, 12)

    def step(seconds):
        state["left"] -= seconds
        if state["left"] < 0:
            state["left"] = random.uniform(5, 25)
            state["turn"] = random.choice((0, 0, random.uniform(-8, 8)))
        state["heading"] += state["turn"] * seconds
        return speed, state["heading"]
    return synthetic(fixes, first, last, random, 0 if strength == BLATANT else 0.8, step)


@kind(((240, 420), (240, 420)), ("stealth", None), strengths=(BLATANT,))
def stealth(fixes, first, last, strength, random):
    """A simulated route with the noise of a receiver, a rider's changes of speed, consistent
    fields: only the map or an order could tell."""
    state = {"left": random.uniform(80, 300), "heading": random.uniform(0, 360), "v": 6.0}
    noise = {"x": 0.0, "y": 0.0}
    top = random.uniform(6, 12)

    def step(seconds):
        state["left"] -= state["v"] * seconds
        if state["left"] < 0:
            state["left"] = random.uniform(80, 300)
            state["heading"] += random.choice((-90, 90, 60, -60)) + random.gauss(0, 5)
        want = 2.5 if state["left"] < 25 else top
        state["v"] += max(-2 * seconds, min(1.2 * seconds, want - state["v"]))
        state["v"] = max(0.5, state["v"] + random.gauss(0, 0.25))
        return state["v"], state["heading"] + random.gauss(0, 1.5)
    out = synthetic(fixes, first, last, random, 0, step)
    for index in range(first, last):
        seconds = (fixes[index].ts - fixes[index - 1].ts) / 1000
        keep = math.exp(-seconds / 30)
        for axis in noise:
            noise[axis] = noise[axis] * keep + random.gauss(0, 3 * math.sqrt(1 - keep * keep))
        out[index] = moved(out[index], noise["x"], noise["y"])
    return out
