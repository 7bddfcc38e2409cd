"""Storms under load: a fleet moves, thousands hear of it, some of them do not listen."""

import re
import select
import signal
import time

from . import herd, moving, process, resp, server, storm_peers, witness

RATE = 6_000
LEAST_RATE = 5_000
NEWS_SECONDS = 1.0
MIB = 1 << 20


def show(c, label, seconds):
    p50, p99, worst = (1000 * herd.at(seconds, share) for share in (0.5, 0.99, 1))
    c.note(f"{label}: p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {worst:.0f} ms, n {len(seconds)}")


def know(monitor, names):
    """All riders have a fix, of an hour ago."""
    old = int(time.time() * 1000) - 3_600_000
    for start in range(0, len(names), 2000):
        monitor.command("T.MADD", *[str(word) for name in names[start:start + 2000]
                                    for word in (name, old, "37.5", "127")])


def check_load(c, told):
    rate = told["sent"] / told.get("seconds", 1)
    c.check(f"the load was {LEAST_RATE:,} points/s or more, and taken",
            told["error"] is None and rate >= LEAST_RATE, f"{told['error']}, {rate:,.0f}/s")
    return rate


def subscribers(c):
    """Nearly all hear of one rider, twenty of many; half of the riders come later than they."""
    seconds = 30 if c.options.full else 5
    subject = storm_peers.started(c, "subscribers")
    crowd = herd.Herd(subject, storm_peers.COUNT - 3)
    riders = crowd.count - 20
    names = [f"s-{n}" for n in range(riders)]
    with subject.connect() as monitor:
        know(monitor, names[::2])
        storm_peers.come(c, crowd, "subscribers")
        patterns = ["pos:*"] * 2 + [f"pos:s-{n}?" for n in range(100, 118)]

        def request(number):
            return resp.encode(["SUBSCRIBE", f"pos:{names[number]}"] if number < riders
                               else ["PSUBSCRIBE", patterns[number - riders]])
        begin = time.monotonic()
        replies = crowd.ask(request)
        c.note(f"{len(replies):,} subscriptions in {time.monotonic() - begin:.2f} s")
        c.check("all are subscribed", all(reply and b"ubscribe" in reply for reply in replies))
        ears = moving.Ears(crowd)
        good = witness.Witness(subject, names[0])
        fleet = moving.Fleet(subject, names, RATE, c.seed)
        ears.listen(seconds)
        told = fleet.stop()
        rate = check_load(c, told)
        last = {name.encode(): ts for name, ts in told["last"].items()}
        wanted = [{name.encode()} & last.keys() for name in names]
        wanted += [{name.encode() for name in names if matches(pattern, name)} & last.keys()
                   for pattern in patterns]

        def missing():
            return sum(ears.heard[n].get(rider) != last[rider] for n in range(crowd.count)
                       for rider in wanted[n])
        done = ears.listen(20, lambda: missing() == 0)
        c.check("everyone heard the last of each of its riders", done, f"{missing()} did not")
        c.check("only of its own riders, and never of the past",
                all(heard.keys() <= {name.encode()} for heard, name in zip(ears.heard, names))
                and ears.backward == 0 and ears.lost == 0, f"{ears.backward} {ears.lost}")
        since_write, since_ack = ears.delays(told["acknowledged"])
        show(c, f"{len(replies):,} subscribers, {rate:,.0f} points/s, from the write", since_write)
        show(c, "from its acknowledgement", since_ack)
        waits, error = good.stop()
        witness.show(c, "T.GET meanwhile", waits)
        c.check(f"p99 from the write to the message < {NEWS_SECONDS} s",
                herd.at(since_write, 0.99) < NEWS_SECONDS, f"{herd.at(since_write, 0.99):.2f} s")
        c.check("requests are served meanwhile", error is None, f"{error}")
        crowd.leave(resets=0.5)
        c.check("all have left", storm_peers.all_left(monitor))
        channels = monitor.command("PUBSUB", "CHANNELS")
        patterns = monitor.command("PUBSUB", "NUMPAT")
        c.check("no subscription is left", channels == [] and patterns == 0,
                f"{channels[:3]} {patterns}")
    c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)


