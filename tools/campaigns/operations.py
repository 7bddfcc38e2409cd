#!/usr/bin/env python3
"""A server as its operator meets it: figures, probes, settings, signals, unit, package.

Figures: promtool finds no fault in them, Prometheus scrapes them while a fleet writes and answers what
the rules and the dashboard ask, and they agree with what the fleet was told. Probes say why. Settings
change with SIGHUP and never stop the server. A supervisor hears of each step. The unit verifies and is
tight. The package has all that a machine without Swift needs, twice the same bytes.

examples:
  tools/campaigns/operations.py
  tools/campaigns/operations.py --only figures --verbose
  tools/campaigns/operations.py --full             (minutes: lintian, a package as it is shipped)
"""

import base64
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time

from lib import campaign, fleet, process, prometheus, server

DEPLOY = campaign.ROOT / "tools" / "deploy"


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--only", choices=sorted(PARTS), action="append", help="these parts only")
    options = parser.parse_args()
    with campaign.Campaign("operations", options) as c:
        for name, part in PARTS.items():
            if not options.only or name in options.only:
                part(c)
                c.note(f"{name} done")


def url(subject, path, scheme="http"):
    return f"{scheme}://{subject.http}{path}"


# --- figures ----------------------------------------------------------------------------------


def figures(c):
    place, logs = c.place("figures"), c.place("logs")
    subject = server.started(c.server_command(), place / "data", logs, ["--range-seconds", "0"])
    status, empty = prometheus.fetch(url(subject, "/metrics"))
    c.check("figures before the first point", status == 200 and prometheus.lint(empty) == (0, ""),
            prometheus.lint(empty)[1])
    watcher = prometheus.Prometheus(place, subject.http, DEPLOY / "tacho-rules.yml")
    for name in ("one", "two"):
        subject.connect().command("XGROUP", "CREATE", "alerts", name, "0", "MKSTREAM")
    riders = subject.connect()
    riders.command("PSUBSCRIBE", "pos:*")
    seconds = 30 if c.options.full else 8
    run = fleet.FleetRun(c.program("tacho-fleet"), subject, place, "f", c.random.getrandbits(31),
                         riders=500, rate=20_000, seconds=seconds, ledger=False)
    time.sleep(2)
    page = prometheus.fetch(url(subject, "/metrics"))[1]
    c.check("promtool finds nothing under load", prometheus.lint(page) == (0, ""),
            prometheus.lint(page)[1])
    code = run.wait(seconds + 60)
    report = run.report()
    c.check("the fleet was served", code == 0 and report and report["acknowledged"] > 0, f"{code}")
    riders.close()
    agrees(c, subject, report)
    queries(c, subject, watcher)
    watcher.child.terminate()
    c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)


def agrees(c, subject, report):
    """Figures and what the fleet and T.STATS say."""
    with subject.connect() as client:
        flat = client.command("T.STATS")
        stats = {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}
    page = prometheus.fetch(url(subject, "/metrics"))[1]
    found = prometheus.samples(page)
    stored = report["acknowledged"] - report["duplicate"]
    for name, wanted in (("tacho_points_total", stored), ("tacho_durable_seconds_count", stored),
                         ("tacho_published_seconds_count", stored),
                         ("tacho_riders", stats["riders"]), ("tacho_pending_points", 0),
                         ("tacho_consumer_groups", 2), ("tacho_ready", 1)):
        c.check(f"{name} is {wanted}", found.get(name) == wanted, f"{found.get(name)}")
    effects = sum(value for name, value in found.items()
                  if name.startswith("tacho_judged_points_total{"))
    c.check("effects add up to the points", effects == stored, f"{effects} of {stored}")
    ok = found.get('tacho_verdicts_total{code="ok"}')
    c.check("most are ok, no code has more", ok and ok <= stored and all(
        value <= stored for name, value in found.items()
        if name.startswith("tacho_verdicts_total{")), f"{ok}")
    bounds = [value for name, value in found.items()
              if name.startswith("tacho_durable_seconds_bucket{")]
    c.check("bounds only grow, and end in the count",
            bounds == sorted(bounds) and bounds[-1] == stored, f"{bounds}")
    mean = found["tacho_durable_seconds_sum"] / max(1, stored)
    # The client's own latency has the way to the server and back in it.
    c.check("writers wait no longer than the fleet says", 0 < mean <= report["p99_ms"] / 1000 * 2 + 0.05,
            f"mean {mean} s, the fleet's p99 {report['p99_ms']} ms")
    c.note(f"{stored} points, mean {mean * 1000:.2f} ms until durable")


