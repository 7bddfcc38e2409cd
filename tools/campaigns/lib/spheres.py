"""Redis's measures, written down once more: what GEOSEARCH must find, of every member."""

import math

RADIUS_M = 6372797.560856
UNITS = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "mi": 1609.34}


def distance(a, b):
    """Metres between two (lon, lat) in degrees."""
    (lon1, lat1), (lon2, lat2) = a, b
    u = math.sin(math.radians(lat2 - lat1) / 2)
    v = math.sin(math.radians(lon2 - lon1) / 2)
    h = u * u + math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * v * v
    return 2 * RADIUS_M * math.asin(min(1, math.sqrt(h)))


class Shape:
    """BYRADIUS or BYBOX round a centre; lengths in `unit`."""

    def __init__(self, centre, unit, radius=None, width=None, height=None):
        self.centre, self.unit = centre, unit
        self.radius, self.width, self.height = radius, width, height

    def words(self):
        if self.radius is not None:
            return ["BYRADIUS", f"{self.radius:.6f}", self.unit]
        return ["BYBOX", f"{self.width:.6f}", f"{self.height:.6f}", self.unit]

    def depth(self, place):
        """How far a place is within the border, m; below 0 outside."""
        metres = UNITS[self.unit]
        if self.radius is not None:
            return self.radius * metres - distance(self.centre, place)
        north = distance(place, (place[0], self.centre[1]))
        east = distance(place, (self.centre[0], place[1]))
        return min(self.height * metres / 2 - north, self.width * metres / 2 - east)


class Query:
    """A GEOSEARCH, and what is true of it."""

    def __init__(self, random, place, member=None):
        unit = random.choice(list(UNITS))
        size = 10 ** random.uniform(0.5, random.choice([3.5, 5, 6, 7.3])) / UNITS[unit]
        other = size * 10 ** random.uniform(-1, 1)
        self.member = member
        self.centre = place
        self.shape = (Shape(place, unit, radius=round(size, 6)) if random.random() < 0.5 else
                      Shape(place, unit, width=round(size, 6), height=round(other, 6)))
        self.order = random.choice([None, None, "ASC", "DESC"])
        self.count = random.choice([None, None, 1, 2, 10, random.randint(1, 60)])
        self.any = self.count is not None and random.random() < 0.3
        self.fields = [word for word in ("WITHDIST", "WITHHASH", "WITHCOORD")
                       if random.random() < 0.6]
        groups = [self.shape.words(), *([word] for word in self.fields),
                  ["FROMMEMBER", member] if member else ["FROMLONLAT", *map(repr, place)]]
        if self.order:
            groups.append([self.order])
        if self.count is not None:
            groups.append(["COUNT", self.count])
        if self.any:
            groups.append(["ANY"])
        random.shuffle(groups)
        self.words = [self.cased(random, word) for group in groups for word in group]

    def cased(self, random, word):
        # Names of members keep their letters.
        return word if word == self.member or random.random() < 0.8 else str(word).lower()

    def rows(self, reply):
        """[member, metres or None, hash or None, (lon, lat) or None] of a reply."""
        rows = []
        for row in reply:
            if not self.fields:
                rows.append([row.decode(), None, None, None])
                continue
            name, *rest = row
            metres = score = place = None
            if "WITHDIST" in self.fields:
                metres = float(rest.pop(0)) * UNITS[self.shape.unit]
            if "WITHHASH" in self.fields:
                score = rest.pop(0)
            if "WITHCOORD" in self.fields:
                place = tuple(map(float, rest.pop(0)))
            rows.append([name.decode(), metres, score, place])
            if rest:
                raise ValueError(f"more than was asked for: {row}")
        return rows
