"""GPX, GeoLife and GeoJSON read a second time and independently: by Python's own parsers, in exact
fractions."""

import datetime
import json
import re
import xml.etree.ElementTree
from fractions import Fraction

from . import fixes

TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|z|[+-]\d\d:\d\d)?", re.A)


def away_from_zero(value):
    """The nearest integer of a fraction, ties away from zero."""
    whole = int(abs(value) + Fraction(1, 2))
    return -whole if value < 0 else whole


def time_ms(text):
    """RFC 3339, UTC where it has no offset, in Unix ms; None: no such time."""
    match = TIME.fullmatch(text.strip())
    if not match:
        return None
    date, clock, fraction, offset = match.groups()
    offset = "+00:00" if offset in (None, "Z", "z") else offset
    moment = datetime.datetime.fromisoformat(f"{date}T{clock}{offset}")
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    seconds = Fraction(round((moment - epoch).total_seconds()))
    seconds += Fraction(int(fraction or 0), 10 ** len(fraction or ""))
    return away_from_zero(seconds * 1000)


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def gpx(path):
    """The points of all tracks of a file, each a fix or None (malformed)."""
    found = []
    for element in xml.etree.ElementTree.parse(path).getroot().iter():
        if local(element) != "trkpt":
            continue
        values = {}

        def keep(name, text):
            if text and text.strip():
                values.setdefault(name, text.strip())

        for child in element:
            name = local(child)
            if name in ("time", "ele", "speed", "course"):
                keep(name, child.text)
            if name == "extensions":
                for inner in child.iter():
                    if local(inner) in ("speed", "course", "bearing", "accuracy"):
                        keep(local(inner), inner.text)
        ts = time_ms(values.get("time", ""))
        found.append(ts if ts is None else fixes.fix(
            str(ts), element.get("lat", ""), element.get("lon", ""), values.get("speed"),
            values.get("course", values.get("bearing")), values.get("accuracy"), values.get("ele")))
    return found


def metres_dm(feet):
    """Feet as text in 0.1 m; None is unknown."""
    value = Fraction(feet)
    return None if value == -777 else away_from_zero(value * Fraction(3048, 1000))


def geolife(random, count):
    """Lines of a made-up .plt and the fixes that they are."""
    lines = ["Geolife trajectory", "WGS 84", "Altitude is in Feet", "Reserved 3",
             "0,2,255,My Track,0,0,2,8421376", "0"]
    expected = []
    moment = datetime.datetime(2008, 10, 23, 2, 53, 4)
    for _ in range(count):
        moment += datetime.timedelta(seconds=random.randrange(1, 10))
        feet = random.choice(["-777", "-777.0", str(random.randrange(-500, 30_000)),
                              f"{random.uniform(-500, 30_000):.{random.randrange(1, 13)}f}",
                              # Metres to five hundredths: ties, or a hair beside one.
                              f"{(random.randrange(20_000) / 20) / 0.3048:.12f}"])
        lat = f"{39.9 + random.random() / 5:.{random.randrange(4, 15)}f}"
        lon = f"{116.2 + random.random() / 5:.{random.randrange(4, 15)}f}"
        days = (moment - datetime.datetime(1899, 12, 30)).total_seconds() / 86_400
        lines.append(f"{lat},{lon},0,{feet},{days:.10f},{moment:%Y-%m-%d},{moment:%H:%M:%S}")
        ts = round((moment - datetime.datetime(1970, 1, 1)).total_seconds()) * 1000
        fix = fixes.fix(str(ts), lat, lon)
        expected.append(fix[:6] + (metres_dm(feet),) + fix[7:])
    return "\r\n".join(lines) + "\r\n", expected


def geojson(text):
    """The fixes of a Feature as [(ts, lat, lon, speed, heading, acc, alt, src)], without the points
    at the antimeridian; numbers from their decimal text."""
    feature = json.loads(text, parse_float=str, parse_int=str)
    arrays = feature["properties"]["coordinateProperties"]
    geometry = feature["geometry"]
    if geometry is None:
        return []
    many = geometry["type"] == "MultiLineString"
    assert feature["type"] == "Feature" and (
        many or geometry["type"] == ("LineString" if len(arrays["times"]) > 1 else "Point"))
    columns = [geometry["coordinates"], *(arrays[name] for name in (
        "times", "speed_mps", "heading_deg", "accuracy_m", "src", "verdict"))]
    if geometry["type"] == "Point":
        columns[0] = [columns[0]]
    parts = list(zip(*columns)) if many else [tuple(columns)]
    found = []
    for part in parts:
        assert len({len(column) for column in part}) == 1
        assert not many or len(part[0]) >= 2
        for place, time, speed, heading, accuracy, src, verdict in zip(*part):
            if verdict is not None:
                alt = place[2] if len(place) > 2 else None
                found.append(fixes.fix(
                    str(time_ms(time)), place[1], place[0], speed, heading, accuracy, alt, src))
    return found