def matches(pattern, name):
    text = pattern.removeprefix("pos:")
    return text == "*" or re.fullmatch(re.escape(text).replace(r"\?", "."), name) is not None


def stalled(c):
    """1,000 hear of 20 riders each; then 1,000 more want to hear of all 20,000, and never read."""
    seconds = 30 if c.options.full else 6
    subject = storm_peers.started(c, "stalled")
    names = [f"m-{n}" for n in range(20_000)]
    with subject.connect() as monitor:
        know(monitor, names)
        good = herd.Herd(subject, 1_000)
        good.come()
        good.ask(lambda n: resp.encode(
            ["SUBSCRIBE"] + [f"pos:{name}" for name in names[20 * n:20 * n + 20]]))
        ears = moving.Ears(good)
        fleet = moving.Fleet(subject, names, RATE, c.seed)
        ears.listen(seconds)
        alone = ears
        ears = moving.Ears(good)
        before, held = witness.resident(subject.pid), storm_peers.stored(monitor)
        peak = witness.Peak(subject.pid)
        bad = herd.Herd(subject, 1_000, first_source=30, receive_bytes=4096)
        bad.come()
        bad.ask(lambda _: resp.encode(["PSUBSCRIBE", "pos:*"]))
        ears.listen(1)
        ears.forget()
        reader = witness.Witness(subject, names[0])
        for _ in range(10):
            ears.listen(seconds / 10)
            peak.look()
        waits, error = reader.stop()
        told = fleet.stop()
        ears.listen(2)
        rate = check_load(c, told)
        show(c, f"1,000 that listen, {rate:,.0f} points/s, from the write",
             alone.delays(told["acknowledged"])[0])
        since_write, since_ack = ears.delays(told["acknowledged"])
        show(c, "beside 1,000 that do not", since_write)
        show(c, "from the acknowledgement", since_ack)
        witness.show(c, "T.GET meanwhile", waits)
        c.note(f"memory before {before / MIB:.0f} MiB, at most {peak.bytes / MIB:.0f} MiB")
        p99 = herd.at(since_write, 0.99)
        c.check(f"p99 from the write to the message < {NEWS_SECONDS} s",
                0 < p99 < NEWS_SECONDS and ears.backward == 0, f"{p99:.2f} s, {ears.backward}")
        c.check("requests are served meanwhile", error is None and herd.at(waits, 0.99) < 0.1,
                f"{error}, p99 {herd.at(waits, 0.99):.3f} s")
        c.check("memory is bounded", peak.bytes - before < storm_peers.STORM_BYTES,
                f"{(peak.bytes - before) / MIB:.0f} MiB more")
        bad.leave(resets=0.5)
        c.check("they have left", storm_peers.all_left(monitor, others=1_001))
        storm_peers.returned(c, subject, before, monitor=monitor, held=held)
        good.leave()
    c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)


