"""The riders of one evaluation: clean ones, attacked ones, and those they were copied from."""

import random as randomness
from dataclasses import dataclass, field

import attacks
import channels
import nuisances
import tracks

# What is kept of a ride before an attack, while devices are learned, and after it.
BEFORE_S, AFTER_S = 20 * 60, 6 * 60
# Sources attacks are made in, and how often.
HOSTS = {"geolife": 5, "device_fixtures": 3, "osm_mapmatch_1hz": 1, "gotrack_android": 1}
CLEAN = ("geolife", "device_fixtures", "gotrack_android", "amazon_delivery", "ucc5g_phone",
         "osm_mapmatch_1hz", "cabspotting", "porto_taxi_15s", "scooter_envirocar",
         "hbku_phone_car", "rf_spoof_nmea")
ANY_CLASS = ("scooter_envirocar",)
# Sources a goal is stated for: all their rides may be taken. Of the others no more than 60, or the
# taxis of one city, who report once a minute, would outweigh everybody else.
WITH_GOALS = ("geolife", "device_fixtures", "amazon_delivery", "ucc5g_phone")
OTHERS_AT_MOST = 60


@dataclass
class Ride:
    name: str
    source: str
    # In order of delivery.
    fixes: list
    vehicle: str = "car"
    kind: str | None = None
    strength: int = 0
    hours: float = 0.0

    @property
    def attacked(self):
        return [fix for fix in self.fixes if fix.attacked]


