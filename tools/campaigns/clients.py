#!/usr/bin/env python3
"""Clients that exist: redis-cli, redis-benchmark and redis-py connect, write, read and listen.

redis-py comes from the virtual environment that tools/setup makes.

examples:
  tools/campaigns/clients.py --verbose
"""

import json
import os
import re
import select
import sys
import time

from lib import campaign, process, resp, server, tracks

PYTHON = campaign.ROOT / ".build" / "venv" / "bin" / "python"
# Not beside lib/redis.py, which it would take for redis-py.
PROGRAMS = campaign.ROOT / "tools" / "campaigns" / "programs"
REDIS_PY = PROGRAMS / "redis_py.py"
REDIS_PUBSUB = PROGRAMS / "redis_pubsub.py"
# Where decimals are text in RESP2 and numbers in RESP3.
SPEED = {2: "1.5", 3: 1.5}


def main():
    options = campaign.parser(__doc__, seed=False, faulty=False).parse_args()
    with campaign.Campaign("clients", options) as c:
        subject = server.started(c.server_command(), c.work / "data", c.place("logs"))
        redis_cli(c, subject)
        redis_benchmark(c, subject)
        redis_py(c, subject)
        shutdown(c, subject)


def cli(subject, *words, stdin=None):
    return process.run(["redis-cli", "-p", subject.port, *words], timeout=30, text=True,
                       **({"input": stdin, "stdin": None} if stdin is not None else {}))


def redis_cli(c, subject):
    done = cli(subject, "PING")
    c.check("redis-cli PING", done.stdout.strip() == "PONG", done.stdout + done.stderr)
    done = cli(subject, "--no-raw", "T.ADD", "cli", tracks.START_MS, "37.5665", "126.9780",
               "SPEED", "4.2")
    c.check("redis-cli T.ADD", done.stdout.strip() == "(integer) 0", done.stdout + done.stderr)
    for protocol, speed, stats in [("-2", '4) "4.2"', '1) "points"'),
                                   ("-3", "4) (double) 4.2", '1# "points" => (integer)')]:
        done = cli(subject, protocol, "--no-raw", "T.GET", "cli")
        c.check(f"redis-cli {protocol} T.GET shows the fix",
                '"37.5665000"' in done.stdout and speed in done.stdout, done.stdout)
        done = cli(subject, protocol, "--no-raw", "T.STATS")
        c.check(f"redis-cli {protocol} T.STATS", stats in done.stdout, done.stdout[:200])
        done = cli(subject, protocol, "--no-raw", "T.GET", "nobody")
        c.check(f"redis-cli {protocol} shows nil", done.stdout.strip() == "(nil)", done.stdout)
        done = cli(subject, protocol, "INFO", "server")
        c.check(f"redis-cli {protocol} INFO", "tacho_version" in done.stdout, done.stdout)
    done = cli(subject, stdin=f"T.LEN cli - +\nT.ADD cli {tracks.START_MS} 37.5665 126.9780"
                              " SPEED 4.2\n")
    c.check("redis-cli reads commands from a file", done.stdout.split() == ["1", "1"],
            done.stdout + done.stderr)
    commands = b"".join(resp.encode(["T.ADD", "mass", tracks.START_MS + n * 1000, "37.5", "127.0"])
                        for n in range(1000))
    done = process.run(["redis-cli", "-p", subject.port, "--pipe"], input=commands, stdin=None)
    c.check("redis-cli --pipe", b"errors: 0, replies: 1000" in done.stdout,
            (done.stdout + done.stderr).decode()[-300:])
    for protocol in ("-2", "-3"):
        text = on_a_terminal(["redis-cli", "-p", str(subject.port), protocol],
                             "help T.RANGE\nquit\n")
        c.check(f"redis-cli {protocol} explains a command of Tacho's",
                "T.RANGE rider from to [COUNT n]" in text and "between two times" in text
                and "group: tacho" in text, text[-500:])


def on_a_terminal(command, typed):
    """What a program prints that is given a terminal: redis-cli asks for COMMAND DOCS only there."""
    ours, theirs = os.openpty()
    child = process.start(command, stdin=theirs, stdout=theirs, stderr=theirs,
                          env={**os.environ, "TERM": "dumb", "HOME": "/nonexistent"})
    os.close(theirs)
    os.write(ours, typed.encode())
    text = b""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        elif child.poll() is not None:
            break
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m", "", text.decode(errors="replace"))


