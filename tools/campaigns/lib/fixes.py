"""The rules of reading and identity, written a second time and independently: exact integers."""

import re

NUMBER = re.compile(r"([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?", re.A)
INTEGER = re.compile(r"[+-]?\d+", re.A)
POWERS = [10 ** n for n in range(8)]
SOURCES = ("gps", "net", "fused", "mock")
TIME_LIMIT = 1 << 47


def scaled(text, places):
    """text × 10^places rounded to an integer, ties away from zero; None: not a number."""
    whole, _, fraction = text.partition(".")
    if fraction.isdigit() and whole.isdigit() and text.isascii() and len(fraction) <= places:
        return int(whole + fraction) * POWERS[places - len(fraction)]
    match = NUMBER.fullmatch(text)
    if not match:
        return None
    sign, whole, fraction, exponent = match.groups()
    fraction = fraction or ""
    digits = whole + fraction
    point = len(whole) + places + min(max(int(exponent or 0), -400), 400)
    if point < 0:
        value = 0
    elif point >= len(digits):
        value = int(digits) * 10 ** (point - len(digits))
    else:
        value = int(digits[:point] or "0") + (digits[point] >= "5")
    return -value if sign == "-" else value


def optional(text, places, low, high):
    """An optional field: None when absent, out of range or no number."""
    if text is None or text in ("", "-"):
        return None
    value = scaled(text, places)
    return value if value is not None and low <= value <= high else None


def fix(ts, lat, lon, speed=None, heading=None, acc=None, alt=None, src=None):
    """The fix at stored precision: (ts, lat, lon, speed, heading, acc, alt, src) in stored units.

    None when it is malformed. The tuple is the identity of the fix within its rider.
    """
    if not INTEGER.fullmatch(ts) or abs(int(ts)) >= TIME_LIMIT:
        return None
    lat_e7, lon_e7 = scaled(lat, 7), scaled(lon, 7)
    if lat_e7 is None or lon_e7 is None or abs(lat_e7) > 900_000_000 or abs(lon_e7) > 1_800_000_000:
        return None
    course = optional(heading, 2, 0, 36_000)
    return (
        int(ts), lat_e7, lon_e7, optional(speed, 2, 0, 100_000), 0 if course == 36_000 else course,
        optional(acc, 1, 0, 1_000_000), optional(alt, 1, -200_000, 1_000_000),
        src if src in SOURCES else None)


def from_reply(row):
    """A row of T.RANGE as (fix, verdict, recv_ms)."""
    ts, lat, lon, speed, heading, acc, verdict, alt, src, recv = row

    def text(value):
        return None if value is None else value.decode() if isinstance(value, bytes) else str(value)

    read = fix(str(ts), text(lat), text(lon), text(speed), text(heading), text(acc), text(alt),
               text(src))
    if read is None:
        raise ValueError(f"T.RANGE answered a row that is no fix: {row!r}")
    return read, text(verdict), recv


def decimal(value, places, trimmed):
    """value / 10^places as plain text."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    digits = str(value).rjust(places + 1, "0")
    whole, fraction = digits[:-places], digits[-places:]
    if trimmed:
        fraction = fraction.rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def csv_row(rider, one):
    """The row that `tacho track --format csv` has for a fix, without a `src` column."""
    ts, lat, lon, speed, heading, acc, alt, _ = one

    def field(value, places):
        return "" if value is None else decimal(value, places, True)

    return (f"{rider},{ts},{decimal(lat, 7, False)},{decimal(lon, 7, False)},"
            f"{field(speed, 2)},{field(heading, 2)},{field(acc, 1)},{field(alt, 1)}")


def whole_range(connection, rider, page=4096):
    """Every fix of a rider as [(fix, verdict, recv_ms)], read page by page."""
    rows, cursor = [], None
    while True:
        more = ["CURSOR", cursor] if cursor is not None else []
        reply = connection.command("T.RANGE", rider, "-", "+", "COUNT", page, *more)
        cursor = None
        if reply and not isinstance(reply[-1], list):
            cursor = reply.pop()
        rows += [from_reply(row) for row in reply]
        if cursor is None:
            return rows
