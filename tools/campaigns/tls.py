#!/usr/bin/env python3
"""TLS and mutual TLS as clients meet them: redis-cli, redis-py, OpenSSL, Python's own sockets.

Certificates are made with the openssl command. What is sent through TLS must come back byte for byte
as without; what is not TLS is told so and costs the server nothing; new certificates are taken while
it serves.

examples:
  tools/campaigns/tls.py --verbose
"""

import os
import signal
import socket
import ssl
import sys
import time
import warnings

from lib import campaign, process, resp, server, tracks, witness

PYTHON = campaign.ROOT / ".build" / "venv" / "bin" / "python"
# Connections that idle with TLS, and what each may cost.
IDLE = 500
IDLE_BYTES = 96_000
REDIS_PY = campaign.ROOT / "tools" / "campaigns" / "programs" / "redis_tls.py"


def main():
    options = campaign.parser(__doc__, faulty=False).parse_args()
    with campaign.Campaign("tls", options) as c:
        pki = Authority(c.place("pki"))
        subject = start(c, pki, "server")
        clients(c, subject, pki)
        same_bytes(c, subject, pki)
        versions(c, subject, pki)
        rubbish(c, subject, pki)
        reload(c, subject, pki)
        memory(c, subject, pki)
        c.check("stops cleanly", subject.stop() == 0, subject.last_error)
        only_tls(c, pki)
        programs(c, pki)
        mutual(c, pki)
        users(c, pki)
        refused_files(c, pki)


class Authority:
    """A root of our own and what it signed."""

    def __init__(self, place):
        self.place = place
        self.root("ca")
        self.root("stranger")
        self.leaf("server", san="DNS:localhost,IP:127.0.0.1")
        self.leaf("server2", san="DNS:localhost,IP:127.0.0.1")
        self.leaf("client", cn="rider-api")
        self.leaf("foreign", authority="stranger", cn="rider-api")

    def path(self, name):
        return self.place / name

    def openssl(self, *words):
        return process.run(["openssl", *words], check=True)

    def root(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", self.path(name + ".key"), "-out", self.path(name + ".pem"),
                     "-subj", f"/CN={name}", "-days", "30")

    def leaf(self, name, authority="ca", cn=None, san=None, days=30):
        request, extensions = self.path(name + ".csr"), self.path(name + ".ext")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", self.path(name + ".key"), "-out", request,
                     "-subj", f"/O=Tacho/CN={cn or name}")
        extensions.write_text(f"subjectAltName={san}\n" if san else "basicConstraints=CA:FALSE\n")
        self.openssl("x509", "-req", "-in", request, "-CA", self.path(authority + ".pem"),
                     "-CAkey", self.path(authority + ".key"), "-CAcreateserial",
                     "-extfile", extensions, "-days", str(days), "-out", self.path(name + ".pem"))

    def context(self, client=None, authority="ca"):
        context = ssl.create_default_context(cafile=self.path(authority + ".pem"))
        if client:
            context.load_cert_chain(self.path(client + ".pem"), self.path(client + ".key"))
        return context


def options_of(pki, name="server", *more):
    return ["--tls-cert", str(pki.path(name + ".pem")), "--tls-key", str(pki.path(name + ".key")),
            *more]


def start(c, pki, name, *more):
    return server.started(c.server_command(), c.place(f"data-{name}"), c.place(f"logs-{name}"),
                          options_of(pki, "server", *more))


class Secure(resp.Connection):
    """A connection of the oracle through TLS."""

    def __init__(self, subject, context, timeout=20):
        super().__init__(subject.host, subject.port, timeout)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")


