#!/usr/bin/env python3
"""One consumer of a stream group, as a program of its own: redis-py, XREADGROUP and XACK.

    python stream_consumer.py PORT_FILE LEDGER GROUP CONSUMER

It may be killed at any time. What it has to do for an entry is a line in its ledger; the line is there
before the entry is acknowledged, and an entry whose line is there is not done again. When it starts it
takes its own pending entries first, then new ones. A line says what happened: D did it, S was done
already, A the server said that it is acknowledged, V an acknowledged entry came
again, or one that was delivered was not pending.
"""

import os
import sys
import time

import redis


def main():
    port_file, path, group, name = sys.argv[1:]
    done, acknowledged = read_ledger(path)
    ledger = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note(text):
        os.write(ledger, (text + "\n").encode())

    while True:
        try:
            client = connect(port_file)
            start = "0"
            while True:
                reply = client.xreadgroup(
                    group, name, {"alerts": start}, count=20, block=200 if start == ">" else None)
                entries = reply[0][1] if reply else []
                for entry, fields in entries:
                    if entry in acknowledged:
                        note(f"V {entry}")
                    elif entry in done:
                        note(f"S {entry}")
                    else:
                        note(f"D {entry} {fields['rider']} {fields['ts_ms']}")
                        done.add(entry)
                for entry, _ in entries:
                    if client.xack("alerts", group, entry) == 1:
                        acknowledged.add(entry)
                        note(f"A {entry}")
                    else:
                        note(f"V {entry}")
                if start != ">":
                    start = entries[-1][0] if entries else ">"
        except (redis.ConnectionError, redis.TimeoutError, OSError, ValueError):
            time.sleep(0.01)


def connect(port_file):
    with open(port_file, encoding="ascii") as file:
        port = int(file.read())
    return redis.Redis(port=port, decode_responses=True, socket_timeout=20)


def read_ledger(path):
    done, acknowledged = set(), set()
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                word, entry = line.split()[:2]
                if word == "D":
                    done.add(entry)
                if word == "A":
                    acknowledged.add(entry)
    except FileNotFoundError:
        pass
    return done, acknowledged


if __name__ == "__main__":
    main()
