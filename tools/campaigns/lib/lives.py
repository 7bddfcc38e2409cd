"""Lives of a server that people talk to and that end by kill -9, one in six while it opens, or by a
power cut below the file system."""

import time

from . import campaign, disk, server


def run(c, kills, people, look):
    """`people(label, server)` gives threads that start, stop(seconds) and have an error; `look(label,
    server)` compares the server with what was acknowledged, before each life's people and in the
    end, after a clean stop too."""
    logs = c.place("logs")
    for number in range(kills):
        _one(c, number, logs, people, look)
    subject = server.started(c.server_command(), c.work / "data", logs, timeout=60)
    look("after all kills", subject)
    code = subject.stop(60)
    c.check("stops cleanly", code == 0, f"exit {code}: {subject.last_error}")
    again = server.started(c.server_command(), c.work / "data", logs, name="last", timeout=60)
    look("after a clean stop", again)
    again.stop(60)


def _one(c, number, logs, people, look):
    label = f"life {number}"
    subject = server.Server(c.any_server_command(), c.work / "data", logs, name=f"life-{number}")
    if number and c.random.random() < 1 / 6:
        time.sleep(c.random.uniform(0, 0.15))
        subject.kill9()
        return
    if not c.check(f"{label}: starts", subject.wait_ready(60),
                   f"exit {subject.child.poll()}: {subject.last_error}", durability=True):
        raise campaign.Stop("no further life is possible")
    look(label, subject)
    talking = people(label, subject)
    for person in talking:
        person.start()
    time.sleep(c.random.uniform(0.1, 1.5))
    subject.kill9()
    for person in talking:
        person.stop(30)
        c.check(f"{label}: replies are as they should be", person.error is None, str(person.error))


def cuts(c, count, people, look):
    """As `run`, with lives that end when the disk's power does: what was not flushed is forgotten,
    all of it or, one time in three, half of its sectors."""
    place = c.place("disk")
    power = disk.PowerDisk(place / "disk", "ext4")
    power.format()
    try:
        for number in range(count):
            _one_cut(c, number, place, power, people, look)
    finally:
        power.remove()


def _one_cut(c, number, logs, power, people, look):
    share = c.random.choice([0, 0, 0.5])
    label = f"cut {number} ({share:.0%} of unsynced kept)"
    room = ["--min-free", "0", "--reserve", "0"]
    data = power.mount / "data"
    power.attach()
    subject = server.Server(c.any_server_command(), data, logs, args=room, name=f"cut-{number}")
    talking = []
    if subject.wait_ready(30):
        talking = people(label, subject)
        for person in talking:
            person.start()
        time.sleep(c.random.uniform(0.1, 1.5))
    power.cut()
    time.sleep(0.05)
    subject.kill9()
    for person in talking:
        person.stop(30)
        c.check(f"{label}: replies are as they should be", person.error is None, str(person.error))
    with power.after_cut(c, label, share):
        again = server.Server(c.server_command(), data, logs, args=room, name=f"look-{number}")
        try:
            if c.check(f"{label}: starts again", again.wait_ready(60),
                       f"exit {again.child.poll()}: {again.last_error}", durability=True):
                look(label, again)
        finally:
            again.kill9()
