#!/usr/bin/env python3
"""The view `live` beside a real redis-server: the same riders and questions, all options, in RESP2
and then, fewer of them, in RESP3.

Riders are in towns, at the equator, at 84° north, beside the antimeridian and anywhere. Those of one
half stand in the middle of the cells to which Redis rounds positions, so that both must measure the
same to a few centimetres; the others anywhere, up to 0.7 m off. Each answer is also compared with
Redis's own formulas over all riders, some of them at 180° east, where Redis itself finds nobody.

examples:
  tools/campaigns/geo_views.py                     # 3,000 searches
  tools/campaigns/geo_views.py --full              # 30,000
  tools/campaigns/geo_views.py --count 500 --seed 7 --verbose
"""

import json
import sys

from lib import campaign, process, redis, resp, server, spheres, tracks

# Longitude, latitude and how far around, degrees.
REGIONS = [(127.0, 37.5, 0.2), (9, 0, 0.3), (20, 84.5, 0.4), (180, -17, 0.3), (-70, -50, 8)]
RIDERS = 240
MALFORMED = """
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200 km ANY
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200 km COUNT 0
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200 km COUNT -1
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200 km COUNT x
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200 km COUNT +5
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200 km COUNT 05
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200 km COUNT 1.0
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200 km COUNT 9223372036854775808
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200 km COUNT
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 200 yards
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX x 200 km
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 x km
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX -1 x km
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX -1 200 yards
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 200 -3 km
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS -1 yards
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS x yards
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS nan km
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 1e999 km
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 10
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 10 yards
GEOSEARCH live FROMLONLAT 127 37.5
GEOSEARCH live BYRADIUS 10 km
GEOSEARCH live FROMLONLAT 127 37.5 WITHDIST WITHCOORD WITHHASH
gEosearch live BYRADIUS 10 km ASC WITHDIST WITHHASH
GEOSEARCH live WITHDIST WITHCOORD WITHHASH ASC ANY DESC
GEOSEARCH live FROMLONLAT 127 37.5 FROMMEMBER c0 BYRADIUS 10 km
GEOSEARCH live FROMMEMBER c0 FROMLONLAT 127 37.5 BYRADIUS 10 km
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 10 km BYBOX 1 1 km
GEOSEARCH live FROMLONLAT 127 37.5 BYBOX 1 1 km BYRADIUS 10 km
GEOSEARCH live BYRADIUS 1 km ASC FROMMEMBER
GEOSEARCH live BYRADIUS 1 km ASC FROMLONLAT 1
GEOSEARCH live FROMMEMBER nobody BYRADIUS 10 km
GEOSEARCH missing FROMMEMBER nobody BYRADIUS 10 yards
GEOSEARCH missing FROMLONLAT 127 37.5 BYRADIUS 10 km NONSENSE
GEOSEARCH live FROMLONLAT 181 37 BYRADIUS 10 km
GEOSEARCH live FROMLONLAT -180.5 -37.1234567 BYRADIUS 10 km
GEOSEARCH live FROMLONLAT inf 37 BYRADIUS 10 km
GEOSEARCH live FROMLONLAT x 37 BYRADIUS 10 km
GEOSEARCH live FROMLONLAT 127 x BYRADIUS 10 km
GEOSEARCH live FROMLONLAT 127 nan BYRADIUS 10 km
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 10 km STORE x
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 10 km NONSENSE
GEOSEARCH live a b c d e
GEOSEARCH
GEORADIUS live x 37.5 1 yards
GEORADIUS live 127 37.5 x yards
GEORADIUS live 127 37.5 1 yards
GEORADIUS live 127 37.5 1
GEORADIUS live 127 37.5 1 km FROMMEMBER c0
GEORADIUS live 127 37.5 1 km BYBOX 1 1 km
GEORADIUS live 127 37.5 1 km STORE
GEORADIUS live 127 37.5 1 km ANY
GEORADIUS_RO live 127 37.5 1 km STORE x
GEORADIUSBYMEMBER live c0 x yards
GEORADIUSBYMEMBER live nobody 1 km
GEORADIUSBYMEMBER_RO live c0 1 km STOREDIST x
GEOPOS
GEODIST live c0
GEODIST live c0 c2 yards
GEODIST live c0 c2 km km
GEODIST missing c0 c2 yards
GEOHASH
ZSCORE live
ZSCORE live c0 c2
ZCARD
EXISTS
TYPE
GEOADD live
""".strip().splitlines()
# Answered alike, bytes and all.
ALIKE = """
GEOPOS live
GEOPOS live nobody
GEOPOS missing c0 c2
GEODIST live c0 nobody
GEODIST live nobody nobody KM
GEODIST missing c0 c2
GEODIST live c0 c0
GEODIST live c0 c0 Mi
GEOHASH live
GEOHASH live nobody c0
GEOHASH missing c0
GEOSEARCH missing FROMMEMBER c0 BYRADIUS 10 km
GEOSEARCH missing FROMLONLAT 127 37.5 BYRADIUS 10 km ASC WITHDIST
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 0 km
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS -0 km
GEOSEARCH live FROMMEMBER c0 BYRADIUS 0 km WITHDIST
GEOSEARCH live FROMMEMBER c0 FROMMEMBER c2 BYRADIUS 9 km BYRADIUS 0 m
GEOSEARCH live FROMMEMBER c0 BYRADIUS 0x10 m ASC COUNT 3
GEOSEARCH live FROMMEMBER c0 BYRADIUS .5 m ASC COUNT 3
GEOSEARCH live FROMMEMBER c0 BYRADIUS 5. m ASC COUNT 2 COUNT 1
GEOSEARCH live FROMMEMBER c0 BYRADIUS infinity m DESC ASC COUNT 2 COUNT 1
GEORADIUSBYMEMBER live c0 0 m WITHDIST WITHHASH
GEORADIUSBYMEMBER_RO live c0 0 m
GEORADIUS_RO missing 127 37.5 10 km
ZSCORE live c0
ZSCORE live nobody
ZSCORE missing c0
ZCARD missing
EXISTS live missing live
TYPE live
TYPE missing
""".strip().splitlines()
REDIS_PY = r'''
import json, sys
import redis
r = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
out = [
    r.geosearch("live", member="c0", radius=30, unit="km", sort="ASC", withdist=True,
                withcoord=True, withhash=True),
    r.geosearch("live", longitude=127, latitude=37.5, width=9, height=4, unit="mi", count=7,
                withdist=True),
    r.geosearch("live", longitude=127, latitude=37.5, radius=9, unit="km", count=3, any=True,
                sort="DESC"),
    r.geopos("live", "c0", "nobody"), r.geodist("live", "c0", "c2", unit="km"),
    r.geohash("live", "c0", "c2"), r.zscore("live", "c0"),
    r.exists("live"), r.type("live"),
    r.georadius("live", 127, 37.5, 2, unit="km", sort="ASC"),
    r.georadiusbymember("live", "c0", 2, unit="km", sort="ASC"),
]
print(json.dumps(out))
'''


