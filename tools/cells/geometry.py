"""H3's grid on one face, in plain floating point: enough to probe, not to decide ties."""

import math

# Published facts: see generate.py.
CENTRES = [
    (0.2199307791404606, 0.6583691780274996, 0.7198475378926182),
    (-0.2139234834501421, 0.1478171829550703, 0.9656017935214205),
    (0.1092625278784797, -0.4811951572873210, 0.8697775121287253),
    (0.7428567301586791, -0.3593941678278028, 0.5648005936517033),
    (0.8112534709140969, 0.3448953237639384, 0.4721387736413930),
    (-0.1055498149613921, 0.9794457296411413, 0.1718874610009365),
    (-0.8075407579970092, 0.1533552485898818, 0.5695261994882688),
    (-0.2846148069787907, -0.8644080972654206, 0.4144792552473539),
    (0.7405621473854482, -0.6673299564565524, -0.0789837646326737),
    (0.8512303986474293, 0.4722343788582681, -0.2289137388687808),
    (-0.7405621473854481, 0.6673299564565524, 0.0789837646326737),
    (-0.8512303986474292, -0.4722343788582682, 0.2289137388687808),
    (0.1055498149613919, -0.9794457296411413, -0.1718874610009365),
    (0.8075407579970092, -0.1533552485898819, -0.5695261994882688),
    (0.2846148069787908, 0.8644080972654204, -0.4144792552473539),
    (-0.7428567301586791, 0.3593941678278027, -0.5648005936517033),
    (-0.8112534709140971, -0.3448953237639382, -0.4721387736413930),
    (-0.2199307791404607, -0.6583691780274996, -0.7198475378926182),
    (0.2139234834501420, -0.1478171829550704, -0.9656017935214205),
    (-0.1092625278784796, 0.4811951572873210, -0.8697775121287253),
]
AZIMUTHS = [
    5.619958268523939882, 5.760339081714187279, 0.780213654393430055, 0.430469363979999913,
    6.130269123335111400, 2.692877706530642877, 2.982963003477243874, 3.532912002790141181,
    3.494305004259568154, 3.003214169499538391, 5.930472956509811562, 0.138378484090254847,
    0.448714947059150361, 0.158629650112549365, 5.891865957979238535, 2.711123289609793325,
    3.294508837434268316, 3.804819692245439833, 3.664438879055192436, 2.361378999196363184,
]
ROTATION = math.asin(math.sqrt(3 / 28))  # between the grids of odd and even resolutions
PER_UNIT = (3 + math.sqrt(5)) / 2  # units of resolution 0 per face-plane radius


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _north(c):
    """(0, 0, 1) less its part along c, made a unit vector; each step rounds as H3's does."""
    v = (0.0 - c[2] * c[0], 0.0 - c[2] * c[1], 1.0 - c[2] * c[2])
    scale = 1.0 / math.sqrt(dot(v, v))
    return (v[0] * scale, v[1] * scale, v[2] * scale)


def _cross(a, b):
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


NORTHS = [_north(c) for c in CENTRES]
EASTS = [_cross(n, c) for n, c in zip(NORTHS, CENTRES)]


def _edge(face):
    """From the middle of `face` to that of face 0: an edge of the cube, made as long as 1/√3."""
    v = tuple(a - b for a, b in zip(CENTRES[0], CENTRES[face]))
    return tuple(d / math.sqrt(3 * dot(v, v)) for d in v)


# Of the five cubes inside the dodecahedron of the middles one; in an order and with signs that put
# the other middles at (0, ±1/g, ±g), (±1/g, ±g, 0) and (±g, 0, ±1/g), g the golden ratio.
CUBE = [_edge(6), _edge(3), _edge(14)]


def axis(face, turn, quarter):
    """The direction `turn` + `quarter` · 90° counterclockwise of the face's first axis."""
    azimuth = AZIMUTHS[face] - turn - quarter * math.pi / 2
    n, e = NORTHS[face], EASTS[face]
    return tuple(math.cos(azimuth) * n[d] + math.sin(azimuth) * e[d] for d in range(3))


def position(face, a, b, resolution):
    """Latitude and longitude over a point of the grid of an even resolution."""
    x, y = a - b / 2, b * math.sqrt(3) / 2
    units = PER_UNIT * 7 ** (resolution / 2)
    p = [CENTRES[face][d] + (x * AXES[face][0][0][d] + y * AXES[face][0][1][d]) / units
         for d in range(3)]
    return (math.degrees(math.asin(p[2] / math.sqrt(dot(p, p)))),
            math.degrees(math.atan2(p[1], p[0])))


def vector(lat, lon):
    phi, lam = math.radians(lat), math.radians(lon)
    return (math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi))


AXES = [[[axis(f, t, q) for q in (0, 1)] for t in (0.0, ROTATION)] for f in range(20)]


def lattice(lat, lon, resolution):
    """The face and the nearest point (a, b) of its grid; None for it when near a border."""
    p = vector(lat, lon)
    nearness = [dot(p, c) for c in CENTRES]
    face = max(range(20), key=nearness.__getitem__)
    if sorted(nearness)[-2] > nearness[face] - 1e-12:
        return face, None
    scale = PER_UNIT * math.sqrt(7) ** resolution / nearness[face]
    x = dot(p, AXES[face][resolution % 2][0]) * scale
    y = dot(p, AXES[face][resolution % 2][1]) * scale
    b = y * 2 / math.sqrt(3)
    a = x + b / 2
    z = nearest(a, b)
    u, v = a - z[0], b - z[1]
    off = max(abs(u - v / 2), abs(v - u / 2), abs(u + v) / 2)
    if math.hypot(x, y) < 1e-3 * scale or off > 0.5 - max(1e-10, 1e-11 * scale):
        return face, None
    return face, z


def nearest(a, b):
    """Rounds the three coordinates a − b, b, −a and mends the one that moved most."""
    q, r, s = round(a - b), round(b), round(-a)
    dq, dr, ds = abs(q - (a - b)), abs(r - b), abs(s + a)
    if dq >= dr and dq >= ds:
        q = -r - s
    elif dr >= ds:
        r = -q - s
    return q + r, r


def digits(z, resolution):
    """The place at resolution 0 above z, and the digits on the way from there to z."""
    out = []
    a, b = z
    for r in range(resolution, 0, -1):
        out.append(DIGITS[r % 2][(a + (2 if r % 2 else 4) * b) % 7])
        i, j, k = out[-1] >> 2, out[-1] >> 1 & 1, out[-1] & 1
        a, b = a - i + k, b - j + k
        a, b = ((3 * a - b) // 7, (a + 2 * b) // 7) if r % 2 else (
            (2 * a + b) // 7, (3 * b - a) // 7)
    return (a, b), tuple(reversed(out))


# By remainder: see HexPoint.swift.
DIGITS = [[0, 4, 1, 5, 2, 6, 3], [0, 4, 2, 6, 1, 5, 3]]
