"""The filter most fleets run, to see what the attacks are worth: speed from the last accepted fix,
range of coordinates, a clock far ahead. One alert a rider and minute, as for the engine."""

from tracks import metres

SPEED_MPS = 42
FUTURE_MS = 300_000


def alerts(fixes):
    """Receipt times of alerts over fixes in order of delivery."""
    found, last = [], None
    for fix in fixes:
        hit = abs(fix.lat) > 90 or abs(fix.lon) > 180 or fix.ts > fix.recv + FUTURE_MS
        if not hit and last is not None:
            dt = (fix.ts - last.ts) / 1000
            if dt < 0:
                continue
            hit = metres(last, fix) > SPEED_MPS * max(dt, 0.001) + 1 and dt > 0
        if hit:
            if not found or fix.recv >= found[-1] + 60_000:
                found.append(fix.recv)
        else:
            last = fix
    return found