def main():
    p = campaign.parser(__doc__, faulty=False)
    p.add_argument("--count", type=int, metavar="N",
                   help="searches (default: 3,000, with --full 30,000)")
    options = p.parse_args()
    count = options.count or (30_000 if options.full else 3_000)
    with campaign.Campaign("geo-views", options) as c:
        child, port = redis.launch(c.place("redis"), c.place("logs") / "redis.log")
        subject = server.started(c.server_command(), c.work / "data", c.work / "logs")
        with subject.connect() as ours, resp.Connection("127.0.0.1", port) as theirs:
            views = Views(c, ours, theirs)
            views.fill()
            views.members()
            for n in range(count):
                views.search(n)
            views.judge()
            views.errors()
            views.commands()
            for one in (ours, theirs):
                one.command("HELLO", "3")
            views.members()
            for n in range(count, count + 200):
                views.search(n)
            views.judge()
            views.errors()
            views.commands()
        redis_py(c, subject.port, port)
        c.check("stops cleanly", subject.stop() == 0, subject.last_error)
        child.kill()


def shape(reply):
    """The types in a reply: doubles of RESP3 are no text."""
    return [shape(one) for one in reply] if isinstance(reply, list) else type(reply)


class Views:
    def __init__(self, c, ours, theirs):
        self.c, self.ours, self.theirs = c, ours, theirs
        # (lon, lat) as Tacho was told, and as Redis rounds it.
        self.told, self.rounded = {}, {}
        # Riders whom Redis is not told of: at 180° east, where its own scores lead it astray.
        self.apart = set()
        self.searches = self.rows = self.compared = self.wrong = 0
        self.worst = {"c": 0.0, "x": 0.0}

    def fill(self):
        for n, (lon, lat, reach) in enumerate(REGIONS):
            for m in range(RIDERS):
                name = f"{'cx'[m % 2]}{n * RIDERS + m}"
                place = self.place_near(lon, lat, reach)
                if lon == 180 and m % 12 < 2:
                    place = (180.0 if m % 24 < 12 else -180.0, place[1])
                if m % 7 == 6:
                    # Somebody stands at the same place.
                    place = self.told[f"x{n * RIDERS + m - 1}"] if m % 2 == 0 else place
                self.add(name, place)
        there = self.ours.command("ZCARD", "live")
        self.c.check("all riders are in the view", there == len(self.told), f"{there}")

    def place_near(self, lon, lat, reach):
        random = self.c.random
        lon += random.uniform(-1, 1) * reach * random.choice([0.02, 0.2, 1])
        lat += random.uniform(-1, 1) * reach * random.choice([0.02, 0.2, 1])
        lon = lon - 360 if lon > 180 else lon + 360 if lon < -180 else lon
        return round(lon, 7), round(lat, 7)

    def add(self, name, place):
        if place[0] == 180:
            self.apart.add(name)
        else:
            self.theirs.command("GEOADD", "live", *map(repr, place), name)
            self.rounded[name] = tuple(map(float, self.theirs.command("GEOPOS", "live", name)[0]))
            if name.startswith("c"):
                place = tuple(round(degrees, 7) for degrees in self.rounded[name])
        self.told[name] = place
        lon, lat = (f"{degrees:.7f}" for degrees in place)
        mask = self.ours.command("T.ADD", name, tracks.START_MS, lat, lon)
        if mask != 0:
            self.c.note(f"T.ADD {name} {tracks.START_MS} {lat} {lon}: {mask}")

    def members(self):
        names = list(self.told)
        for name, ours in zip(names, self.ours.command("GEOPOS", "live", *names[:1000])):
            if (tuple(map(float, ours)) != self.told[name]
                    or shape(ours) != shape(self.theirs.command("GEOPOS", "live", "c0")[0])):
                return self.c.check("GEOPOS is the position told", False, f"{name}: {ours}")
        self.c.check("GEOPOS is the position told", True)
        names = list(self.rounded)
        for command, tail in (("GEOHASH", names[:1000]), ("GEOHASH", names[1000:])):
            same = self.ours.command(command, "live", *tail) == self.theirs.command(
                command, "live", *tail)
            self.c.check(f"{command} of {len(tail)} riders is Redis's", same)
        scores = [(self.ours.command("ZSCORE", "live", name),
                   self.theirs.command("ZSCORE", "live", name)) for name in names]
        self.c.check("ZSCORE is Redis's", all(a == b for a, b in scores))
        worst = 0.0
        for _ in range(1000):
            pair = self.c.random.sample(names, 2)
            unit = self.c.random.choice(list(spheres.UNITS))
            a, b = (float(one.command("GEODIST", "live", *pair, unit)) * spheres.UNITS[unit]
                    for one in (self.ours, self.theirs))
            # Four decimals of a mile are 16 cm.
            worst = max(worst, abs(a - b) - 1e-4 * spheres.UNITS[unit])
        self.c.check(f"GEODIST is off by {worst:.3f} m at most", worst < 0.8)

    def search(self, n):
        random = self.c.random
        member = random.choice(list(self.rounded)) if random.random() < 0.5 else None
        place = self.told[member] if member else self.place_near(*random.choice(REGIONS))
        if place[1] > 85.05:
            return
        query = spheres.Query(random, place, member)
        words = ["GEOSEARCH", "live", *query.words]
        ours, theirs = self.ours.ask(*words), self.theirs.ask(*words)
        self.searches += 1
        faults = [f"replies {ours} and {theirs}"]
        if isinstance(ours, list) and isinstance(theirs, list):
            if ours and theirs and shape(ours[0]) != shape(theirs[0]):
                self.c.check("replies have Redis's types", False, f"{ours[0]}, not {theirs[0]}")
            ours, theirs = query.rows(ours), query.rows(theirs)
            self.rows += len(ours)
            faults = self.faults(query, ours) + self.differences(query, ours, theirs)
        if faults:
            self.wrong += 1
            if self.wrong <= 10:
                self.c.note(f"search {n}, {' '.join(map(str, words))}: {'; '.join(faults[:5])}")

    def faults(self, query, rows):
        """Where our answer is not what Redis's formulas say of the positions we were told."""
        depths = {name: query.shape.depth(place) for name, place in self.told.items()}
        names = [row[0] for row in rows]
        faults = [f"{name} twice" for name in set(names) if names.count(name) > 1]
        faults += [f"{name} is {-depths[name]:.6f} m outside" for name in names
                   if depths[name] < -1e-3]
        surely = [name for name in depths if depths[name] > 1e-3]
        possible = sum(depth > -1e-3 for depth in depths.values())
        limit = query.count or possible
        if not min(limit, len(surely)) <= len(names) <= min(limit, possible):
            faults.append(f"{len(names)} riders of {len(surely)}")
        distances = [spheres.distance(query.centre, self.told[name]) for name in names]
        order = query.order or (query.count and not query.any and "ASC")
        if order:
            sign = 1 if order == "ASC" else -1
            if any(sign * a > sign * b + 1e-3 for a, b in zip(distances, distances[1:])):
                faults.append(f"not {order}")
            if not query.any:
                best = sorted((spheres.distance(query.centre, self.told[name])
                               for name in surely), reverse=sign < 0)
                if any(abs(a - b) > 2e-3 for a, b in zip(distances, best[:limit])) and (
                        possible == len(surely)):
                    faults.append("others are nearer" if sign > 0 else "others are further")
        if not query.count and not set(surely) <= set(names):
            faults.append(f"misses {len(set(surely) - set(names))}")
        unit = spheres.UNITS[query.shape.unit]
        for (name, metres, _, place), distance in zip(rows, distances):
            if metres is not None and abs(metres - distance) > 0.6e-4 * unit + 1e-6 * distance:
                faults.append(f"{name} is at {distance:.4f} m, not {metres:.4f}")
            if place is not None and place != self.told[name]:
                faults.append(f"{name} is not at {place}")
        return faults

    def differences(self, query, ours, theirs):
        """Where Redis says something else that its rounding does not explain."""
        found, wanted = ({row[0]: row for row in rows} for rows in (ours, theirs))
        faults = []
        # Members whose depth Redis's rounding may turn around make lists differ.
        doubtful = {name for name, place in self.told.items()
                    if abs(query.shape.depth(place)) <= 1}
        if query.count is None:
            faults += [f"{name} is only in {'ours' if name in found else 'theirs'}"
                       for name in found.keys() ^ wanted.keys()
                       if name not in doubtful and name not in self.apart]
            self.compared += 1
        elif not doubtful and not any(query.shape.depth(self.told[name]) > 0
                                      for name in self.apart):
            if len(ours) != len(theirs):
                faults.append(f"{len(ours)} and {len(theirs)} riders")
            if "WITHDIST" in query.fields and not query.any:
                slack = 1 + 1e-4 * spheres.UNITS[query.shape.unit]
                faults += [f"{a[0]} at {a[1]:.4f}, {b[0]} at {b[1]:.4f}"
                           for a, b in zip(ours, theirs) if abs(a[1] - b[1]) > slack]
            self.compared += 1
        for name in found.keys() & wanted.keys():
            faults += self.unlike(query, name, found[name], wanted[name])
        return faults

    def unlike(self, query, name, ours, theirs):
        (_, a, hash_a, place_a), (_, b, hash_b, place_b) = ours, theirs
        if hash_a != hash_b:
            yield f"{name}: hash {hash_a}, not {hash_b}"
        if a is not None:
            kind = "c" if name[0] == "c" and (query.member or "c")[0] == "c" else "x"
            off = abs(a - b) - 1e-4 * spheres.UNITS[query.shape.unit]
            self.worst[kind] = max(self.worst[kind], off)
            if off > (0.03 if kind == "c" else 0.8):
                yield f"{name}: {a:.4f} m, not {b:.4f}"
        if place_a is not None and (
                abs(place_a[0] - place_b[0]) > 2.8e-6 or abs(place_a[1] - place_b[1]) > 1.4e-6):
            yield f"{name}: at {place_a}, not {place_b}"

    def judge(self):
        self.c.note(f"{self.searches} searches, {self.rows} riders; distances are off by "
                    f"{max(0, self.worst['c']):.3f} m at most in the middle of cells, "
                    f"{max(0, self.worst['x']):.3f} m elsewhere")
        self.c.check(f"{self.searches} searches", not self.wrong, f"{self.wrong} differ")
        self.c.check(f"{self.compared} of them beside Redis's members and ranks",
                     self.compared > self.searches * 0.7)
        self.c.check("they found somebody", self.rows > self.searches)

    def errors(self):
        for line in MALFORMED + ALIKE:
            ours, theirs = self.ours.ask(*line.split()), self.theirs.ask(*line.split())
            is_error = isinstance(theirs, resp.ReplyError)
            same = (str(ours) == str(theirs) and isinstance(ours, resp.ReplyError)
                    if is_error else ours == theirs)
            self.c.check(line, same and is_error == (line in MALFORMED),
                         f"{ours!r}, not {theirs!r}")
        for line, text in {
            "GEOSEARCH live FROMLONLAT 37.5 127.02 BYRADIUS 1 km":
                "ERR lat 127.02 out of range, did you swap lat and lon?",
            "GEOADD live 127 37.5 r":
                "ERR this view is read-only, report positions with T.ADD rider ts lat lon",
            "GEOSEARCHSTORE x live FROMLONLAT 127 37.5 BYRADIUS 1 km":
                "ERR this view is read-only, report positions with T.ADD rider ts lat lon",
            "GEORADIUS live 127 37.5 1 km STORE x":
                "ERR this view is read-only, report positions with T.ADD rider ts lat lon",
        }.items():
            answer = self.ours.ask(*line.split())
            self.c.check(line, str(answer) == text, f"{answer!r}")

    def commands(self):
        names = ["GEOPOS", "GEODIST", "GEOHASH", "GEOSEARCH", "GEOADD", "GEOSEARCHSTORE",
                 "GEORADIUS_RO", "GEORADIUSBYMEMBER_RO", "ZSCORE", "ZCARD", "EXISTS", "TYPE"]
        ours, theirs = (one.command("COMMAND", "INFO", *names) for one in (self.ours, self.theirs))
        for name, a, b in zip(names, ours, theirs):
            same = [a[0], a[1], *a[3:6]] == [b[0], b[1], *b[3:6]] and a[2][0] == b[2][0]
            self.c.check(f"COMMAND INFO {name}", same, f"{a}, not {b[:6]}")


