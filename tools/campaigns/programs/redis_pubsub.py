"""How redis-py hears of riders' moves, as JSON. Run by the interpreter of tools/setup's environment:

    redis_pubsub.py PORT TS_MS PROTOCOL PARSER TAG

PROTOCOL is 2 or 3, PARSER is python or hiredis. Riders are named after TAG.
"""

import asyncio
import json
import sys
import threading
import time

if sys.argv[4] == "python":
    # redis-py listens in another way where there is no hiredis: as if it were not installed.
    sys.modules["hiredis"] = None

import redis
import redis.asyncio
import redis.asyncio.retry
import redis.retry
from redis.backoff import NoBackoff

PORT, TS, PROTOCOL, PARSER, TAG = (
    int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
ONE, TWO = f"{TAG}-one", f"{TAG}-two"
PATTERN = f"pos:{TAG}-*"
clock = iter(range(10_000))


def options(is_async):
    """A connection that ends is made again, three times."""
    retry = (redis.asyncio.retry if is_async else redis.retry).Retry(NoBackoff(), 3)
    return {"port": PORT, "decode_responses": True, "protocol": PROTOCOL, "retry": retry,
            "retry_on_error": [redis.ConnectionError]}


def fix(rider):
    """The words of a write, each a second and a metre after the last."""
    second = next(clock)
    return ["T.ADD", rider, TS + second * 1000, f"{37.5 + second * 1e-5:.7f}", "127.0"]


def brief(message):
    """Kind, pattern, channel, and of a position the rider and its time."""
    if message is None:
        return None
    data = message["data"]
    if isinstance(data, str):
        told = json.loads(data)
        data = [told["rider"], (told["ts"] - TS) // 1000]
    return [message["type"], message["pattern"], message["channel"], data]


def heard(pubsub, count, seconds=10):
    """The next messages, by get_message."""
    found, end = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        message = pubsub.get_message(timeout=0.5)
        if message is not None:
            found.append(brief(message))
    return found


def blocking(out):
    writer = redis.Redis(connection_pool=redis.ConnectionPool(**options(False)))
    listener = redis.Redis(connection_pool=redis.ConnectionPool(**options(False)))
    writer.execute_command(*fix(ONE))
    with listener.pubsub() as pubsub:
        pubsub.subscribe(f"pos:{ONE}")
        out["subscribe"] = heard(pubsub, 2)
        pubsub.psubscribe(PATTERN)
        out["psubscribe"] = heard(pubsub, 1)
        writer.execute_command(*fix(TWO))
        out["by_pattern"] = heard(pubsub, 1)
        writer.execute_command(*fix(ONE))
        out["by_both"] = sorted(heard(pubsub, 2))
        pubsub.ping()
        out["ping"] = pubsub.get_message(timeout=5) is not None
        pubsub.punsubscribe(PATTERN)
        out["punsubscribe"] = heard(pubsub, 1)
        out["listen"] = listened(writer, pubsub)
        out["reconnected"] = reconnected(writer, pubsub)
        pubsub.unsubscribe()
        out["unsubscribe"] = heard(pubsub, 1)
        out["subscribed_at_last"] = pubsub.subscribed
    out["handler"] = handled(writer, listener)
    out["numbers"] = [writer.pubsub_channels(f"pos:{TAG}*"), writer.pubsub_numpat(),
                      [list(pair) for pair in writer.pubsub_numsub(f"pos:{ONE}")]]


def listened(writer, pubsub):
    """What `for message in listen()` gives while another thread writes."""
    threading.Timer(0.3, lambda: writer.execute_command(*fix(ONE))).start()
    for message in pubsub.listen():
        return brief(message)


def reconnected(writer, pubsub):
    """The server ends the connection; redis-py comes again and takes its subscriptions up: where the rider
    is now is told again, then what is new."""
    number = [one["id"] for one in writer.client_list()
              if one["addr"].endswith(f":{pubsub.connection._sock.getsockname()[1]}")]
    killed = writer.client_kill_filter(_id=number[0])
    # The first is the answer to its new subscription, as redis-py sends it.
    again = heard(pubsub, 2)
    writer.execute_command(*fix(ONE))
    return [killed, again, heard(pubsub, 1)]


def handled(writer, listener):
    """A handler for a channel, called by a thread of redis-py's."""
    told, done = [], threading.Event()

    def hear(message):
        told.append(brief(message))
        if len(told) == 2:
            done.set()
    pubsub = listener.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(**{f"pos:{TWO}": hear})
    thread = pubsub.run_in_thread(sleep_time=0.05, daemon=True)
    time.sleep(0.3)
    writer.execute_command(*fix(TWO))
    done.wait(10)
    thread.stop()
    thread.join(10)
    return told


async def asynchronous(out):
    pool = redis.asyncio.ConnectionPool(**options(True))
    r = redis.asyncio.Redis(connection_pool=pool)
    one, two = f"{TAG}-three", f"{TAG}-four"
    async with r.pubsub() as pubsub:
        async def next_ones(count):
            found, end = [], time.monotonic() + 10
            while len(found) < count and time.monotonic() < end:
                message = await pubsub.get_message(timeout=0.5)
                if message is not None:
                    found.append(brief(message))
            return found
        await pubsub.subscribe(f"pos:{one}")
        await pubsub.psubscribe(f"pos:{TAG}-fo*")
        out["async_subscribe"] = await next_ones(2)
        await r.execute_command(*fix(one))
        await r.execute_command(*fix(two))
        out["async_heard"] = sorted(await next_ones(2))

        async def write_soon():
            await asyncio.sleep(0.3)
            await r.execute_command(*fix(one))
        writing = asyncio.create_task(write_soon())
        async for message in pubsub.listen():
            out["async_listen"] = brief(message)
            break
        await writing
        port = pubsub.connection._writer.get_extra_info("sockname")[1]
        number = [one["id"] for one in await r.client_list() if one["addr"].endswith(f":{port}")]
        killed = await r.client_kill_filter(_id=number[0])
        again = sorted(await next_ones(4), key=str)
        await r.execute_command(*fix(two))
        out["async_reconnected"] = [killed, again, await next_ones(1)]
        await pubsub.unsubscribe()
        await pubsub.punsubscribe()
        out["async_left"] = sorted(await next_ones(2), key=str)
    await pool.disconnect()


def main():
    out = {"hiredis": redis.utils.HIREDIS_AVAILABLE}
    blocking(out)
    asyncio.run(asynchronous(out))
    print(json.dumps(out))


main()