def listeners(c):
    """All hear of all: more than can be told, so each hears less often, and the rest is served."""
    count, seconds = (storm_peers.COUNT - 4, 30) if c.options.full else (1_000, 5)
    subject = storm_peers.started(c, "listeners")
    names = [f"l-{n}" for n in range(20_000)]
    with subject.connect() as monitor:
        know(monitor, names)
        crowd = herd.Herd(subject, count, first_source=50)
        crowd.come()
        crowd.ask(lambda _: resp.encode(["PSUBSCRIBE", "pos:*"]))
        taken, buffer = [0] * count, bytearray(1 << 18)
        poll, by_file = select.epoll(), {peer.socket.fileno(): peer for peer in crowd.peers}
        for number in by_file:
            poll.register(number, select.EPOLLIN)
        good = witness.Witness(subject, names[0])
        peak = witness.Peak(subject.pid)
        fleet = moving.Fleet(subject, names, RATE, c.seed)
        begin = time.monotonic()
        sample = b""
        while time.monotonic() < begin + seconds:
            for number, _ in poll.poll(0.05, 512):
                peer = by_file[number]
                try:
                    got = peer.socket.recv_into(buffer)
                except OSError:
                    got = 0
                sample = sample or bytes(buffer[:got])
                taken[peer.number] += got
            peak.look()
        waits, error = good.stop()
        told = fleet.stop()
        rate = check_load(c, told)
        size = len(sample) / max(1, len(moving.MESSAGE.findall(sample)))
        told_each = sum(taken) / size / seconds
        c.note(f"{count:,} that hear of all, {rate:,.0f} points/s: {told_each:,.0f} messages/s, "
               f"{sum(taken) / seconds / MIB:.0f} MiB/s; the least {min(taken) / MIB:.1f}, the "
               f"most {max(taken) / MIB:.1f} MiB each; memory at most {peak.bytes / MIB:.0f} MiB")
        witness.show(c, "T.GET meanwhile", waits)
        c.check("everyone hears", min(taken) > 0, f"{taken.count(0)} heard nothing")
        c.check("requests are served meanwhile", error is None and herd.at(waits, 0.99) < 0.25,
                f"{error}, p99 {herd.at(waits, 0.99):.3f} s")
        crowd.leave(resets=1.0)
        c.check("all have left", storm_peers.all_left(monitor))
    c.check("stops cleanly", subject.stop(60) == 0, subject.last_error)


def shutdown(c):
    """2,000 write one fix after another, each when the last is acknowledged."""
    subject = storm_peers.started(c, "shutdown")
    crowd = herd.Herd(subject, 2_000)
    storm_peers.come(c, crowd, "writers")
    base = int(time.time() * 1000) - 100_000_000
    poll, by_file = select.epoll(), {peer.socket.fileno(): peer for peer in crowd.peers}

    def write(peer):
        peer.socket.send(resp.encode(
            ["T.ADD", f"w-{peer.number}", base + peer.state * 1000,
             f"37.5{peer.state % 100000:05d}", "127"]))
    for peer in crowd.peers:
        peer.state = 0
        poll.register(peer.socket, select.EPOLLIN)
        write(peer)
    left, refused, stopped = len(crowd.peers), 0, None
    begin = time.monotonic()
    while left and time.monotonic() < begin + 40:
        if stopped is None and time.monotonic() > begin + 3:
            stopped = time.monotonic()
            process.kill(subject.pid, signal.SIGTERM)
        for number, _ in poll.poll(0.05, 4096):
            peer = by_file[number]
            try:
                data = peer.socket.recv(4096)
                if data == b":0\r\n":
                    peer.state += 1
                    write(peer)
                    continue
                refused += bool(data)
            except OSError:
                pass
            poll.unregister(number)
            left -= 1
    code = subject.wait(20)
    took = time.monotonic() - stopped
    acknowledged = sum(peer.state for peer in crowd.peers)
    c.note(f"{acknowledged:,} fixes acknowledged on 2,000 connections; ended {took:.2f} s after "
           "SIGTERM")
    c.check("the process ends by itself within its seconds", code == 0 and took < 10,
            f"code {code}, {took:.1f} s")
    c.check("nobody is answered anything but masks", refused == 0, f"{refused}")
    again = server.started(
        c.server_command(), c.work / "shutdown" / "data", c.place("shutdown-logs"))
    with again.connect() as connection:
        lost = 0
        for peer in crowd.peers:
            lost += peer.state > 0 and connection.command(
                "T.LEN", f"w-{peer.number}", str(base), str(base + (peer.state - 1) * 1000)
            ) != peer.state
    c.check("every acknowledged fix is there after the restart", acknowledged > 2_000 and lost == 0,
            f"{lost} of 2,000 riders miss some")
    crowd.leave()
    c.check("stops cleanly", again.stop(60) == 0, again.last_error)
