#!/usr/bin/env python3
"""Clients that exist: redis-cli, redis-benchmark and redis-py connect, write, read and listen.

redis-py comes from the virtual environment that tools/setup makes.

examples:
  tools/campaigns/clients.py --verbose
"""

import json
import sys

from lib import campaign, process, resp, server, tracks

REDIS_PY = r'''
import json, struct, sys, threading, time
import redis
port, ts = int(sys.argv[1]), int(sys.argv[2])
out = {}
r = redis.Redis(port=port, decode_responses=True, client_name="campaign")
out["ping"] = r.ping()
out["add"] = r.execute_command("T.ADD", "py", ts, "37.5", "127.0", "SPEED", "1.5")
with r.pipeline(transaction=False) as pipe:
    for n in range(1, 51):
        pipe.execute_command("T.ADD", "py", ts + n * 1000, f"{37.5 + n * 1e-5:.7f}", "127.0")
    pipe.execute_command("T.LEN", "py", "-", "+")
    out["pipeline"] = pipe.execute()
out["get"] = r.execute_command("T.GET", "py")
out["missing"] = r.execute_command("T.GET", "nobody")
try:
    r.execute_command("T.ADD", "py", ts, "127.02", "37.5")
except redis.ResponseError as error:
    out["swapped"] = str(error)
heard = []
def listen():
    other = redis.Redis(port=port, decode_responses=True)
    heard.extend(other.xread({"alerts": "$"}, count=1, block=10000))
listener = threading.Thread(target=listen)
listener.start()
time.sleep(0.5)
out["jump"] = r.execute_command("T.ADD", "py", ts + 51000, "37.9", "127.0")
listener.join(15)
out["heard"] = heard
out["xlen"] = r.xlen("alerts")
out["xrange"] = r.xrange("alerts", "-", "+", count=5)
out["info"] = isinstance(r.info(), dict)
# A packed batch as section 13 of format-spec.md lays it out.
ABSENT = -2**31
def row(rider, ts, lat, lon, speed=ABSENT, heading=ABSENT, acc=ABSENT, alt=ABSENT, source=0):
    return struct.pack("<q6i2BH", ts, lat, lon, speed, heading, acc, alt, source, 0, rider)
names = [b"packed-1", "포장".encode()]
rows = [row(0, ts, 375000000, 1270000000, speed=150, source=1), row(1, ts, 375000000, 1270000000),
        row(0, ts, 375000000, 1270000000, speed=150, source=1),
        row(0, ts + 1000, 1270000000, 375000000), row(1, ts + 1000, 375000100, 1270000000, speed=200000)]
frame = (b"TPUT" + struct.pack("<BBHI", 0, 0, len(names), len(rows)) + b"".join(rows)
         + bytes(map(len, names)) + b"".join(names))
out["put"] = r.execute_command("T.PUT", frame, "SESSION", "campaign", "SEQ", 1)
out["put_again"] = r.execute_command("T.PUT", frame, "SESSION", "campaign", "SEQ", 1)
out["put_twice"] = r.execute_command("T.PUT", frame)
out["put_get"] = r.execute_command("T.GET", "포장")
try:
    r.execute_command("T.PUT", frame[:-1])
except redis.ResponseError as error:
    out["put_cut"] = str(error)
pool = redis.Redis(connection_pool=redis.BlockingConnectionPool(port=port, max_connections=8))
threads = [threading.Thread(target=lambda: [pool.execute_command("T.GET", "py") for _ in range(50)])
           for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
try:
    redis.Redis(port=port, protocol=3).ping()
    out["hello3"] = "accepted"
except redis.RedisError as error:
    out["hello3"] = str(error)
print(json.dumps(out))
'''


def main():
    options = campaign.parser(__doc__, seed=False, faulty=False).parse_args()
    with campaign.Campaign("clients", options) as c:
        subject = server.started(c.server_command(), c.work / "data", c.place("logs"))
        redis_cli(c, subject)
        redis_benchmark(c, subject)
        redis_py(c, subject)
        c.check("stops cleanly", subject.stop() == 0, subject.last_error)


def cli(subject, *words, stdin=None):
    return process.run(["redis-cli", "-p", subject.port, *words], timeout=30, text=True,
                       **({"input": stdin, "stdin": None} if stdin is not None else {}))


