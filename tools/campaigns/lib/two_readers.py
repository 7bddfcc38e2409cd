"""Two readers of the same segments: the Python one beside tacho-audit."""

import json

from . import process


def verified(c, directory, deep=True):
    """What both find: events of the Python reader, and of tacho-audit."""
    import tacho_audit

    ours = list(tacho_audit.verify(directory, deep=deep))
    done = process.run([c.program("tacho-audit"), "verify", "--json", "--audit", directory]
                       + (["--deep"] if deep else []), text=True, timeout=600)
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != (theirs[-1]["exit"] if theirs else None):
        raise RuntimeError(f"tacho-audit ended with {done.returncode}: {done.stderr[-300:]}")
    return plain(ours), plain(theirs, like=ours)


def plain(events, like=None):
    """Findings in their order, then segments and the summary, without the words of messages and
    without what only tacho-audit says: of the log, and of what it was asked to compare with."""
    known = {}
    for event in like or ():
        known.setdefault(event["type"], set()).update(event)
    kept = []
    for event in events:
        if like is None or event["type"] == "finding":
            kept.append({key: value for key, value in event.items() if key != "message"})
        elif event["type"] in known:
            kept.append({key: value for key, value in event.items()
                         if key in known[event["type"]] or key == "sha256"})
    return sorted(kept, key=lambda event: event["type"] != "finding")


def exported(c, directory, *options):
    """The CSV of tacho-audit, or None where it refuses."""
    done = process.run([c.program("tacho-audit"), "export", "--audit", directory, "--format", "csv",
                        *options], timeout=600)
    return done.stdout if done.returncode == 0 else None


def read(directory, **filters):
    """The CSV of the Python reader, or None where it refuses."""
    import tacho_audit
    from tacho_audit import csv_text

    try:
        with tacho_audit.open_audit(directory) as audit:
            return csv_text.HEADER + b"".join(
                bytes(csv_text.lines(rows)) for rows in audit.rows(**filters))
    except tacho_audit.AuditError:
        return None


def first_difference(ours, theirs):
    if ours is None or theirs is None:
        return f"the Python reader reads it: {ours is not None}, tacho-audit: {theirs is not None}"
    for number, (one, other) in enumerate(zip(ours.split(b"\n"), theirs.split(b"\n")), 1):
        if one != other:
            return f"line {number}: {one[:300]!r}, tacho-audit {other[:300]!r}"
    return f"{len(ours)} bytes, tacho-audit {len(theirs)}"


def same_bytes(c, label, ours, theirs):
    return c.check(label, ours is not None and ours == theirs,
                   "" if ours == theirs is not None else first_difference(ours, theirs))


def same_findings(c, label, directory):
    ours, theirs = verified(c, directory)
    c.check(f"{label}: both find the same", ours == theirs, f"{ours}, tacho-audit {theirs}"[:1500])
    return ours[-1]


def outcome(events):
    """How it ended, and what was found first."""
    findings = [event for event in events if event["type"] == "finding"]
    first = {key: findings[0].get(key) for key in ("file", "code", "exit")} if findings else None
    return events[-1]["exit"], first