def redis_benchmark(c, subject):
    for words in [["-P", 16, "T.GET", "cli"], ["-3", "-P", 16, "T.GET", "cli"], ["PING"],
                  ["-t", "ping_mbulk"], ["T.GET", "cli"]]:
        done = process.run(["redis-benchmark", "-p", subject.port, "-n", 20000, "-c", 20, "-q",
                            *words], timeout=60, text=True)
        c.check(f"redis-benchmark {' '.join(map(str, words))}",
                done.returncode == 0 and "requests per second" in done.stdout
                and "rror" not in done.stdout + done.stderr, (done.stdout + done.stderr)[-300:])


def redis_py(c, subject):
    if not c.check("redis-py is there (tools/setup)", PYTHON.exists(), str(PYTHON)):
        return
    for protocol in (2, 3):
        for parser in ("python", "hiredis"):
            label = f"redis-py RESP{protocol} {parser}"
            done = process.run(
                [PYTHON, REDIS_PY, subject.port, tracks.START_MS, protocol, parser,
                 f"{parser}{protocol}"], timeout=60, text=True)
            if c.check(f"{label} runs", done.returncode == 0, done.stderr[-800:]):
                check_fixes(c, label, protocol, json.loads(done.stdout))
                check_surface(c, label, protocol, json.loads(done.stdout))
            tag = f"hears-{parser}{protocol}"
            done = process.run([PYTHON, REDIS_PUBSUB, subject.port, tracks.START_MS, protocol, parser,
                                tag], timeout=60, text=True)
            if c.check(f"{label} listens", done.returncode == 0, done.stderr[-800:]):
                check_listening(c, label, parser, tag, json.loads(done.stdout))


def check_listening(c, label, parser, tag, out):
    """Each message is [kind, pattern, channel, [rider, second] or number of subscriptions]."""
    one, two, three, four = (f"{tag}-{name}" for name in ("one", "two", "three", "four"))
    all_of, fours = f"pos:{tag}-*", f"pos:{tag}-fo*"

    def message(rider, second, pattern=None):
        kind = "message" if pattern is None else "pmessage"
        return [kind, pattern, f"pos:{rider}", [rider, second]]
    wanted = {
        "hiredis": parser == "hiredis",
        "subscribe": [["subscribe", None, f"pos:{one}", 1], message(one, 0)],
        "psubscribe": [["psubscribe", None, all_of, 2]],
        "by_pattern": [message(two, 1, all_of)],
        "by_both": [message(one, 2), message(one, 2, all_of)],
        "ping": True,
        "punsubscribe": [["punsubscribe", None, all_of, 1]],
        "listen": message(one, 3),
        "reconnected": [1, [["subscribe", None, f"pos:{one}", 1], message(one, 3)],
                        [message(one, 4)]],
        "unsubscribe": [["unsubscribe", None, f"pos:{one}", 0]],
        "subscribed_at_last": False,
        "handler": [message(two, 1), message(two, 5)],
        "numbers": [[], 0, [[f"pos:{one}", 0]]],
        "async_subscribe": [["subscribe", None, f"pos:{three}", 1], ["psubscribe", None, fours, 2]],
        "async_heard": [message(three, 6), message(four, 7, fours)],
        "async_listen": message(three, 8),
        "async_reconnected": [
            1, [message(three, 8), ["psubscribe", None, fours, 2],
                ["subscribe", None, f"pos:{three}", 1]], [message(four, 9, fours)]],
        "async_left": [["punsubscribe", None, fours, 0], ["unsubscribe", None, f"pos:{three}", 1]],
    }
    for key, value in wanted.items():
        c.check(f"{label} hears of moves: {key}", out.get(key) == value, f"{out.get(key)}")


