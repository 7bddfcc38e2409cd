"""Starting and ending processes: only those started here, by their own ids."""

import os
import signal
import subprocess
import time

_started = []


def start(command, **options):
    """A process that is ended with the campaign at the latest."""
    options.setdefault("stdin", subprocess.DEVNULL)
    child = subprocess.Popen([str(word) for word in command], **options)
    _started.append(child)
    return child


def run(command, timeout=120, check=False, **options):
    """Runs a command to its end and returns it with captured output (bytes unless text=True)."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("capture_output", True)
    done = subprocess.run([str(word) for word in command], timeout=timeout, **options)
    if check and done.returncode != 0:
        error = done.stderr if isinstance(done.stderr, str) else (done.stderr or b"").decode(
            errors="replace")
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}: {error}")
    return done


def children(pid):
    """Ids of the direct children of `pid`, of all its threads."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass
    return found


def kill(pid, number=signal.SIGKILL):
    """Sends a signal; False when the process is gone."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def end_all():
    """Kills what is still running, children (a traced server) before parents."""
    for child in reversed(_started):
        if child.poll() is None:
            for grandchild in children(child.pid):
                kill(grandchild)
            child.kill()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                pass
    _started.clear()


def wait_until(condition, timeout, pause=0.005):
    """True as soon as `condition()` is; False after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        if condition():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(pause)
