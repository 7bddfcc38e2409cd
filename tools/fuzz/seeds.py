"""Inputs to begin with: one real request of every form of every command, replies of both versions,
frames that are wrong in every way there is, and packed batches. Also the dictionary."""

import pathlib
import re
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TS = "1767225600000"
FIX = [TS, "37.5665", "126.9780"]

# As people type them; a word in <> stands for bytes below.
REQUESTS = """
T.ADD r 1767225600000 37.5665 126.9780
T.ADD r 1767225600000 37.5665 126.9780 SPEED 4.2 HEADING 360 ACC 5 ALT -3.5 SRC gps
T.ADD r 1e3 91 181
T.ADD r 1767225600000 nan 126.9780 SPEED
T.MADD a 1767225600000 37.5 127 b 1767225600001 -37.5 -127.0000001
T.MADDX r 1767225600000 37.5 127 4.2 90 5 20 r 1767225601000 37.5 127 - - - -
T.IMPORT HISTORY r 1767225600000 37.5 127 - - - - gps 1767225600500
T.IMPORT CLAIMED VEHICLE scooter r 1767225600000 37.5 127 1 2 3 4 fused 1767225600500
T.PUT <batch>
T.PUT <batch> SESSION s-1 SEQ 7
T.PUT <cut>
T.GET rider-7
T.GET <name99>
T.GET r WITHAGE RAW
T.MGET a b c
T.RANGE r - + COUNT 10 CURSOR 0000 VERDICT flagged SIMPLIFY 5 AS geojson
T.RANGE r 0 1767225600000 AS packed
T.REVRANGE r 0 1
T.LEN r - + VERDICT ok
T.AT r 1767225600000 MAXGAP 60000
T.DIST r - + DIGEST LEGS COUNT 5 CURSOR c
T.TRIPS r - + MINSTOP 300 RADIUS 50 GAP 600 COUNT 3 CURSOR c
T.STOPS r - + MINSTOP 300 RADIUS 50.5 GAP 600
T.ALERTS COUNT 5 CURSOR c RIDER r CODE TELEPORT SEVERITY crit STATE open FROM 0 TO 9
T.EXPLAIN r 1767225600000 AS SVG
T.NEARBY 37.5 127 500 COUNT 5 MAXAGE 60000 WITHDIST WITHCOORD
T.WITHIN CIRCLE 37.5 127 500 MAXAGE 1000 COUNT 5 CURSOR c
T.WITHIN BBOX 37 126 38 -127
T.WITHIN POLYGON 1 4 37 126 37 127 38 127 38 126
T.WITHIN POLYGON 2 3 0 0 0 9 9 9 3 1 1 1 2 2 2
T.WITHIN CELL 8930e1d8c03ffff
T.WHO CIRCLE 37.5 127 500 FROM 0 TO 1767225600000 COUNT 5 CURSOR c
T.FENCE SET depot CIRCLE 37.5 127 100 DETECT enter,exit,dwell:60 EX 3600
T.FENCE SET box BBOX 37 126 38 127 DETECT enter
T.FENCE GET depot
T.FENCE DEL depot
T.FENCE LIST
T.RIDER SET r VEHICLE car
T.RIDER GET r
T.ALERT ACK 1767225600000-0 BY me NOTE seen
T.ALERT GET 1767225600000-0
T.ALERT FEEDBACK
T.RISK MIN 0.5 COUNT 5 AT 1767225600000 RIDERS a b
T.TARGETS LIST
T.TARGETS FORGET pager
T.SEAL
T.SEAL REBUILD 3
T.REINDEX RESOLUTION 9
T.SCRUB DAY
T.ORDER SET o r cooked 1767312000000 BY kitchen
T.ORDER END o 1767312000000 delivered
T.ORDER GET o HISTORY
T.ORDER RIDER r COUNT 2
T.ORDER LIST COUNT 2 CURSOR c
T.RETIRE
T.RETIRE DAYS 30
T.STATS
T.RULES GET
T.RULES SET {"version":2}
T.RULES DRYRUN FROM 0 TO 9
XRANGE alerts - + COUNT 10
XRANGE alerts (1-0 1767225600000-1
XLEN fence:depot
XREAD COUNT 5 BLOCK 100 STREAMS alerts verdicts $ 0-0
SUBSCRIBE pos:r pos:s
UNSUBSCRIBE pos:r
UNSUBSCRIBE
PSUBSCRIBE pos:* a?[b-d]\\*
PUNSUBSCRIBE
PUBSUB CHANNELS pos:*
PUBSUB NUMSUB pos:r
PUBSUB NUMPAT
XGROUP CREATE alerts g $ MKSTREAM ENTRIESREAD 3
XGROUP CREATE alerts g 0-0
XGROUP SETID alerts g 5-1
XGROUP DESTROY alerts g
XGROUP CREATECONSUMER alerts g c
XGROUP DELCONSUMER alerts g c
XREADGROUP GROUP g c COUNT 5 BLOCK 100 NOACK STREAMS alerts >
XREADGROUP GROUP g c STREAMS alerts verdicts 0 >
XACK alerts g 1-0 2-0
XPENDING alerts g
XPENDING alerts g IDLE 100 - + 10 c
XCLAIM alerts g c 100 1-0 2-0 IDLE 5 TIME 9 RETRYCOUNT 2 FORCE JUSTID LASTID 3-0
XAUTOCLAIM alerts g c 100 0-0 COUNT 5 JUSTID
XINFO STREAM alerts FULL COUNT 5
XINFO GROUPS alerts
XINFO CONSUMERS alerts g
GEOPOS live a b
GEODIST live a b km
GEOHASH live a b
GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 5 km ASC COUNT 5 ANY WITHCOORD WITHDIST WITHHASH
GEOSEARCH live FROMMEMBER r BYBOX 5 6 mi DESC
GEORADIUS live 127 37.5 5 km WITHDIST COUNT 3 ASC
GEORADIUSBYMEMBER live r 5 ft STORE x
GEORADIUS_RO live 127 37.5 5 m
GEORADIUSBYMEMBER_RO live r 5 m DESC
GEOADD live NX CH 127 37.5 r
GEOSEARCHSTORE x live FROMMEMBER r BYRADIUS 5 km STOREDIST
ZSCORE live r
ZCARD live
EXISTS live alerts
TYPE live
HELLO
HELLO 3 AUTH default secret SETNAME me
HELLO 4
AUTH secret
AUTH default secret
ACL WHOAMI
ACL LIST
PING
PING hello
ECHO <empty>
INFO server memory
CLIENT SETNAME me
CLIENT SETINFO LIB-NAME redis-py
CLIENT GETNAME
CLIENT ID
CLIENT INFO
CLIENT LIST TYPE normal ID 1 2
CLIENT KILL ID 5 ADDR 127.0.0.1:5 SKIPME no
CLIENT KILL 127.0.0.1:5
CLIENT NO-EVICT on
CLIENT REPLY on
COMMAND
COMMAND COUNT
COMMAND INFO t.get ping
COMMAND DOCS t.add
COMMAND LIST FILTERBY PATTERN x*
COMMAND GETKEYS T.GET r
CONFIG GET slowlog* maxmemory
SLOWLOG GET -1
SLOWLOG LEN
SLOWLOG RESET
TIME
DBSIZE
SELECT 0
RESET
QUIT
SHUTDOWN NOSAVE
T.ORDER SET o r picked 1767225600000
T.ORDER GET o
FLUSHALL
EVAL x 0
"""