def clients(c, subject, pki):
    base = ["redis-cli", "-h", "127.0.0.1", "-p", subject.port]
    tls = ["--tls", "--cacert", pki.path("ca.pem"), "--sni", "localhost"]
    done = process.run(base + tls + ["PING"], text=True, timeout=30)
    c.check("redis-cli --tls", done.stdout.strip() == "PONG", done.stdout + done.stderr)
    done = process.run(base + ["--tls", "--cacert", pki.path("stranger.pem"), "PING"], text=True,
                       timeout=30)
    c.check("redis-cli does not trust another root", "PONG" not in done.stdout, done.stdout)
    done = process.run(base + ["PING"], text=True, timeout=30)
    c.check("the same machine may do without", done.stdout.strip() == "PONG",
            done.stdout + done.stderr)
    for protocol in (2, 3):
        done = process.run([PYTHON, REDIS_PY, subject.port, pki.path("ca.pem"), protocol, "-"],
                           text=True, timeout=60)
        c.check(f"redis-py over TLS, protocol {protocol}, blocking and asyncio",
                done.stdout.split() == ["True", "True", "True"], done.stdout + done.stderr[-500:])


def same_bytes(c, subject, pki):
    """Long requests and replies, cut anywhere, come through as they are without TLS."""
    with Secure(subject, pki.context()) as secure, subject.connect() as plain:
        words = ["T.MADD"]
        for n in range(5000):
            words += [f"tls-{n % 7}", tracks.START_MS + n * 1000, f"37.{n:07d}", "127.0"]
        request = resp.encode(words)
        c.note(f"a request of {len(request)} bytes")
        pieces, at = [], 0
        while at < len(request):
            size = c.random.choice([1, 100, 4096, 16384, 50000])
            pieces.append(request[at:at + size])
            at += size
        for piece in pieces:
            secure.send_raw(piece)
        masks = secure.read()
        c.check("a long request in pieces is answered", isinstance(masks, list)
                and len(masks) == 5000, repr(masks)[:200])
        for n in range(7):
            asked = ("T.RANGE", f"tls-{n}", "-", "+")
            c.check(f"a long reply is the same, rider {n}",
                    secure.ask(*asked) == plain.ask(*asked))
        count = 300
        secure.send_raw(resp.encode(["T.RANGE", "tls-1", "-", "+"]) * count)
        whole = plain.ask("T.RANGE", "tls-1", "-", "+")
        c.check(f"{count} long replies in a row, tens of MB, are the same",
                all(secure.read() == whole for _ in range(count)))
        # A request that is refused: the error arrives, then the end.
        secure.send_raw(b"*1\r\n$-7\r\n")
        refused = secure.read()
        c.check("a refusal is readable through TLS", isinstance(refused, resp.ReplyError),
                repr(refused))
        c.check("then the connection ends", ends(secure.socket))
    with Secure(subject, pki.context()) as secure:
        secure.send("QUIT")
        c.check("QUIT is answered, then the end", secure.read() == "OK" and ends(secure.socket))


def ends(connection, seconds=10):
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
        return True
    except (ConnectionError, ssl.SSLError):
        return True
    except TimeoutError:
        return False


def versions(c, subject, pki):
    warnings.simplefilter("ignore", DeprecationWarning)
    for name, version, works in (("1.1", ssl.TLSVersion.TLSv1_1, False),
                                 ("1.2", ssl.TLSVersion.TLSv1_2, True),
                                 ("1.3", ssl.TLSVersion.TLSv1_3, True)):
        context = pki.context()
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        try:
            with Secure(subject, context) as secure:
                got = secure.ask("PING") == "PONG"
        except (OSError, ssl.SSLError):
            got = False
        c.check(f"TLS {name} is {'spoken' if works else 'refused'}", got == works)


