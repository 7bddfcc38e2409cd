"""Runs the engine over the rides: `tacho import` in order of delivery, then `tacho alerts`."""

import csv
import json
import os
import subprocess
import time

SEVERE = ("warn", "crit")


def text(value):
    return "" if value is None else f"{value:.7f}".rstrip("0").rstrip(".")


def write_csv(path, rides):
    """All fixes of some rides in order of receipt, as phones all over a city send them."""
    rows = [(fix.recv, ride.name, fix) for ride in rides for fix in ride.fixes]
    rows.sort(key=lambda row: row[0])
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["rider", "ts_ms", "lat", "lon", "speed_mps", "heading_deg",
                         "accuracy_m", "alt_m", "recv_ms"])
        for recv, rider, fix in rows:
            writer.writerow([
                rider, fix.ts, f"{fix.lat:.7f}", f"{fix.lon:.7f}", text(fix.speed),
                text(fix.heading), text(fix.acc), text(fix.alt), recv])
    return len(rows)


def alerts(tacho, directory, rides):
    """Every alert of severity warn or crit, as `tacho alerts --json` tells it."""
    data = os.path.join(directory, "data")
    server = subprocess.Popen(
        [os.path.join(os.path.dirname(tacho), "tachod"), "--data", data, "--resp", "127.0.0.1:0",
         "--replay-days", "7"], stdout=subprocess.PIPE, text=True)
    try:
        if not server.stdout.readline().startswith("ready "):
            raise SystemExit("evaluate: tachod did not start")
        return gather(tacho, directory, data, rides)
    finally:
        server.terminate()
        server.wait()


def gather(tacho, directory, data, rides):
    for vehicle in sorted({ride.vehicle for ride in rides}):
        some = [ride for ride in rides if ride.vehicle == vehicle]
        path = os.path.join(directory, f"{vehicle}.csv")
        write_csv(path, some)
        subprocess.run(
            [tacho, "import", "--data", data, "--vehicle", vehicle, path], check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.remove(path)
    # Tracks are compared behind the acknowledgements.
    while waiting(tacho, data) > 0:
        time.sleep(0.1)
    output = subprocess.run(
        [tacho, "alerts", "--data", data, "--json"], check=True, capture_output=True,
        text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def waiting(tacho, data):
    output = subprocess.run(
        [tacho, "stats", "--data", data, "--json"], check=True, capture_output=True,
        text=True).stdout
    return json.loads(output)["across_waiting"]


def times(found, severities=SEVERE):
    """Receipt times by rider."""
    by_rider = {}
    for alert in found:
        if alert["severity"] in severities:
            by_rider.setdefault(alert["rider"], []).append(alert["at_recv_ms"])
    return by_rider
