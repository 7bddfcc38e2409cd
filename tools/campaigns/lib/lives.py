"""Lives of a server that people talk to and that end by kill -9, one in six while it opens."""

import time

from . import campaign, server


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