def queries(c, subject, watcher):
    wanted = prometheus.samples(prometheus.fetch(url(subject, "/metrics"))[1])["tacho_points_total"]
    c.check("Prometheus has scraped all points", process.wait_until(
        lambda: watcher.value("tacho_points_total") == wanted, 20, 0.2),
        watcher.log.read_text()[-500:])
    c.check("and says how many a second", process.wait_until(
        lambda: (watcher.value("job:tacho_points:rate1m") or 0) > 0, 20, 0.2))
    rules = watcher.api("rules").get("data", {}).get("groups", [])
    states = [(rule["name"], rule["health"]) for group in rules for rule in group["rules"]]
    c.check("it evaluates every rule", len(states) >= 20 and all(
        health == "ok" for _, health in states), f"{states}")
    firing = [alert["labels"]["alertname"] for alert in
              watcher.api("alerts").get("data", {}).get("alerts", []) if alert["state"] == "firing"]
    c.check("no alert of a server that is well", not firing, f"{firing}")
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    asked = 0
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            reply = watcher.api("query", query=target["expr"].replace("$instance", ".*"))
            asked += 1
            c.check(f"panel {panel['title']!r} is answered", reply.get("status") == "success",
                    f"{target['expr']}: {reply}")
    c.check("the dashboard has panels", asked >= 30, f"{asked}")


# --- probes, users, TLS -----------------------------------------------------------------------


def probes(c):
    place, logs = c.place("probes"), c.place("logs")
    subject = server.started(c.server_command(), place / "data", logs, ["--min-free", "900T"])
    status, text = prometheus.fetch(url(subject, "/readyz"))
    c.check("not ready says why", status == 503 and "--min-free" in text, f"{status} {text}")
    c.check("and is alive", prometheus.fetch(url(subject, "/healthz")) == (200, "ok\n"))
    subject.stop()
    secured(c, place, logs)


def secured(c, place, logs):
    """With users and TLS on all addresses."""
    key, cert, users = place / "key.pem", place / "cert.pem", place / "users"
    process.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext",
                 "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"], check=True)
    password = f"a password {c.random.random()}"
    users.touch(mode=0o600)
    for name, role in (("prometheus", "ops"), ("app", "read")):
        done = subprocess.run([c.program("tacho"), "acl", "hash", "--user", name, "--role", role],
                              input=password.encode() + b"\n", capture_output=True, check=True,
                              timeout=60)
        with open(users, "ab") as file:
            file.write(done.stdout)
    (place / "password").write_text(password)
    arguments = ["--tls-cert", cert, "--tls-key", key, "--acl", users, "--tls-only",
                 "--http", "127.0.0.1:0"]
    subject = server.started(c.server_command(), place / "secured", logs, list(map(str, arguments)))
    context = ssl.create_default_context(cafile=cert)

    def ask(path, user=None, secret=password):
        headers = {}
        if user:
            text = base64.b64encode(f"{user}:{secret}".encode()).decode()
            headers = {"Authorization": f"Basic {text}"}
        return prometheus.fetch(url(subject, path, "https"), headers.items(), context)[0]

    for label, answer, wanted in (
            ("probes need no user", ask("/readyz"), 200), ("figures do", ask("/metrics"), 401),
            ("role ops", ask("/metrics", "prometheus"), 200),
            ("role read", ask("/metrics", "app"), 403),
            ("a wrong password", ask("/metrics", "prometheus", "guess"), 401),
            ("nobody of that name", ask("/metrics", "root"), 401)):
        c.check(f"{label}: {wanted}", answer == wanted, f"{answer}")
    status, text = prometheus.fetch(url(subject, "/readyz"))
    c.check("plain HTTP is told to speak TLS", status == 400 and "TLS expected" in text, text)
    watcher = prometheus.Prometheus(place, subject.http, DEPLOY / "tacho-rules.yml", {
        "scheme": "https", "tls_config": {"ca_file": str(cert)},
        "basic_auth": {"username": "prometheus", "password_file": str(place / "password")}})
    c.check("Prometheus comes with TLS and a password", process.wait_until(
        lambda: watcher.value("up") == 1, 20, 0.2), watcher.log.read_text()[-500:])
    watcher.child.terminate()
    curl = process.run(["curl", "-sS", "--cacert", cert, "-u", f"prometheus:{password}",
                        url(subject, "/metrics", "https")], text=True)
    c.check("and so does curl", "tacho_tls_certificate_expiry_timestamp_seconds" in curl.stdout,
            curl.stderr)
    c.check("stops cleanly", subject.stop() == 0, subject.last_error)
    c.check("no password is in the log", password not in subject.stderr)


# --- settings and signals ----------------------------------------------------------------------


