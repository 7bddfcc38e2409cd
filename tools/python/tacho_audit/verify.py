"""Verifying a directory: everything of format-spec.md §9.8, going on after the first finding."""

from . import amendments, directory, errors, fixes, layout
from .segment import Segment, open_segment


def verify(path, deep=False, progress=None):
    """Yields dicts as `--json` prints them: findings, a segment after its own, a summary last.

    Checks structure, checksums, leaves, root, hashes and chain; with `deep` every block is decoded
    and recounted too. `progress(done, all)` counts files.
    """
    found = []
    summary = {"segments": 0, "points": 0, "lost_points": 0, "amendments": 0, "bytes": 0,
               "first_sequence": 0, "last_sequence": 0, "last_sha256": ""}
    for event in _events(path, deep, progress, summary):
        if isinstance(event, errors.AuditError):
            found.append(event)
            event = event.as_dict()
        yield event
    yield {"type": "summary", "ok": not found, "exit": errors.exit_code(found),
           "findings": len(found), **summary}


def _events(path, deep, progress, summary):
    try:
        files = directory.files(path)
    except errors.AuditError as error:
        yield error
        return
    chain, last = directory.Chain(), 0
    targets = _targets(files) if deep else None
    for done, (number, name) in enumerate(files):
        if progress:
            progress(done, len(files))
        gap = directory.missing(number, last)
        if gap:
            yield gap
            targets = None
        last = number
        before = chain.before
        found, segment = _one(number, name, deep, chain, targets)
        yield from found
        yield _segment(name, segment, [one for one in found if not isinstance(one, _PLACE)])
        if before is not None:
            before.drop_sections()
        summary["segments"] += 1
        if any(not isinstance(error, _BETWEEN) for error in found):
            chain.follow(None)
            targets = None  # whose fixes are not all known
        else:
            chain.follow(segment)
            _count(summary, segment)
    if progress:
        progress(len(files), len(files))


# Findings about a segment's place: what it says of itself holds all the same.
_BETWEEN = (errors.PreviousHash, errors.SequencesApart, errors.SequencesOverlap,
            errors.OtherPartition, errors.AmendmentTarget)


_PLACE = (errors.FileName, *_BETWEEN)


def _targets(files):
    """Which fixes are amended by any segment that can be read."""
    targets = amendments.Targets()
    for _, name in files:
        try:
            with open_segment(name) as segment:
                for number in segment.numbers(layout.AMENDMENTS):
                    targets.of(segment, amendments.records(segment, number))
        except errors.AuditError:
            continue  # told of in its turn
    return targets


def _one(number, name, deep, chain, targets):
    """Findings of a file, and its segment if its header holds."""
    try:
        segment = Segment(name)
    except errors.AuditError as error:
        return [error], None
    between = list(chain.check(number, segment, with_hash=True))
    try:
        segment.open_sections()
    except errors.AuditError as error:
        return [error, *between], segment
    if any(isinstance(error, errors.FileName) for error in between):
        targets = None
    return check_segment(segment, deep, targets) + between, segment


def check_segment(segment, deep=False, targets=None):
    """What is refused in a segment whose sections are open, as a list."""
    found = []
    good = _Judge(found)
    arrivals = None
    if deep:
        arrivals = _decode(segment, good, targets)
    else:
        for number in segment.numbers(layout.FIXES):
            good(segment.payload, number)
    records, order = _check_amendments(segment, good)
    for check in (lambda: _check_fixes(segment, arrivals), lambda: _check_records(segment, order)):
        if not found:
            good(check)
    # With a damaged block or leaf, root and hash are wrong for that reason.
    for check in (segment.check_counts, segment.check_interval, segment.check_root,
                  segment.check_hash):
        if not found:
            good(check)
    if targets and not found:
        for some in records:
            found += targets.check(segment, some)
    return found


class _Judge:
    """Calls what may refuse; gathers refusals and answers what was returned, or None."""

    def __init__(self, found):
        self.found = found

    def __call__(self, call, *words):
        try:
            return call(*words)
        except errors.AuditError as error:
            self.found.append(error)
            return None


def _decode(segment, good, targets):
    """Every fix, in its order; arrivals and receipt times of all."""
    arrivals = fixes.Arrivals()
    wanted = ((segment, number) for number in segment.numbers(layout.FIXES))
    for some in fixes.batches(wanted, good.found.append):
        for one in some:
            good(arrivals.add, one)
            if targets:
                targets.add(one.rider, one.block.time)
    return arrivals


def _check_fixes(segment, arrivals):
    """What all blocks of fixes say together; `arrivals` if they were decoded."""
    if arrivals is None:
        return segment.check_times()
    arrivals.end()
    segment.check_times()
    head = segment.header
    if arrivals.receipt not in (None, (head["min_recv_ms"], head["max_recv_ms"])):
        raise segment.refuse(errors.Counts, "receipt times of the points are not those of the "
                             "header", 0, layout.HEADER_BYTES)


def _check_amendments(segment, good):
    """The records of all blocks that can be read, and what holds over them so far."""
    order, found = amendments.Order(segment), []
    for number in segment.numbers(layout.AMENDMENTS):
        some = good(amendments.records, segment, number)
        if some is not None:
            found.append(some)
            good(order.add, number, some)
    return found, order


def _check_records(segment, order):
    """What all records say together."""
    if order.lost_points != segment.header["lost_points"]:
        raise segment.refuse(errors.Counts, "losses are not as many as the header says")
    if order.next_other != len(segment.names):
        raise segment.refuse(errors.Counts, "a rider is named by nothing")


def _segment(name, segment, found):
    event = {"type": "segment", "file": name.rsplit("/", 1)[-1], "ok": not found,
             "findings": len(found)}
    if segment is not None:
        head = segment.header
        event |= {"sha256": segment.sha256, "version": f"{head['major']}.{head['minor']}"}
        event |= {key: head[key] for key in (
            "partition", "segment_id", "first_sequence", "last_sequence", "rule_set", "points",
            "lost_points", "amendments", "riders", "other_riders", "blocks", "file_bytes")}
        if head["points"]:
            event |= {key: head[key] for key in ("min_ts_ms", "max_ts_ms", "min_recv_ms",
                                                 "max_recv_ms")}
        event["previous_sha256"] = head["previous_sha256"].hex()
    return event


def _count(summary, segment):
    head = segment.header
    for name in ("points", "lost_points", "amendments"):
        summary[name] += head[name]
    summary["bytes"] += head["file_bytes"]
    summary["first_sequence"] = summary["first_sequence"] or head["first_sequence"]
    summary["last_sequence"] = head["last_sequence"]
    summary["last_sha256"] = segment.sha256