def usual_step(fixes):
    steps = sorted(b.ts - a.ts for a, b in zip(fixes, fixes[1:]))
    return steps[len(steps) // 2]


def start_of(fixes, kind, seconds, random):
    """Where an attack may begin: after what is learned, with room behind, and on the move."""
    first_ms = fixes[0].ts + BEFORE_S * 1000
    last_ms = fixes[-1].ts - (seconds + AFTER_S) * 1000
    places = [i for i, fix in enumerate(fixes) if first_ms <= fix.ts <= last_ms]
    random.shuffle(places)
    for first in places[:60]:
        last = end_of(fixes, first, seconds)
        if last - first < 2 or last >= len(fixes):
            continue
        # No gap inside, and movement at the start and throughout.
        if any(fixes[i + 1].ts - fixes[i].ts > 30_000 for i in range(first - 3, last)):
            continue
        if kind.is_moving:
            way = sum(tracks.metres(fixes[i], fixes[i + 1]) for i in range(first, last - 1))
            span = (fixes[last - 1].ts - fixes[first].ts) / 1000
            begins = tracks.metres(fixes[first - 3], fixes[first + 1])
            if way < 1.5 * span or begins < 4:
                continue
        return first, last
    return None


def end_of(fixes, first, seconds):
    last = first
    while last < len(fixes) and fixes[last].ts <= fixes[first].ts + seconds * 1000:
        last += 1
    return last


def attacked_ride(piece, kind, strength, random, number):
    seconds = random.uniform(*kind.seconds[strength])
    if piece.fixes[-1].ts - piece.fixes[0].ts < (BEFORE_S + AFTER_S + seconds + 60) * 1000:
        return None
    fixes = [fix.copy() for fix in piece.fixes]
    # Most phones send all fields; attacks on a field need it.
    if kind.needs or random.random() < 0.7:
        channels.add(fixes, random)
    if "speed" in kind.needs and fixes[0].speed is None:
        return None
    place = start_of(fixes, kind, seconds, random)
    if place is None:
        return None
    first, last = place
    begin = fixes[first].ts - BEFORE_S * 1000
    fixes = kind.run(fixes, first, last, strength, random)
    if fixes is None:
        return None
    end = max(fix.ts for fix in fixes if fix.attacked) + AFTER_S * 1000
    fixes = [fix for fix in fixes if fix.ts >= begin or fix.attacked]
    fixes = [fix for fix in fixes if fix.attacked or fix.ts <= max(end, fixes[0].ts)]
    name = f"x-{kind.name}-{attacks.NAMES[strength]}-{number}"
    return Ride(
        name, piece.source, nuisances.deliver(fixes, random), kind=kind.name, strength=strength,
        hours=0)


def hosts(directory, half, random):
    """Pieces attacks are made in, by weight of their source, in a drawn order without end."""
    by_source = {}
    for source in HOSTS:
        pieces = [
            piece for piece in tracks.read(directory, source, shortest_s=33 * 60, per_rider=6)
            if tracks.half(piece.rider) == half and usual_step(piece.fixes) <= 6_000]
        random.shuffle(pieces)
        if pieces:
            by_source[source] = pieces
    wheel = [source for source in by_source for _ in range(HOSTS[source])]
    turns = {source: 0 for source in by_source}
    while True:
        source = random.choice(wheel)
        pieces = by_source[source]
        yield pieces[turns[source] % len(pieces)]
        turns[source] += 1


def fresh(piece, random, ms=0):
    """A piece as of a ride of its own, at some time of the day in some place."""
    return tracks.elsewhere(
        tracks.rebase(piece, tracks.DAY_MS + random.randrange(8 * 3_600) * 1_000 + ms), random)


def attacked_rides(directory, half, count, seed):
    """`count` episodes of every kind and strength, and copies of whole rides."""
    random = randomness.Random(f"attacks {seed} {half}")
    supply = hosts(directory, half, random)
    rides = []
    for kind in attacks.KINDS:
        for strength in kind.strengths:
            found = tries = 0
            while found < count and tries < 60 * count:
                tries += 1
                piece = fresh(next(supply), random)
                ride = attacked_ride(piece, kind, strength, random, found)
                if ride:
                    rides.append(ride)
                    found += 1
    return rides + clones(supply, count, random)


def clones(supply, count, random):
    """A second account that sends the ride of a first one, seconds later."""
    rides = []
    for strength in (attacks.BLATANT, attacks.SUBTLE):
        for number in range(count):
            piece = fresh(next(supply), random)
            span = piece.fixes[0].ts + 26 * 60_000
            fixes = [fix.copy() for fix in piece.fixes if fix.ts <= span]
            if random.random() < 0.7:
                channels.add(fixes, random)
            noise = 0 if strength == attacks.BLATANT else 2
            behind = int(random.uniform(2_000, 40_000))
            copied = [
                tracks.moved(
                    fix, random.gauss(0, noise), random.gauss(0, noise), ts=fix.ts + behind,
                    attacked=True)
                for fix in fixes]
            label = f"x-clone-{attacks.NAMES[strength]}-{number}"
            rides.append(Ride(
                label, piece.source, nuisances.deliver(copied, random), kind="clone",
                strength=strength))
            rides.append(Ride(
                f"o-{label[2:]}", "origin", nuisances.deliver(fixes, random), kind="origin"))
    return rides


def clean_rides(directory, half, per_source, seed):
    """Real rides with nothing but nuisances; every second one of the sources that attacks are made
    in has all fields."""
    rides = []
    for source in CLEAN:
        random = randomness.Random(f"clean {seed} {half} {source}")
        shortest = 120 if source in ("amazon_delivery",) else 300
        pieces = [
            piece for piece in tracks.read(directory, source, shortest_s=shortest)
            if tracks.half(piece.rider) == half]
        random.shuffle(pieces)
        most = per_source if source in WITH_GOALS else min(per_source, OTHERS_AT_MOST)
        for number, piece in enumerate(pieces[:most]):
            piece = fresh(piece, random, random.randrange(1000))
            fixes = [fix.copy() for fix in piece.fixes]
            label = source
            if source in HOSTS and number % 2 == 0:
                channels.add(fixes, random)
                label = f"{source} with fields"
            vehicle = "any" if source in ANY_CLASS else "car"
            rides.append(Ride(
                f"c-{source}-{number}-{piece.rider}", label, nuisances.deliver(fixes, random),
                vehicle=vehicle, hours=piece.hours))
    return rides