def settings(c):
    place, logs = c.place("settings"), c.place("logs")
    path = place / "tachod.conf"

    def write(*lines):
        path.write_text("\n".join(["# settings", *lines, ""]))

    sample = process.run([c.program("tachod"), "--sample-config"], check=True).stdout
    c.check("the installed file is the program's sample",
            sample == (DEPLOY / "tachod.conf").read_bytes())
    write("log-level = notice", "range-seconds = 0", "workers = 2")
    subject = server.started(c.server_command(), place / "data", logs,
                             ["--config", str(path), "--reserve", "0"])
    # min-free is on server.py's command line, which counts more.
    run = fleet.FleetRun(c.program("tacho-fleet"), subject, place, "h", c.random.getrandbits(31),
                         riders=100, rate=2_000, seconds=6, ledger=False)

    def hup(wanted, *lines):
        write(*lines)
        before = len(subject.stderr)
        os.kill(subject.pid, signal.SIGHUP)
        told = process.wait_until(lambda: wanted in subject.stderr[before:], 10)
        c.check(f"SIGHUP: {wanted}", told and subject.is_running(), subject.stderr[before:])

    hup("range-points (1000)", "range-points = 1000", "workers = 2")
    c.check("and ranges are sealed by it", process.wait_until(
        lambda: prometheus.samples(prometheus.fetch(url(subject, "/metrics"))[1])
        ["tacho_segments_sealed_total"] > 0, 20, 0.2))
    hup("workers: changed, needs a restart", "range-points = 1000", "workers = 3")
    hup("line 3: speed: no such setting", "range-points = 5", "speed = 9")
    page = prometheus.samples(prometheus.fetch(url(subject, "/metrics"))[1])
    c.check("what could not be taken is a figure", page["tacho_reload_failed"] == 1
            and page["tacho_reloads_total"] == 3, f"{page['tacho_reloads_total']}")
    hup("log-level (debug)", "range-points = 1000", "workers = 2", "log-level = debug")
    path.unlink()
    os.kill(subject.pid, signal.SIGHUP)
    c.check("a file that is gone changes nothing", process.wait_until(
        lambda: "cannot be read" in subject.stderr, 10) and subject.is_running())
    for _ in range(50):
        os.kill(subject.pid, signal.SIGHUP)
        time.sleep(0.01)
    code, report = run.wait(60), run.report()
    c.check("the fleet noticed nothing", code == 0 and report["acknowledged"] == report["sent"],
            f"{code} {report}")
    c.check("stops cleanly", subject.stop() == 0, subject.last_error)
    bare = server.started(c.server_command(), place / "bare", logs)
    os.kill(bare.pid, signal.SIGHUP)
    c.check("without settings, users and TLS, SIGHUP stops it", bare.wait(20) == 0)


def supervisor(c):
    """What systemd would hear."""
    place, logs = c.place("supervisor"), c.place("logs")
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(str(place / "notify"))
    ear.settimeout(20)
    path = place / "tachod.conf"
    path.write_text("log-level = notice\n")
    os.environ["NOTIFY_SOCKET"] = str(place / "notify")
    os.environ["WATCHDOG_USEC"] = "1000000"
    try:
        subject = server.started(c.server_command(), place / "data", logs, ["--config", str(path)])
    finally:
        del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
    c.check("READY=1 with the address", ear.recv(500).startswith(b"READY=1\nSTATUS=serving on "))
    c.check("WATCHDOG=1 in time", ear.recv(500) == b"WATCHDOG=1")
    os.kill(subject.pid, signal.SIGHUP)
    heard = []
    while not heard or heard[-1] != b"READY=1" and len(heard) < 10:
        heard.append(ear.recv(500).split(b"\n")[0])
    c.check("RELOADING=1, then READY=1", b"RELOADING=1" in heard and heard[-1] == b"READY=1",
            f"{heard}")
    code = subject.stop()
    while heard[-1] == b"WATCHDOG=1" or heard[-1] == b"READY=1":
        heard.append(ear.recv(500).split(b"\n")[0])
    c.check("STOPPING=1, then the end", code == 0 and heard[-1] == b"STOPPING=1", f"{heard}")


# --- what is installed --------------------------------------------------------------------------