def rubbish(c, subject, pki):
    """What looks like TLS and is none ends soon, and leaves nothing behind."""
    before = len(os.listdir(f"/proc/{subject.pid}/fd"))
    hello = b"\x16\x03\x01"
    cases = {
        "a byte and nothing more": (b"\x16", 15),
        "a record that never ends": (hello + b"\x40\x00" + b"\x01" * 100, 15),
        "a length beyond what TLS has": (hello + b"\xff\xff" + b"\x00" * 100, 10),
        "random bytes": (b"\x16" + c.random.randbytes(4000), 10),
        "an alert": (hello + b"\x00\x02\x02\x28", 10),
    }
    waiting = []
    for name, (data, seconds) in cases.items():
        connection = socket.create_connection((subject.host, subject.port), 5)
        connection.sendall(data)
        waiting.append((name, connection, seconds))
    for name, connection, seconds in waiting:
        c.check(f"{name}: ended", ends(connection, seconds))
        connection.close()
    many = [socket.create_connection((subject.host, subject.port), 5) for _ in range(300)]
    for connection in many:
        connection.sendall(b"\x16\x03")
    with Secure(subject, pki.context()) as secure:
        c.check("served beside 300 that do not finish", secure.ask("PING") == "PONG")
    for connection in many:
        connection.close()
    c.check("nothing is left open", process.wait_until(
        lambda: len(os.listdir(f"/proc/{subject.pid}/fd")) <= before, 10, 0.1),
            f"{before} before, {len(os.listdir(f'/proc/{subject.pid}/fd'))} after")


def serial(subject, pki):
    with Secure(subject, pki.context()) as secure:
        assert secure.ask("PING") == "PONG"
        return secure.socket.getpeercert()["serialNumber"]


def exchange(pki, name, wanted):
    """Files that are replaced by name, as tools for certificates do it."""
    for kind in (".key", ".pem"):
        new = pki.path("new" + kind)
        new.write_bytes(pki.path(wanted + kind).read_bytes())
        os.replace(new, pki.path(name + kind))


def reload(c, subject, pki):
    first = serial(subject, pki)
    old = Secure(subject, pki.context())
    exchange(pki, "server", "server2")
    c.check("new files are taken by themselves",
            process.wait_until(lambda: serial(subject, pki) != first, 15, 0.3))
    c.check("a connection from before goes on", old.ask("PING") == "PONG")
    old.close()
    second = serial(subject, pki)
    pki.leaf("server3", san="DNS:localhost,IP:127.0.0.1")
    exchange(pki, "server", "server3")
    os.kill(subject.pid, signal.SIGHUP)
    c.check("SIGHUP takes them at once",
            process.wait_until(lambda: serial(subject, pki) != second, 3, 0.05))
    third = serial(subject, pki)
    pki.path("server.pem").write_text("no certificate\n")
    os.kill(subject.pid, signal.SIGHUP)
    c.check("a bad file is told in the log", process.wait_until(
        lambda: "no certificate in it" in subject.stderr, 10, 0.1), subject.last_error)
    c.check("and changes nothing", serial(subject, pki) == third)
    exchange(pki, "server", "client")
    os.kill(subject.pid, signal.SIGHUP)
    c.check("a good pair is taken again", process.wait_until(
        lambda: tries(lambda: serial(subject, pki)) is None, 10, 0.1))
    exchange(pki, "server", "server2")
    os.kill(subject.pid, signal.SIGHUP)
    c.check("and another one", process.wait_until(
        lambda: tries(lambda: serial(subject, pki)) == second, 10, 0.1))


def tries(body):
    """None when TLS refuses (here: a certificate for another host)."""
    try:
        return body()
    except (OSError, ssl.SSLError):
        return None


def memory(c, subject, pki):
    """What an idle connection costs with TLS, after a fix was written and read through it."""
    context = pki.context()
    before = witness.resident(subject.pid)
    crowd = [Secure(subject, context) for _ in range(IDLE)]
    now = int(time.time() * 1000)
    written = [one.command("T.ADD", f"m-{number}", str(now), "37.5", "127")
               for number, one in enumerate(crowd)]
    read = [one.command("T.GET", f"m-{number}") for number, one in enumerate(crowd)]
    c.check(f"{IDLE:,} connections with TLS write and read",
            all(reply == 0 for reply in written) and all(read), f"{written[:2]} {read[:1]}")
    time.sleep(1)
    each = (witness.resident(subject.pid) - before) / IDLE
    c.note(f"idle with TLS: {each:,.0f} bytes each")
    c.check(f"each costs less than {IDLE_BYTES:,} bytes", each < IDLE_BYTES, f"{each:,.0f}")
    for one in crowd:
        one.close()