def redis_py(c, *ports):
    python = campaign.ROOT / ".build" / "venv" / "bin" / "python"
    if not c.check("redis-py is there (tools/setup)", python.exists(), str(python)):
        return
    outs = []
    for port in ports:
        done = process.run([python, "-c", REDIS_PY, port], timeout=60, text=True)
        if not c.check("redis-py runs", done.returncode == 0, done.stderr[-500:]):
            return
        outs.append(json.loads(done.stdout))
    ours, theirs = outs
    # One may stand where rounding puts it on the other side of a border.
    found, wanted = ({row[0]: row for row in out[0]} for out in outs)
    both = found.keys() & wanted.keys()
    c.check("redis-py's geosearch lists the same riders with distance, hash and position",
            len(both) > 1 and len(found.keys() ^ wanted.keys()) < 2
            and all(found[name][2] == wanted[name][2] and len(found[name][3]) == 2
                    and abs(found[name][1] - wanted[name][1]) < 1e-3 for name in both),
            f"{ours[0][:2]}, not {theirs[0][:2]}")
    for n, what in enumerate(["geosearch by box", "any three"], start=1):
        c.check(f"redis-py, {what}", len(ours[n]) == len(theirs[n]) > 0, f"{ours[n]}")
    place, nobody = ours[3]
    c.check("redis-py's geopos", abs(place[0] - theirs[3][0][0]) < 3e-6 and nobody is None)
    c.check("redis-py's geodist", abs(ours[4] - theirs[4]) < 1e-3, f"{ours[4]}, not {theirs[4]}")
    c.check("redis-py's other reads are Redis's", ours[5:9] == theirs[5:9],
            f"{ours[5:9]}, not {theirs[5:9]}")
    for n in (9, 10):
        c.check("redis-py's georadius", ours[n] and len(set(ours[n]) ^ set(theirs[n])) < 2,
                f"{ours[n]}, not {theirs[n]}")


if __name__ == "__main__":
    sys.exit(main())
