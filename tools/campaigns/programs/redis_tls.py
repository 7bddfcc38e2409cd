"""redis-py through TLS. Run by the interpreter of tools/setup's environment:

    redis_tls.py PORT CA PROTOCOL CLIENT

CLIENT is the path of a certificate without `.pem`, `-` for none. Prints True for each thing that
works: a write and its read, the same with asyncio, a message to a subscriber.
"""

import asyncio
import sys

import redis
import redis.asyncio

PORT, CA, PROTOCOL, CLIENT = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
OPTIONS = {
    "host": "localhost", "port": PORT, "protocol": PROTOCOL, "ssl": True, "ssl_ca_certs": CA,
    "decode_responses": True, "socket_timeout": 20,
    **({} if CLIENT == "-" else {"ssl_certfile": CLIENT + ".pem", "ssl_keyfile": CLIENT + ".key"})}
TS_MS = 1_767_312_000_000


def blocking():
    client = redis.Redis(**OPTIONS)
    client.execute_command("T.ADD", f"tls-py-{PROTOCOL}", TS_MS, "37.5", "127.0")
    fix = client.execute_command("T.GET", f"tls-py-{PROTOCOL}")
    return fix[0] == TS_MS and fix[1] == "37.5000000"


async def concurrent():
    client = redis.asyncio.Redis(**OPTIONS)
    fixes = await asyncio.gather(*(
        client.execute_command("T.GET", f"tls-py-{PROTOCOL}") for _ in range(20)))
    await client.aclose()
    return all(fix[0] == TS_MS for fix in fixes)


def message():
    client = redis.Redis(**OPTIONS)
    heard = client.pubsub()
    heard.subscribe(f"pos:tls-py-{PROTOCOL}")
    for _ in range(20):
        got = heard.get_message(timeout=1)
        if got and got["type"] == "message":
            return f"tls-py-{PROTOCOL}" in got["data"]
    return False


print(blocking())
print(asyncio.run(concurrent()))
print(message())
