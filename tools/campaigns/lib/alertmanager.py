"""Debian's Alertmanager as a process that may be killed, and a proxy before it that sees what reaches it."""

import http.client
import http.server
import json
import shutil
import socket
import threading
import time
import urllib.request

from . import process

PROGRAM = "prometheus-alertmanager"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Alertmanager:
    """On a port of its own with a data directory of its own; without the cluster."""

    def __init__(self, place, resolve_timeout="5m"):
        if shutil.which(PROGRAM) is None:
            raise RuntimeError(f"no {PROGRAM}: run tools/setup")
        self.place = place
        self.port = free_port()
        self.child = None
        self.config = place / "alertmanager.yml"
        # Nobody is told: what it takes in is what is looked at.
        self.config.write_text(f"global: {{resolve_timeout: {resolve_timeout}}}\n"
                               "route: {receiver: nobody, group_by: [rider]}\n"
                               "receivers: [{name: nobody}]\n")

    def start(self):
        with open(self.place / "alertmanager.log", "ab") as log:
            self.child = process.start(
                [PROGRAM, f"--config.file={self.config}", f"--storage.path={self.place / 'data'}",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="],
                stdout=log, stderr=log)

    def kill(self):
        process.kill(self.child.pid)
        self.child.wait(10)

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url("/-/ready"), timeout=1) as reply:
                return reply.status == 200
        except OSError:
            return False

    def wait_ready(self, timeout=20):
        return process.wait_until(self.is_ready, timeout, 0.02)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def alerts(self):
        """What it shows as active, as it says it."""
        with urllib.request.urlopen(self.url("/api/v2/alerts"), timeout=10) as reply:
            return json.load(reply)


class QuietServer(http.server.ThreadingHTTPServer):
    """Clients that are killed are no news here."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_):
        pass


class Proxy:
    """Hands each request on, and notes when Alertmanager had taken it. Requests that it did not take
    end without an answer."""

    def __init__(self, alertmanager):
        self.alertmanager = alertmanager
        # (Unix seconds when it had answered, the objects), in order.
        self.taken = []
        self.refusals = []
        self.lock = threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def setup(self):
                super().setup()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    status, answer = proxy.hand_on(self.path, body)
                except (OSError, http.client.HTTPException):
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hand_on(self, path, body):
        other = http.client.HTTPConnection("127.0.0.1", self.alertmanager.port, timeout=10)
        try:
            other.request("POST", path, body, {"Content-Type": "application/json"})
            reply = other.getresponse()
            answer = reply.read()
        finally:
            other.close()
        now = time.time()
        with self.lock:
            if 200 <= reply.status < 300:
                self.taken.append((now, json.loads(body)))
            else:
                self.refusals.append((reply.status, answer, body))
        return reply.status, answer

    def seen(self):
        """All objects with the time when they had been taken, in order."""
        with self.lock:
            return [(at, one) for at, objects in self.taken for one in objects]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