def redis_cli(c, subject):
    done = cli(subject, "PING")
    c.check("redis-cli PING", done.stdout.strip() == "PONG", done.stdout + done.stderr)
    done = cli(subject, "--no-raw", "T.ADD", "cli", tracks.START_MS, "37.5665", "126.9780")
    c.check("redis-cli T.ADD", done.stdout.strip() == "(integer) 0", done.stdout + done.stderr)
    done = cli(subject, "--no-raw", "T.GET", "cli")
    c.check("redis-cli T.GET shows the fix", '"37.5665000"' in done.stdout, done.stdout)
    done = cli(subject, stdin=f"T.LEN cli - +\nT.ADD cli {tracks.START_MS} 37.5665 126.9780\n")
    c.check("redis-cli reads commands from a file", done.stdout.split() == ["1", "1"],
            done.stdout + done.stderr)
    commands = b"".join(resp.encode(["T.ADD", "mass", tracks.START_MS + n * 1000, "37.5", "127.0"])
                        for n in range(1000))
    done = process.run(["redis-cli", "-p", subject.port, "--pipe"], input=commands, stdin=None)
    c.check("redis-cli --pipe", b"errors: 0, replies: 1000" in done.stdout,
            (done.stdout + done.stderr).decode()[-300:])


def redis_benchmark(c, subject):
    done = process.run(["redis-benchmark", "-p", subject.port, "-n", 20000, "-c", 20, "-P", 16,
                        "-q", "T.GET", "cli"], timeout=60, text=True)
    c.check("redis-benchmark with pipelines", done.returncode == 0 and "Error" not in done.stdout,
            (done.stdout + done.stderr)[-300:])


def redis_py(c, subject):
    python = campaign.ROOT / ".build" / "venv" / "bin" / "python"
    if not c.check("redis-py is there (tools/setup)", python.exists(), str(python)):
        return
    done = process.run([python, "-c", REDIS_PY, subject.port, tracks.START_MS], timeout=60,
                       text=True)
    if not c.check("redis-py runs", done.returncode == 0, done.stderr[-500:]):
        return
    out = json.loads(done.stdout)
    c.check("redis-py connects", out["ping"] is True and out["info"])
    c.check("redis-py T.ADD", out["add"] == 0, f"{out['add']}")
    c.check("redis-py pipelines, a read after writes sees them",
            out["pipeline"] == [0] * 50 + [51], f"{out['pipeline'][-3:]}")
    c.check("redis-py T.GET", isinstance(out["get"], list) and len(out["get"]) == 11,
            f"{out['get']}")
    cell = (out["get"] or [None] * 8)[7]
    c.check("its cell is an H3 id", len(cell or "") == 15 and int(cell, 16) >> 52 & 15 == 9,
            f"{cell}")
    first = [[3, 1, 0, 0, 0, 1, 1], [2, 1, 3, 64, 4, 128]]
    c.check("redis-py T.PUT of a batch packed in Python", out["put"] == first, f"{out['put']}")
    c.check("a resend in its session is answered the same", out["put_again"] == first,
            f"{out['put_again']}")
    c.check("without a session its fixes are duplicates",
            out["put_twice"][0][:2] == [0, 4] and out["put_twice"][1][7] == 64,
            f"{out['put_twice']}")
    c.check("its last fix is the latest", (out["put_get"] or [None, None])[1] == "37.5000100",
            f"{out['put_get']}")
    c.check("a cut batch is an error", "packed batch of" in out.get("put_cut", ""),
            out.get("put_cut", "no error"))
    c.check("an unknown rider is nil", out["missing"] is None)
    c.check("a latitude of 127.02 is explained",
            "did you swap lat and lon" in out.get("swapped", ""), out.get("swapped", "no error"))
    c.check("an impossible jump is flagged", out["jump"] == 4, f"{out['jump']}")
    entries = [fields for _, found in out["heard"] for _, fields in found]
    c.check("XREAD BLOCK hears of it",
            [one.get("code") for one in entries] == ["TELEPORT"], f"{out['heard']}")
    c.check("XRANGE and XLEN agree", out["xlen"] == len(out["xrange"]) == 1, f"{out['xlen']}")
    c.check("HELLO 3 is refused in Redis's words", "NOPROTO" in out["hello3"], out["hello3"])


if __name__ == "__main__":
    sys.exit(main())