def only_tls(c, pki):
    subject = start(c, pki, "only", "--tls-only")
    done = process.run(["redis-cli", "-p", subject.port, "PING"], text=True, timeout=30)
    c.check("--tls-only: plain is refused with what to do", "--tls" in done.stdout + done.stderr,
            done.stdout + done.stderr)
    with Secure(subject, pki.context()) as secure:
        c.check("--tls-only: TLS is served", secure.ask("PING") == "PONG")
    c.check("--tls-only: stops cleanly", subject.stop() == 0, subject.last_error)


def mutual(c, pki):
    authorities = ("--tls-client-ca", str(pki.path("ca.pem")))
    subject = start(c, pki, "mutual", *authorities)
    with Secure(subject, pki.context("client")) as secure:
        c.check("a client with a certificate is served", secure.ask("PING") == "PONG")
    for name, context in (("none", pki.context()), ("one of another root", pki.context("foreign"))):
        c.check(f"with {name} it is not", not served(subject, context))
    done = process.run([PYTHON, REDIS_PY, subject.port, pki.path("ca.pem"), 3, pki.path("client")],
                       text=True, timeout=60)
    c.check("redis-py with a certificate", done.stdout.split() == ["True", "True", "True"],
            done.stdout + done.stderr[-500:])
    subject.stop()
    subject = start(c, pki, "optional", *authorities, "--tls-client-auth", "optional")
    for name, context, works in (("with", pki.context("client"), True),
                                 ("without", pki.context(), True),
                                 ("with a foreign one", pki.context("foreign"), False)):
        c.check(f"optional: {name} a certificate: {'served' if works else 'not served'}",
                served(subject, context) == works)
    subject.stop()


def programs(c, pki):
    """Tacho's own programs."""
    subject = start(c, pki, "programs", "--tls-only")
    base = [c.program("tacho"), "stats", "--json", "--server"]
    named, numbers = f"localhost:{subject.port}", f"127.0.0.1:{subject.port}"
    ca = ["--tls-ca", pki.path("ca.pem")]
    for name, words, environment, code in (
            ("by name", [named, *ca], {}, 0), ("by address", [numbers, *ca], {}, 0),
            ("by the environment", [named], {"TACHO_TLS_CA": str(pki.path("ca.pem"))}, 0),
            ("another root", [named, "--tls-ca", pki.path("stranger.pem")], {}, 69),
            ("without TLS", [named], {}, 1),
            ("no such file", [named, "--tls-ca", pki.path("nowhere.pem")], {}, 1),
            ("a certificate without its key", [named, *ca, "--tls-cert", pki.path("client.pem")],
             {}, 64)):
        done = process.run(base + words, text=True, env={**os.environ, **environment}, timeout=30)
        c.check(f"tacho stats, {name}: exit {code}", done.returncode == code,
                f"{done.returncode}: {done.stdout} {done.stderr}")
        c.check(f"tacho stats, {name}: one line", len(done.stdout.splitlines()
                + done.stderr.splitlines()) == 1, done.stdout + done.stderr)
    done = process.run([c.program("tacho-fleet"), "--riders", 100, "--rate", 0, "--seconds", 1,
                        "--packed", "--server", named, *ca, "--json"], text=True, timeout=60)
    c.check("tacho-fleet sends through TLS", done.returncode == 0
            and '"acknowledged":0' not in done.stdout, done.stdout + done.stderr)
    c.note(f"tacho-fleet through TLS: {done.stdout.strip()}")
    subject.stop()


