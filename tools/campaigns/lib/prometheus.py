"""Prometheus and promtool of Debian's package, beside a server."""

import json
import os
import re
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from . import process

SAMPLE = re.compile(r"^([a-z_:][a-z0-9_:]*)(\{[^}]*\})? (\S+)$")


def fetch(url, headers=(), context=None, timeout=20):
    """Status and text of a GET; also of those that are errors."""
    request = urllib.request.Request(url, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=context) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def samples(page):
    """Every line of a page of figures: name with labels -> number."""
    found = {}
    for line in page.splitlines():
        match = SAMPLE.match(line)
        if match:
            found[match[1] + (match[2] or "")] = float(match[3])
    return found


def names(page):
    return set(re.findall(r"^# TYPE (\S+) ", page, re.M))


def lint(page):
    """Exit code and words of `promtool check metrics`."""
    done = subprocess.run(["promtool", "check", "metrics"], input=page.encode(),
                          capture_output=True, timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).decode().strip()


class Prometheus:
    """One that scrapes every second, on a free port of this machine."""

    def __init__(self, place, target, rules, scheme=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = place / "prometheus.yml"
        job = {"job_name": "tacho", "scrape_interval": "1s", "scrape_timeout": "1s",
               "static_configs": [{"targets": [target]}], **(scheme or {})}
        config.write_text(json.dumps({
            "global": {"evaluation_interval": "1s"}, "rule_files": [str(rules)],
            "scrape_configs": [job]}))
        self.log = place / "prometheus.log"
        with open(self.log, "wb") as log:
            self.child = process.start(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={place / 'tsdb'}",
                 f"--web.listen-address=127.0.0.1:{self.port}"],
                stdout=log, stderr=log, env={**os.environ, "GOMAXPROCS": "1"})

    def api(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            return json.loads(fetch(url)[1])
        except (OSError, ValueError):
            return {"status": "down"}

    def value(self, query):
        """The first result's number; None without one."""
        reply = self.api("query", query=query)
        result = reply.get("data", {}).get("result", [])
        return float(result[0]["value"][1]) if result else None