REPLIES = [
    b"+OK\r\n", b"-ERR no\r\n", b":-7\r\n", b"$3\r\nabc\r\n", b"$-1\r\n", b"*-1\r\n", b"_\r\n",
    b",3.25\r\n", b",inf\r\n", b"#t\r\n", b"(-12345678901234567890\r\n", b"=7\r\ntxt:abc\r\n",
    b"!5\r\nERR x\r\n", b"*2\r\n:1\r\n*1\r\n$0\r\n\r\n", b"%1\r\n+a\r\n,-1e5\r\n", b"~2\r\n:1\r\n:2\r\n",
    b">3\r\n+message\r\n+pos:r\r\n$2\r\nhi\r\n", b"|1\r\n+ttl\r\n:9\r\n+OK\r\n",
    b"*1\r\n" * 20 + b":1\r\n", b"*99999999\r\n", b"$999999999\r\n", b"*0\r\n%0\r\n|0\r\n:1\r\n",
]

WRONG = [
    b"GET / HTTP/1.1\r\n\r\n", b"PING\r\n", b"\r\n\r\n", b"\r", b"*-1\r\n", b"*0\r\n", b"*01\r\n", b"*\r\n",
    b"*1048577\r\n", b"*99999999999999999999\r\n", b"*1\r\n*1\r\n", b"*1\r\n$-1\r\n",
    b"*1\r\n$4\r\nPINGxx", b"*1\r\n$65537\r\n", b"*2\r\n$5\r\nT.PUT\r\n$1048577\r\n",
    b"*1026\r\n$4\r\nPING\r\n", b"*65538\r\n$6\r\nT.MADD\r\n", b"*2\r\n$4\r\nECHO\r\n$03\r\nabc\r\n",
    b"*2\r\n$5\r\nT.GET\r\n$1\r\nr\r\n*2\r\n$5\r\nt.get\r\n$02\r\nrr\r\n", b"\x16\x03\x01\x02\x00\x01",
]