def check_fixes(c, label, protocol, out):
    c.check(f"{label} T.ADD", out["add"] == 0, f"{out['add']}")
    c.check(f"{label} pipelines, a read after writes sees them",
            out["pipeline"] == [0] * 50 + [51], f"{out['pipeline'][-3:]}")
    c.check(f"{label} T.GET", isinstance(out["get"], list) and len(out["get"]) == 11,
            f"{out['get']}")
    cell = (out["get"] or [None] * 8)[7]
    c.check(f"{label} its cell is an H3 id", len(cell or "") == 15 and int(cell, 16) >> 52 & 15 == 9,
            f"{cell}")
    c.check(f"{label} lat is text, speed is what the version has",
            out["first"][1:4] == ["37.5000000", "127.0000000", SPEED[protocol]], f"{out['first']}")
    first = [[3, 1, 0, 0, 0, 1, 1], [2, 1, 3, 64, 4, 128]]
    c.check(f"{label} T.PUT of a batch packed in Python", out["put"] == first, f"{out['put']}")
    c.check(f"{label} a resend in its session is answered the same", out["put_again"] == first,
            f"{out['put_again']}")
    c.check(f"{label} without a session its fixes are duplicates",
            out["put_twice"][0][:2] == [0, 4] and out["put_twice"][1][7] == 64,
            f"{out['put_twice']}")
    c.check(f"{label} its last fix is the latest",
            (out["put_get"] or [None, None])[1] == "37.5000100", f"{out['put_get']}")
    c.check(f"{label} a cut batch is an error", "packed batch of" in out["put_cut"],
            out["put_cut"])
    c.check(f"{label} an unknown rider is nil", out["missing"] is None)
    c.check(f"{label} a latitude of 127.02 is explained",
            "did you swap lat and lon" in out["swapped"], out["swapped"])
    c.check(f"{label} an impossible jump is flagged", out["jump"] == 4, f"{out['jump']}")
    for key in ("heard", "async_heard"):
        codes = [fields.get("code") for _, (_, fields) in out[key]]
        c.check(f"{label} XREAD BLOCK hears of it ({key})", codes == ["TELEPORT"], f"{out[key]}")
    c.check(f"{label} XRANGE and XLEN agree", out["xlen"] == len(out["xrange"]) >= 1,
            f"{out['xlen']}")
    c.check(f"{label} from eight threads", out["threads"] == [400, 1], f"{out['threads']}")
    c.check(f"{label} asyncio: pipelines and 50 reads at a time",
            out["async_ping"] is True and out["async_pipeline"] == [0] * 20
            and out["async_gets"] == [50, 1, "37.5001900"], f"{out['async_gets']}")


def check_surface(c, label, protocol, out):
    text = str(protocol)
    c.check(f"{label} connects", out["ping"] is True and out["echo"] == "가" and out["info"])
    c.check(f"{label} CLIENT INFO", out["client"] == ["campaign", text]
            and out["async_info"] == text, f"{out['client']}")
    c.check(f"{label} CLIENT LIST and KILL", out["client_list"] == ["other"] and out["killed"] == 1,
            f"{out['client_list']} {out['killed']}")
    c.check(f"{label} CONFIG GET", out["config"] == {"slowlog-max-len": "128"}, f"{out['config']}")
    c.check(f"{label} SLOWLOG", out["slowlog"])
    c.check(f"{label} COMMAND", out["commands"] == [True, ["x"], True]
            and out["docs"] == (2 if protocol == 3 else 4), f"{out['commands']} {out['docs']}")
    c.check(f"{label} T.STATS is a map in RESP3", out["stats"])
    c.check(f"{label} TIME and DBSIZE", out["time"] == 2 and out["size"])
    positions = out["position"]
    c.check(f"{label} GEOPOS, GEODIST and ZSCORE",
            [float(x) for x in positions[0] or []] == [127.0, 37.5005] and positions[1] is None
            and float(out["distance"]) == 0 and out["score"], f"{positions} {out['distance']}")
    c.check(f"{label} FLUSHALL is unknown", "unknown command" in out["unknown"], out["unknown"])


def shutdown(c, subject):
    cli(subject, "SHUTDOWN", "NOSAVE")
    c.check("SHUTDOWN of redis-cli stops the server cleanly",
            process.wait_until(lambda: not subject.is_running(), 20, 0.02)
            and subject.child.returncode == 0, subject.last_error)


if __name__ == "__main__":
    sys.exit(main())
