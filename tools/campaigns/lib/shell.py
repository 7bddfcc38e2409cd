"""A reader's shell: a machine of its own as far as ports, /var/lib and /etc go."""

import os
import subprocess
import threading
import time
import queue

END = "\x01end of command "
# Its own network, so that the ports pages name are free, and its own places that pages write to.
PREPARE = """
set -e
mount --make-rprivate /
ip link set lo up
cp -a /etc .etc
mount --bind .etc /etc
mkdir -p /etc/tacho
mount -t tmpfs tmpfs /var/lib
set +e
"""


class Shell:
    def __init__(self, place, path, environment):
        self.place = place
        self.number = 0
        self.servers = []
        env = dict(os.environ, PATH=path + ":" + os.environ["PATH"], HOME=str(place), TZ="UTC",
                   LC_ALL="C.UTF-8", **environment)
        # A pid namespace too: what a page leaves running ends with its shell.
        self.child = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash",
             "--noprofile", "--norc"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=place,
            env=env, text=True, start_new_session=True)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        code, printed = self.run(PREPARE)
        if code != 0:
            raise RuntimeError(f"no place to run pages in (needs root): {printed}")

    def _read(self):
        for line in self.child.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def run(self, command, seconds=120):
        """(status, lines printed); status None: it did not end in time."""
        self.number += 1
        script = self.place / f".command-{self.number}"
        script.write_text(command + "\n")
        try:
            # The line begins on its own even after output without an end of line.
            self.child.stdin.write(f"source {script} </dev/null\nprintf '\\n%s%s\\n' "
                                   f"$'{END}' $?\n".replace("\x01", "\\x01"))
            self.child.stdin.flush()
        except BrokenPipeError:
            return None, ["the page's shell has ended"]
        printed, deadline = [], time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                return None, printed + [f"not ended after {seconds} s"]
            if line is None:
                return None, printed + ["the page's shell has ended"]
            if line.startswith(END):
                if printed and printed[-1] == "":
                    printed.pop()
                return int(line[len(END):]), printed
            printed.append(line.rstrip("\n"))

    def start(self, command, seconds=60):
        """A server in the background; waits for its `ready` line. (True, lines) or (False, lines)."""
        name = f"server-{len(self.servers) + 1}"
        self.servers.append(name)
        out = self.place / f".{name}"
        code, printed = self.run(f"{{ {command.strip()}\n}} > {out} 2>&1 &\necho $! > {out}.pid")
        deadline = time.monotonic() + seconds
        while code == 0 and time.monotonic() < deadline:
            if out.exists() and "ready " in out.read_text():
                return True, []
            code, _ = self.run(f"kill -0 $(cat {out}.pid) 2>/dev/null")
            time.sleep(0.05)
        return False, printed + (out.read_text().splitlines() if out.exists() else [])

    def stop(self):
        """Ends the servers of the page, one after the other, as Ctrl-C would."""
        for name in self.servers:
            pid = self.place / f".{name}.pid"
            self.run(f"kill -TERM -- -$(cat {pid}) 2>/dev/null || pkill -TERM -P $(cat {pid}) || "
                     f"kill -TERM $(cat {pid}); wait $(cat {pid})")
        self.servers = []

    def close(self):
        self.stop()
        self.child.kill()
        self.child.wait()