def deploy(c):
    for words in (["promtool", "check", "rules", DEPLOY / "tacho-rules.yml"],
                  ["promtool", "test", "rules", DEPLOY / "tacho-rules-test.yml"]):
        done = process.run(words, text=True, cwd=DEPLOY)
        c.check(" ".join(map(str, words[1:3])), done.returncode == 0, done.stdout + done.stderr)
    unit = c.place("unit") / "tachod.service"
    text = (DEPLOY / "tachod.service").read_text()
    # The programs and pages are not installed here.
    text = text.replace("/usr/bin/tachod", c.program("tachod")).replace("man:tachod(8) ", "")
    unit.write_text(text)
    done = process.run(["systemd-analyze", "verify", unit], text=True)
    c.check("systemd-analyze verify", done.returncode == 0 and not done.stderr.strip(), done.stderr)
    done = process.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
                       text=True)
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    c.check("systemd-analyze security says at most 2.0", done.returncode == 0,
            exposure and exposure[1])
    c.note(f"exposure {exposure[1] if exposure else '?'}")


def package(c):
    place, logs = c.place("package"), c.place("logs")
    build = [DEPLOY / "build-deb", "--bin-dir", c.options.bin_dir]
    if not c.options.full:
        build += ["--compression", "gzip"]
    done = process.run([*build, "--out", place], text=True, timeout=600)
    c.check("the package is built", done.returncode == 0, done.stderr)
    found = sorted(place.glob("*.deb"))
    if not found:
        return
    root = place / "root"
    process.run(["dpkg-deb", "-x", found[0], root], check=True)
    process.run(["dpkg-deb", "-e", found[0], place / "control"], check=True)
    for script in ("postinst", "prerm", "postrm"):
        c.check(f"{script} is a script", process.run(
            ["sh", "-n", place / "control" / script]).returncode == 0)
    conffiles = (place / "control" / "conffiles").read_text().split()
    c.check("settings are a conffile", conffiles == ["/etc/tacho/tachod.conf"])
    outside(c, root)
    unpacked(c, root, place, logs)
    for page in ("man8/tachod.8", "man1/tacho.1", "man1/tacho-audit.1", "man1/tacho-fleet.1"):
        text = process.run(["man", "-l", root / "usr/share/man" / (page + ".gz")], text=True,
                           env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat"}).stdout
        c.check(f"{page} has a name and options", "NAME" in text and "--help" in text
                and len(text) > 1_500)
    if c.options.full:
        again = process.run([*build, "--out", place / "again"], text=True, timeout=600)
        c.check("twice the same bytes", again.returncode == 0
                and found[0].read_bytes() == sorted((place / "again").glob("*.deb"))[0].read_bytes())
        lint = process.run(["lintian", "--allow-root", "--fail-on", "error", found[0]], text=True,
                           timeout=600)
        c.check("lintian has no errors", lint.returncode == 0, lint.stdout + lint.stderr)
        for line in lint.stdout.splitlines():
            c.note(f"lintian: {line}")
    c.note(f"{found[0].name}: {found[0].stat().st_size >> 20} MiB")


def outside(c, root):
    """No program looks for a library where Swift is installed."""
    for program in ("tachod", "tacho", "tacho-audit", "tacho-fleet"):
        path = root / "usr/lib/tacho" / program
        libraries = process.run(["ldd", path], text=True, check=True).stdout
        strange = [line for line in libraries.splitlines() if "=> /" in line
                   and not re.search(r"=> (/lib|/usr/lib)/", line)
                   and str(root) not in line] + [
                       line for line in libraries.splitlines() if "not found" in line]
        c.check(f"{program} needs nothing from elsewhere", not strange, f"{strange}")


def unpacked(c, root, place, logs):
    """The server of the package with its own settings, moved to a place that is free."""
    sample = (root / "etc/tacho/tachod.conf").read_text()
    path = place / "tachod.conf"
    path.write_text(sample.replace("/var/lib/tacho", str(place / "data")))
    program = root / "usr/bin/tachod"
    bare = {"PATH": "/usr/bin:/bin"}
    done = process.run([program, "--check-config", "--config", path], text=True, env=bare)
    c.check("the packaged settings are good", done.returncode == 0, done.stderr)
    subject = server.started([program], place / "data", logs, ["--config", str(path)], name="packaged")
    with subject.connect() as client:
        now = int(time.time() * 1000)
        c.check("the packaged server stores a point",
                client.command("T.ADD", "r", now, "37.5", "127") == 0)
    c.check("and has figures", prometheus.samples(
        prometheus.fetch(url(subject, "/metrics"))[1]).get("tacho_points_total") == 1)
    stats = process.run([root / "usr/bin/tacho", "stats", "--server", subject.address, "--json"],
                        text=True, env=bare)
    c.check("and its tools reach it", json.loads(stats.stdout)["points"] == 1, stats.stderr)
    c.check("it stops cleanly", subject.stop() == 0, subject.last_error)


PARTS = {"figures": figures, "probes": probes, "settings": settings, "supervisor": supervisor,
         "deploy": deploy, "package": package}

if __name__ == "__main__":
    sys.exit(main())
