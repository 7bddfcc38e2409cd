"""Faults of system calls by strace: which files, the command line, and reading its log."""

import bisect
import os
import re

SYNCS = "fdatasync,fsync,sync_file_range,msync,sync,syncfs"
RENAMES = "rename,renameat,renameat2"
WRITES = "write,writev,pwrite64,pwritev,pwritev2"

# File numbers RocksDB gives in a short run; strace wants exact names and knows no patterns.
NUMBERS = range(1, 320)
SEGMENTS = range(1, 40)
JOURNAL_FILES = range(1, 40)
# Where groups are written: what an acknowledgement stands on.
JOURNAL_SUFFIX = ".jnl"


def paths(data):
    """Files a server writes below its data directory, whether or not they exist yet.

    Left out: the info log (RocksDB goes on without it by design) and LOCK (holds only a process
    id for people).
    """
    data = os.path.realpath(data)
    names = ["", "/watermark", "/TACHO", "/TACHO.tmp", "/tachod.json", "/tachod.json.tmp",
             "/db", "/db/CURRENT", "/db/IDENTITY", "/journal", "/journal/new", "/audit",
             "/audit/tmp", "/recovery"]
    for n in NUMBERS:
        names += [f"/db/{n:06d}.log", f"/db/{n:06d}.sst", f"/db/{n:06d}.dbtmp",
                  f"/db/MANIFEST-{n:06d}", f"/db/OPTIONS-{n:06d}", f"/db/OPTIONS-{n:06d}.dbtmp"]
    for n in JOURNAL_FILES:
        names.append(f"/journal/{n:08d}{JOURNAL_SUFFIX}")
    for n in SEGMENTS:
        names += [f"/audit/tmp/{n}", f"/audit/tmp/{n:08d}", f"/audit/tmp/{n}.seg",
                  f"/audit/tmp/{n:08d}.seg", f"/audit/{n:08d}.seg"]
    return [data + name for name in names]


def inject(calls, action, log, only=None, attach=None, watch=()):
    """strace with one injection: `calls` such as "fdatasync,fsync", `action` as
    "error=EIO:when=3". With `only` (exact paths) nothing else is touched. `attach`: a process id
    instead of a command to follow. `watch`: calls that are logged too."""
    traced = ",".join([calls, *watch])
    words = ["strace", "-f", "-q", "-ttt", "-T", "-y", "-s", "0", "-o", str(log),
             "-e", f"trace={traced}", "-e", "signal=none"]
    if attach is None:
        words.append("--seccomp-bpf")
    for path in only or ():
        words += ["-P", path]
    words += ["-e", f"inject={calls}:{action}"]
    if attach is not None:
        words += ["-p", str(attach)]
    return words


def is_traced(pid):
    """All threads have a tracer."""
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status") as file:
                if "\nTracerPid:\t0\n" in file.read():
                    return False
        return True
    except OSError:
        return False


LINE = re.compile(r"(\d+)\s+(\d+\.\d+) (.*)")
CALL = re.compile(r"(\w+)\((.*)")
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
RESULT = re.compile(r"= (-?\d+|\?)(?: (E\w+))?.*?(?:<(\d+\.\d+)>)?$")
PATH = re.compile(r'^(?:-?\d+|AT_FDCWD)(?:<([^>]*)>)?|^"([^"]*)"')
QUOTED = re.compile(r'"([^"]*)"')


class Call:
    """One system call of a trace. Times are Unix seconds; `end` is None if it never came back."""

    __slots__ = ("pid", "name", "arguments", "begin", "end", "result", "error", "injected")

    def __init__(self, pid, name, arguments, begin):
        self.pid, self.name, self.arguments, self.begin = pid, name, arguments, begin
        self.end = self.result = self.error = None
        self.injected = False

    @property
    def path(self):
        """The file of the descriptor or the first name given."""
        quoted = QUOTED.search(self.arguments)
        if self.name.startswith("rename") and quoted:
            return quoted[1]
        match = PATH.match(self.arguments)
        return (match[1] or match[2] or "") if match else ""

    def __repr__(self):
        return f"{self.name}({self.path}) = {self.error or self.result}"


def read(log):
    """All calls of a trace in the order in which they began."""
    calls, pending = [], {}
    with open(log, errors="replace") as file:
        for line in file:
            match = LINE.match(line)
            if not match:
                continue
            pid, at, text = int(match[1]), float(match[2]), match[3]
            resumed = RESUMED.match(text)
            if resumed:
                call = pending.pop(pid, None)
                if call is None or call.name != resumed[1]:
                    continue
                text = resumed[2]
            else:
                begun = CALL.match(text)
                if not begun:
                    continue
                call = Call(pid, begun[1], begun[2], at)
                calls.append(call)
                if text.endswith("<unfinished ...>"):
                    pending[pid] = call
                    continue
            result = RESULT.search(text)
            if result and result[3] is not None:
                call.end = call.begin + float(result[3])
                call.result = None if result[1] == "?" else int(result[1])
                call.error = result[2]
            call.injected = "(INJECTED)" in text
    return calls


def unproved(acks, calls):
    """Acknowledgements that no sync of the journal stands behind.

    Between the sending of a request and its reply there must be a write to a journal file and, begun
    after that write, a successful sync of the same file that ended before the reply was read. `acks` have
    `sent_at` and `acked_at` in Unix seconds and must have stored something.
    """
    logs = [call for call in calls if call.path.endswith(JOURNAL_SUFFIX)]
    writes = [call for call in logs if call.name in WRITES.split(",")]
    syncs = [call for call in logs
             if call.name in SYNCS.split(",") and call.result == 0 and call.end is not None]
    write_starts = [call.begin for call in writes]
    sync_starts = [call.begin for call in syncs]
    found = []
    for ack in acks:
        proved = False
        first = bisect.bisect_left(write_starts, ack.sent_at)
        for write in writes[first:bisect.bisect_left(write_starts, ack.acked_at)]:
            for sync in syncs[bisect.bisect_left(sync_starts, write.begin):]:
                if sync.begin > ack.acked_at:
                    break
                if sync.path == write.path and sync.end <= ack.acked_at:
                    proved = True
                    break
            if proved:
                break
        if not proved:
            found.append(ack)
    return found