WORDS = ["\\x0d\\x0a", "*2\\x0d\\x0a$5\\x0d\\x0aT.GET\\x0d\\x0a$", "$-1\\x0d\\x0a", "$0\\x0d\\x0a\\x0d\\x0a",
         "WITHAGE", "COUNT", "CURSOR", "VERDICT", "SIMPLIFY", "STREAMS", "BLOCK", "GROUP", "SESSION",
         "SEQ", "CIRCLE", "BBOX", "POLYGON", "CELL", "FROM", "TO", "DETECT", "enter,exit,dwell:5",
         "VEHICLE", "HISTORY", "CLAIMED", "1767225600000", "37.5665", "-0", "1e-7", "9223372036854775807",
         "-9223372036854775808", "TPUT"]


def request(words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)


def batch(rows, names, **wrong):
    """A packed batch; `wrong` puts other values into the first row."""
    out = b""
    for number, rider in enumerate(rows):
        row = dict(ts=1767225600000 + number, lat=375665000, lon=1269780000, speed=420, heading=9000,
                   accuracy=50, altitude=200, source=number % 5, zero=0, rider=rider)
        if number == 0:
            row.update(wrong)
        out += struct.pack("<qiiiiiiBBH", *row.values())
    head = b"TPUT" + struct.pack("<BBHI", 0, 0, len(names), len(rows))
    return head + out + bytes(map(len, names)) + b"".join(names)


def batches():
    absent = -(1 << 31)
    yield batch([], [])
    yield batch([0], [b"r"])
    yield batch([0, 1, 0, 1, 2], [b"alpha", "라이더".encode(), b"x" * 128])
    yield batch([0], [b"r"], speed=absent, heading=absent, accuracy=absent, altitude=absent)
    for field, value in [("ts", 1 << 47), ("ts", -(1 << 63)), ("lat", 900000001), ("lon", absent),
                         ("speed", 100001), ("heading", 36000), ("heading", 36001), ("accuracy", -1),
                         ("altitude", -200001), ("source", 9), ("zero", 1), ("rider", 7)]:
        yield batch([0, 0], [b"r"], **{field: value})
    for name in [b"", b"x" * 129, b"\xff\xfe", b"a\0b", b"\xed\xa0\x80", b"tab\tname", b"12345678\x7f"]:
        yield batch([0, 1], [name, b"ok"])
    good = batch([0], [b"r"])
    yield good[:-1]
    yield good + b"!"
    yield good[:8] + b"\xff\xff\xff\xff" + good[12:]
    yield good[:4] + b"\x01" + good[5:]
    yield good[:5] + b"\x01" + good[6:]
    yield b"TPUT"


def main():
    place = pathlib.Path(sys.argv[1])
    stored = {"<batch>": batch([0, 0, 1], [b"r", b"s"]), "<cut>": batch([0], [b"r"])[:-1],
              "<name99>": b"n" * 99, "<empty>": b""}
    lines = [line for line in REQUESTS.strip().splitlines()]
    requests = [request([stored.get(w, w.encode()) for w in line.split()]) for line in lines]
    add = requests[0]
    pipelines = [add * 3 + requests[11] * 2, add + requests[0] + b"\r\n" + requests[3] + add,
                 requests[11] * 3 + requests[-1] + add * 9, b"".join(requests[4:9]),
                 add * 7 + b"GET / HTTP/1.1\r\n", requests[11] + request([b"QUIT"]) + add]
    for target, inputs in [("resp", requests + pipelines + REPLIES + WRONG), ("packed", list(batches()))]:
        (place / target).mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(inputs):
            (place / target / f"seed-{number:03}").write_bytes(content)
    source = (ROOT / "Sources" / "TachoWire" / "CommandName.swift").read_text()
    names = re.findall(r'case \w+ = "([A-Z._]+)"', source)
    missing = [name for name in names if not any(line.split()[0] == name for line in lines)]
    if missing:
        sys.exit(f"seeds: no request of {' '.join(missing)}; add one to REQUESTS in {__file__}")
    text = "# Words of requests, made by tools/fuzz/seeds.py.\n"
    text += "".join(f'"{word}"\n' for word in names + WORDS)
    (place / "resp.dict").write_text(text)


if __name__ == "__main__":
    main()
