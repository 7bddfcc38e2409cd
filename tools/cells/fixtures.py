"""Positions worth asking for, and the file of cases the tests read."""

import math

import geometry
import h3

HEADER = "lat,lon,resolution,cell,centre_lat,centre_lon\n"


def near(lat, lon, spread_deg, rng):
    """A position at most about `spread_deg` away, at the ends of latitude still on the globe."""
    lat = lat + rng.uniform(-spread_deg, spread_deg)
    wide = spread_deg / max(0.01, math.cos(math.radians(lat)))
    lon = lon + rng.uniform(-wide, wide)
    return max(-90.0, min(90.0, lat)), (lon + 180.0) % 360.0 - 180.0


def anywhere(rng):
    return math.degrees(math.asin(rng.uniform(-1, 1))), rng.uniform(-180, 180)


def in_korea(rng):
    return rng.uniform(33.0, 38.7), rng.uniform(124.5, 131.0)


def near_pentagon(rng):
    lat, lon = h3.cell_to_latlng(rng.choice(h3.get_pentagons(0)))
    return near(lat, lon, 10 ** rng.uniform(-7, 1), rng)


def near_border(rng, resolution):
    """Between a vertex and the next of a cell, and a little beside."""
    cell = h3.latlng_to_cell(*(in_korea(rng) if rng.random() < 0.3 else anywhere(rng)), resolution)
    around = h3.cell_to_boundary(cell)
    n = rng.randrange(len(around))
    (lat, lon), (lat1, lon1) = around[n], around[n - 1]
    if rng.random() < 0.2:
        return lat, lon  # a vertex itself: what the last bit makes of it
    part = rng.choice((0.0, rng.random()))
    step = (lon1 - lon + 180.0) % 360.0 - 180.0
    return near(lat + part * (lat1 - lat), lon + part * step, 10 ** rng.uniform(-9, -3), rng)


def near_face_middle(rng):
    """Where the published formula loses digits."""
    x, y, z = rng.choice(geometry.CENTRES)
    lat, lon = math.degrees(math.asin(z)), math.degrees(math.atan2(y, x))
    return near(lat, lon, 10 ** rng.uniform(-10, 0), rng)


def near_face_edge(rng, spread_deg=None):
    """Beside the great circle between two neighbouring vertices of the icosahedron."""
    vertices = [h3.cell_to_latlng(c) for c in h3.get_pentagons(0)]
    here = rng.choice(vertices)
    there = rng.choice(sorted(vertices, key=lambda v: h3.great_circle_distance(here, v))[1:6])
    part = rng.random()
    u, v = _vector(*here), _vector(*there)
    lat, lon = _position([a + part * (b - a) for a, b in zip(u, v)])
    return near(lat, lon, 10 ** rng.uniform(-6, 1) if spread_deg is None else spread_deg, rng)


def _position(v):
    x, y, z = v
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))


def on_border(rng, resolution):
    """So near the line between two corners of a cell, or two faces, that roundings decide."""
    if rng.random() < 0.3:
        lat, lon = near_face_edge(rng, 0)
    else:
        cell = h3.latlng_to_cell(*(in_korea(rng) if rng.random() < 0.3 else anywhere(rng)), resolution)
        around = [_vector(*corner) for corner in h3.cell_to_boundary(cell)]
        n = rng.randrange(len(around))
        part = rng.choice((0.0, rng.random()))
        lat, lon = _position([a + part * (b - a) for a, b in zip(around[n], around[n - 1])])
    return near(lat, lon, 10 ** rng.uniform(-15, -11), rng)


def _vector(lat, lon):
    phi, lam = math.radians(lat), math.radians(lon)
    return math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)


def positions(count, rng):
    """`count` × (latitude, longitude in degrees, resolution): a fifth in Korea, two where it is hard."""
    kinds = (anywhere,) * 4 + (in_korea,) * 2 + (
        near_pentagon, near_border, near_face_edge, near_face_middle)
    for _ in range(count):
        resolution = rng.randrange(16)
        kind = rng.choice(kinds)
        where = kind(rng, resolution) if kind is near_border else kind(rng)
        yield *where, resolution


def _cases(rng):
    for resolution in range(16):
        for lat, lon in ((90, 0), (-90, 0), (0, 180), (0, -180), (0, 0), (37.5, 127), (89.9999999, 7),
                         (-89.9999999, -7), (66.5, 180), (66.5, -179.9999999), (-17.1, 179.9999999)):
            yield lat, lon, resolution
        for pentagon in h3.get_pentagons(resolution):
            lat, lon = h3.cell_to_latlng(pentagon)
            yield lat, lon, resolution
            yield *near(lat, lon, 0.4 / math.sqrt(7) ** resolution * 20, rng), resolution
        for _ in range(40):
            yield *in_korea(rng), resolution
            yield *anywhere(rng), resolution
            yield *near_face_edge(rng), resolution
            yield *near_face_middle(rng), resolution
        for _ in range(30):
            yield *near_border(rng, resolution), resolution


def text(rng):
    """Coordinates of half the cases are cut to the 1e-7 degree Tacho stores; some name the middle."""
    out = [HEADER]
    for n, (lat, lon, resolution) in enumerate(_cases(rng)):
        if n % 2:
            lat, lon = round(lat, 7), round(lon, 7)
        cell = h3.latlng_to_cell(lat, lon, resolution)
        centre = ",".join(map(repr, h3.cell_to_latlng(cell))) if n % 4 == 1 else ","
        out.append(f"{lat!r},{lon!r},{resolution},{cell},{centre}\n")
    return "".join(out)


def border_text(rng):
    """Cases that only the published order of operations decides as H3 does."""
    out = ["lat,lon,resolution,cell\n"]
    for n in range(800):
        lat, lon = on_border(rng, n % 16)
        out.append(f"{lat!r},{lon!r},{n % 16},{h3.latlng_to_cell(lat, lon, n % 16)}\n")
    return "".join(out)