def users(c, pki):
    """A user without a password comes by the name in the client's certificate."""
    place = c.place("users")
    acl = place / "users"
    made = process.run([c.program("tacho"), "acl", "hash", "--user", "kim", "--role", "read"],
                       input="a long password\n", stdin=None, text=True, check=True).stdout
    acl.write_text("user rider-api role ingest nopass-by-certificate\n" + made)
    acl.chmod(0o600)
    more = ("--acl", str(acl), "--tls-client-ca", str(pki.path("ca.pem")), "--tls-client-auth",
            "optional")
    subject = start(c, pki, "users", *more)
    with Secure(subject, pki.context("client")) as secure:
        c.check("a certificate logs its user in", secure.ask("ACL", "WHOAMI") == b"rider-api",
                repr(secure.ask("ACL", "WHOAMI")))
        c.check("with the role's commands", secure.ask(
            "T.ADD", "r", tracks.START_MS, "37.5", "127") == 0)
        c.check("and no others", "NOPERM" in str(secure.ask("T.GET", "r")))
        secure.ask("RESET")
        c.check("also after RESET", secure.ask("ACL", "WHOAMI") == b"rider-api")
    with Secure(subject, pki.context()) as secure:
        c.check("without one a password is needed", "NOAUTH" in str(secure.ask("T.GET", "r")))
        c.check("the user of a certificate has no password",
                "WRONGPASS" in str(secure.ask("AUTH", "rider-api", "")))
        c.check("kim has one", secure.ask("AUTH", "kim", "a long password") == "OK"
                and secure.ask("T.GET", "r")[0] == tracks.START_MS)
    subject.stop()
    for name, options, ready in (
            ("neither", (), False), ("no users", options_of(pki, "server"), False),
            ("no TLS", ("--acl", str(acl)), False),
            ("both", options_of(pki, "server", "--acl", str(acl)), True)):
        subject = server.Server(c.server_command(), c.place("data-open"), c.place("logs-open"),
                                ["--resp", "0.0.0.0:0", *options])
        c.check(f"all addresses with {name}: {'served' if ready else 'refused'}",
                subject.wait_ready(10) == ready and (ready or (
                    subject.wait(5) == 64 and ("--tls-cert" in subject.stderr or
                                               "--acl" in subject.stderr))), subject.stderr)
        subject.kill9()


def served(subject, context):
    try:
        with Secure(subject, context) as secure:
            return secure.ask("PING") == "PONG"
    except (OSError, ssl.SSLError):
        return False


def refused_files(c, pki):
    """What cannot work is said before the server starts."""
    pki.leaf("old", days=-1)
    pki.path("empty.pem").write_text("")
    pki.openssl("pkey", "-in", pki.path("server2.key"), "-aes128", "-passout", "pass:x",
                "-out", pki.path("locked.key"))
    good = pki.path("server2.pem"), pki.path("server2.key")
    cases = [
        ("no file", (pki.path("nowhere.pem"), good[1]), "No such file"),
        ("an empty file", (pki.path("empty.pem"), good[1]), "no certificate in it"),
        ("a key of another", (good[0], pki.path("client.key")), "not the key of"),
        ("a key with a passphrase", (good[0], pki.path("locked.key")), "without a passphrase"),
        ("no key", (good[0], pki.path("empty.pem")), "no private key"),
        ("a certificate that ended", (pki.path("old.pem"), pki.path("old.key")), "ended"),
    ]
    for name, (cert, key), text in cases:
        subject = server.Server(c.server_command(), c.place("data-bad"), c.place("logs-bad"),
                                ["--tls-cert", str(cert), "--tls-key", str(key)])
        ready = subject.wait_ready(20)
        c.check(f"{name}: refused", not ready and subject.wait(10) == 64 and
                text in subject.stderr, f"exit {subject.child.poll()}: {subject.stderr}")
        c.check(f"{name}: in one line", len(subject.stderr.strip().splitlines()) == 1,
                subject.stderr)
        subject.kill9()
    subject = server.Server(c.server_command(), c.place("data-bad"), c.place("logs-bad"),
                            ["--tls-cert", str(good[0])])
    c.check("a certificate without a key: usage", subject.wait(20) == 64
            and "--tls-key" in subject.stderr, subject.stderr)


if __name__ == "__main__":
    sys.exit(main())
