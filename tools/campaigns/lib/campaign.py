"""What every campaign has: options, a seed, counted checks, a temporary place, a last line."""

import argparse
import atexit
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[3]


def parser(description, seed=True, faulty=True):
    """The options all campaigns share; a campaign adds its own."""
    p = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin-dir", default=str(ROOT / ".build" / "release"), metavar="DIR",
                   help="where the programs are (default: .build/release)")
    p.add_argument("--server-binary", metavar="FILE",
                   help="the server under test (default: tachod in --bin-dir)")
    p.add_argument("--full", action="store_true", help="the long form, hours rather than minutes")
    p.add_argument("--work-dir", metavar="DIR",
                   help="keep data and logs below DIR (default: a temporary directory, removed)")
    p.add_argument("--verbose", action="store_true", help="print every check, also the good ones")
    if seed:
        p.add_argument("--seed", type=int, help="replays a run; printed with each failure")
    if faulty:
        p.add_argument("--fault", choices=["skip-sync", "ack-before-sync"],
                       help="run tachod-faulty with this fault")
        p.add_argument("--expect-failure", action="store_true",
                       help="succeed only if a durability check fails: proves that the campaign "
                            "can see what it looks for")
    return p


class Stop(Exception):
    """Ends a campaign early: going on would tell nothing new."""


class Campaign:
    """Counts checks and owns the temporary place. Use as `with Campaign(...) as c:`."""

    def __init__(self, name, options):
        self.name = name
        self.options = options
        self.passed = 0
        self.failed = 0
        self.durability_failed = 0
        self.expect_failure = getattr(options, "expect_failure", False)
        seed = getattr(options, "seed", None)
        self.seed = seed if seed is not None else int.from_bytes(os.urandom(4), "big")
        self.random = random.Random(self.seed)
        self.started = time.monotonic()
        self._work = None

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        atexit.register(self._clean)
        print(f"{self.name}: seed {self.seed}", flush=True)
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None and issubclass(kind, (SystemExit, KeyboardInterrupt)):
            return False
        if kind is not None and not issubclass(kind, Stop):
            traceback.print_exception(kind, error, trace)
            self.check("the campaign ran to its end", False, f"{kind.__name__}: {error}")
        self.finish()
        return True

    @property
    def work(self):
        """A directory of this run."""
        if self._work is None:
            if self.options.work_dir:
                self._work = pathlib.Path(self.options.work_dir)
                self._work.mkdir(parents=True, exist_ok=True)
            else:
                self._work = pathlib.Path(tempfile.mkdtemp(prefix=f"tacho-{self.name}-"))
        return self._work

    def place(self, name):
        """An empty directory of this run."""
        path = self.work / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def forget(self, name):
        """Removes a place that has told what it had to tell (kept with --work-dir)."""
        if not self.options.work_dir:
            shutil.rmtree(self.work / name, ignore_errors=True)

    def program(self, name):
        return str(pathlib.Path(self.options.bin_dir) / name)

    def server_command(self):
        """The server under test and the flags that choose its fault."""
        fault = getattr(self.options, "fault", None)
        binary = self.options.server_binary
        if binary is None:
            binary = self.program("tachod-faulty" if fault else "tachod")
        return [binary] + (["--fault", fault] if fault else [])

    def any_server_command(self, journal_limit=1 << 20):
        """The same, or half the time one whose journal is so small that checkpoints, released files
        and "try again" come all the time."""
        if self.options.server_binary or self.options.fault or self.random.random() < 0.5:
            return self.server_command()
        return [self.program("tachod-faulty"), "--fault", "none", "--journal-limit", str(journal_limit),
                "--journal-file", str(64 << 10)]

    def check(self, label, ok, detail="", durability=False):
        """Counts one claim. `durability` marks the claims that a faulty build must break."""
        if ok:
            self.passed += 1
            if self.options.verbose:
                self.note(f"ok: {label}")
        else:
            self.failed += 1
            self.durability_failed += durability
            text = f"FAILED: {label}" + (f": {detail}" if detail else "")
            self.note(text + f" (seed {self.seed})")
            if durability and self.expect_failure:
                raise Stop("the fault was seen")
        return bool(ok)

    def note(self, text):
        print(f"{self.name} {time.monotonic() - self.started:7.1f}s {text}", flush=True)

    def finish(self):
        """Prints the last line and ends the process."""
        self._clean()
        if self.expect_failure:
            other = self.failed - self.durability_failed
            seen = self.durability_failed > 0
            print(f"{self.name}: the fault was {'seen' if seen else 'NOT seen'} "
                  f"({self.durability_failed} durability checks failed, {other} others)")
            self.passed, self.failed = int(seen), int(not seen)
        print(f"{self.name}: seed {self.seed}, {time.monotonic() - self.started:.1f} s")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)

    def _clean(self):
        from . import process

        process.end_all()
        if self._work is not None and not self.options.work_dir:
            shutil.rmtree(self._work, ignore_errors=True)
