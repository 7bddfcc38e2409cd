"""What redis-py hears from a server, as JSON. Run by the interpreter of tools/setup's environment:

    redis_py.py PORT TS_MS PROTOCOL PARSER TAG

PROTOCOL is 2 or 3, PARSER is python or hiredis. Riders are named after TAG, so that runs do not see
each other's fixes.
"""

import asyncio
import json
import struct
import sys
import threading
import time

import redis
import redis.asyncio
from redis import _parsers

PORT, TS, PROTOCOL, PARSER, TAG = (
    int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
RIDER = f"{TAG}-py"
ABSENT = -2**31


def parser(is_async=False):
    if PARSER == "hiredis":
        return _parsers._AsyncHiredisParser if is_async else _parsers._HiredisParser
    if is_async:
        return _parsers._AsyncRESP3Parser if PROTOCOL == 3 else _parsers._AsyncRESP2Parser
    return _parsers._RESP3Parser if PROTOCOL == 3 else _parsers._RESP2Parser


def client(name=None):
    return redis.Redis(connection_pool=redis.ConnectionPool(
        port=PORT, decode_responses=True, protocol=PROTOCOL, parser_class=parser(),
        client_name=name))


def text_of(error_of, *words):
    try:
        error_of(*words)
    except redis.ResponseError as error:
        return str(error)
    return "no error"


def plain_streams(found):
    """XREAD of redis-py: a list of [stream, entries] in RESP2, a map to [entries] in RESP3."""
    if isinstance(found, dict):
        return [[name, entry] for name, groups in found.items() for group in groups
                for entry in group]
    return [[name, entry] for name, entries in found for entry in entries]


def fixes(r, out):
    out["add"] = r.execute_command("T.ADD", RIDER, TS, "37.5", "127.0", "SPEED", "1.5")
    with r.pipeline(transaction=False) as pipe:
        for n in range(1, 51):
            pipe.execute_command("T.ADD", RIDER, TS + n * 1000, f"{37.5 + n * 1e-5:.7f}", "127.0")
        pipe.execute_command("T.LEN", RIDER, "-", "+")
        out["pipeline"] = pipe.execute()
    out["first"] = r.execute_command("T.RANGE", RIDER, TS, TS)[0]
    out["get"] = r.execute_command("T.GET", RIDER)
    out["missing"] = r.execute_command("T.GET", "nobody")
    out["swapped"] = text_of(r.execute_command, "T.ADD", RIDER, TS, "127.02", "37.5")


def alerts(r, out):
    heard = []

    def listen():
        heard.extend(plain_streams(client().xread({"alerts": "$"}, count=1, block=10000)))

    listener = threading.Thread(target=listen)
    listener.start()
    time.sleep(0.5)
    out["jump"] = r.execute_command("T.ADD", RIDER, TS + 51000, "37.9", "127.0")
    listener.join(15)
    out["heard"] = heard
    out["xlen"] = r.xlen("alerts")
    out["xrange"] = r.xrange("alerts", "-", "+", count=50)


def row(rider, ts, lat, lon, speed=ABSENT, heading=ABSENT, acc=ABSENT, alt=ABSENT, source=0):
    return struct.pack("<q6i2BH", ts, lat, lon, speed, heading, acc, alt, source, 0, rider)


def packed(r, out):
    """A packed batch as section 13 of format-spec.md lays it out."""
    names = [f"{TAG}-packed".encode(), f"{TAG}-포장".encode()]
    rows = [row(0, TS, 375000000, 1270000000, speed=150, source=1),
            row(1, TS, 375000000, 1270000000),
            row(0, TS, 375000000, 1270000000, speed=150, source=1),
            row(0, TS + 1000, 1270000000, 375000000),
            row(1, TS + 1000, 375000100, 1270000000, speed=200000)]
    frame = (b"TPUT" + struct.pack("<BBHI", 0, 0, len(names), len(rows)) + b"".join(rows)
             + bytes(map(len, names)) + b"".join(names))
    out["put"] = r.execute_command("T.PUT", frame, "SESSION", TAG, "SEQ", 1)
    out["put_again"] = r.execute_command("T.PUT", frame, "SESSION", TAG, "SEQ", 1)
    out["put_twice"] = r.execute_command("T.PUT", frame)
    out["put_get"] = r.execute_command("T.GET", f"{TAG}-포장")
    out["put_cut"] = text_of(r.execute_command, "T.PUT", frame[:-1])


def surface(r, out):
    """What redis-py has a method for."""
    out["ping"] = r.ping()
    out["echo"] = r.echo("가")
    out["info"] = "tacho_version" in r.info() and "redis_version" in r.info("server")
    out["client"] = [r.client_getname(), r.client_info()["resp"]]
    other = client("other")
    number = other.client_id()
    shown = [one for one in r.client_list() if int(one["id"]) == number]
    out["client_list"] = [one["name"] for one in shown]
    out["killed"] = r.client_kill_filter(_id=number)
    out["config"] = r.config_get("slowlog-max-*")
    out["slowlog"] = isinstance(r.slowlog_get(), list) and r.slowlog_len() >= 0
    out["commands"] = [r.command_count() == len(r.command_list()) == len(r.command()),
                       r.command_getkeys("T.GET", "x"), "t.get" in r.command()]
    out["docs"] = len(r.execute_command("COMMAND DOCS", "T.GET", "T.ADD"))
    out["stats"] = isinstance(r.execute_command("T.STATS"), dict if PROTOCOL == 3 else list)
    out["time"] = len(r.time())
    out["size"] = r.dbsize() > 0
    out["position"] = r.geopos("live", RIDER, "nobody")
    out["distance"] = r.geodist("live", RIDER, RIDER)
    out["score"] = isinstance(r.zscore("live", RIDER), float)
    out["unknown"] = text_of(r.flushall)


def threads(out):
    pool = redis.Redis(connection_pool=redis.BlockingConnectionPool(
        port=PORT, max_connections=8, protocol=PROTOCOL, parser_class=parser()))
    heard = []
    all_threads = [
        threading.Thread(target=lambda: [heard.append(pool.execute_command("T.GET", RIDER)[1])
                                         for _ in range(50)]) for _ in range(8)]
    for thread in all_threads:
        thread.start()
    for thread in all_threads:
        thread.join()
    out["threads"] = [len(heard), len(set(heard))]


async def asynchronous(out):
    r = redis.asyncio.Redis(connection_pool=redis.asyncio.ConnectionPool(
        port=PORT, decode_responses=True, protocol=PROTOCOL, parser_class=parser(True),
        client_name="async"))
    rider = f"{TAG}-async"
    out["async_ping"] = await r.ping()
    async with r.pipeline(transaction=False) as pipe:
        for n in range(20):
            pipe.execute_command("T.ADD", rider, TS + n * 1000, f"{37.5 + n * 1e-5:.7f}", "127.0")
        out["async_pipeline"] = await pipe.execute()
    gets = await asyncio.gather(*(r.execute_command("T.GET", rider) for _ in range(50)))
    out["async_gets"] = [len(gets), len({str(one) for one in gets}), gets[0][1]]
    waiting = asyncio.create_task(r.xread({"alerts": "$"}, count=1, block=10000))
    await asyncio.sleep(0.5)
    await r.execute_command("T.ADD", rider, TS + 20000, "37.9", "127.0")
    out["async_heard"] = plain_streams(await waiting)
    out["async_info"] = (await r.client_info())["resp"]
    await r.connection_pool.disconnect()


def main():
    out = {"version": redis.__version__}
    r = client("campaign")
    fixes(r, out)
    alerts(r, out)
    packed(r, out)
    surface(r, out)
    threads(out)
    asyncio.run(asynchronous(out))
    print(json.dumps(out))


main()
