"""A directory of segments: which files they are, and what holds from one to the next
(format-spec.md §9.8)."""

import os
import re

from . import errors

_NAME = re.compile(r"([0-9]{8}|[1-9][0-9]{8,19})\.seg")
# Ids are from 1; the largest number has none behind it, and is none.
_NUMBERS = range(1, (1 << 64) - 1)


def files(directory):
    """[(number, path)] of the files that are named as segments, ascending."""
    try:
        found = os.listdir(directory)
    except OSError as error:
        raise errors.Unreadable(os.fspath(directory), error.strerror) from None
    numbered = sorted((int(match[1]), os.path.join(directory, name)) for name in found
                      if (match := _NAME.fullmatch(name)) and int(match[1]) in _NUMBERS)
    if not numbered:
        raise errors.NoSegments(os.fspath(directory), "there is no segment here")
    return numbered


def missing(number, last):
    """The refusal of numbers between `last` and `number`, or None."""
    if number == last + 1:
        return None
    what = f"segment {last + 1} is missing" if number == last + 2 else (
        f"segments {last + 1} to {number - 1} are missing")
    return errors.MissingSegment(f"{last + 1:08d}.seg", what)


class Chain:
    """What one segment must have in common with the one before; fed in order of file numbers."""

    def __init__(self):
        self.before = None

    def check(self, number, segment, with_hash):
        """Yields what is refused. `with_hash` reads the whole file before, if that is the one."""
        head = segment.header
        if head["segment_id"] != number:
            yield segment.refuse(errors.FileName, f"it is segment {head['segment_id']} under "
                                 "another number")
            return
        before = self.before if self.before is not None and self.before.id == number - 1 else None
        if number > 1 and before is None:
            return  # nothing is known of the one it follows
        if before and with_hash and before.sha256 != head["previous_sha256"].hex():
            yield segment.refuse(
                errors.PreviousHash, f"it was sealed after a segment {number - 1} with SHA-256 "
                f"{head['previous_sha256'].hex()}, the one here has {before.sha256}")
        first = head["first_sequence"]
        expected = before.header["last_sequence"] + 1 if before else 1
        if first != expected:
            kind = errors.SequencesApart if first > expected else errors.SequencesOverlap
            yield segment.refuse(kind, f"it starts at sequence {first}, not at {expected}")
        if before and head["partition"] != before.header["partition"]:
            yield segment.refuse(errors.OtherPartition, f"it is of partition {head['partition']}, "
                                 f"the one before of {before.header['partition']}")

    def follow(self, segment):
        """The next one is to follow this; None: what comes before it is not known."""
        self.before = segment
