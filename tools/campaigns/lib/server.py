"""A `tachod` under test: started on a free port, watched until it is ready, ended by its id."""

import re
import signal
import subprocess
import time

from . import process, resp

READY = re.compile(rb"^ready resp=(\S+):(\d+)(?: http=(\S+))?$", re.M)


class Server:
    """One life of a server on a data directory.

    `wrapper` is put in front of the command (strace with its options): `pid` is the server's own.
    Unless `args` say otherwise it holds no reserve: a campaign has many directories at a time, and
    a gigabyte for each would fill the machine it runs on. `port` 0: any.
    """

    def __init__(self, command, data, logs, args=(), wrapper=(), name="tachod", port=0):
        self.data = data
        args = list(args)
        if "--reserve" not in args:
            args += ["--reserve", "0"]
        self.stdout_path = logs / f"{name}.out"
        self.stderr_path = logs / f"{name}.err"
        words = list(wrapper) + list(command) + ["--data", str(data), "--resp", f"127.0.0.1:{port}"]
        # How full the disk of the test machine is, is not what is tested.
        if "--min-free" not in args:
            args = ["--min-free", "0", "--reserve", "0", *args]
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.child = process.start(words + args, stdout=out, stderr=err)
        self.wrapped = bool(wrapper)
        self.host = self.port = None
        # Where HTTP is, HOST:PORT; None: there is none.
        self.http = None

    def wait_ready(self, timeout=30):
        """True once it accepts; False when it ended or the time is over."""
        end = time.monotonic() + timeout
        while True:
            match = READY.search(self.stdout_path.read_bytes())
            if match:
                self.host, self.port = match[1].decode().strip("[]"), int(match[2])
                self.http = match[3].decode() if match[3] else None
                return True
            if self.child.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(0.004)

    @property
    def pid(self):
        if not self.wrapped:
            return self.child.pid
        below = process.children(self.child.pid)
        return below[0] if below else self.child.pid

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    @property
    def last_error(self):
        lines = [line for line in self.stderr.splitlines() if line.strip()]
        return lines[-1] if lines else "(no message)"

    def connect(self, timeout=30):
        return resp.Connection(self.host, self.port, timeout)

    def is_running(self):
        return self.child.poll() is None

    def kill9(self):
        """Pulls the plug on the process."""
        process.kill(self.pid)
        return self.wait(10)

    def stop(self, timeout=30):
        """A clean stop; the exit code, or None when it did not end."""
        process.kill(self.pid, signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout):
        """The exit code (negative: ended by that signal), or None when it still runs."""
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            return None


def started(command, data, logs, args=(), wrapper=(), name="tachod", timeout=30):
    """A server that is ready; raises with its last message otherwise."""
    server = Server(command, data, logs, args, wrapper, name)
    if not server.wait_ready(timeout):
        code = server.child.poll()
        server.kill9()
        raise RuntimeError(f"server not ready, exit {code}: {server.last_error}")
    return server
