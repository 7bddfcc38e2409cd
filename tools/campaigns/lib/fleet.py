"""tacho-fleet as a load of its own process, with the ledger that outlives the server."""

import json

from . import oracle, process


class FleetRun:
    """One run of tacho-fleet against a server. Its riders are named by `prefix`."""

    def __init__(self, program, server, place, prefix, seed, riders=50, rate=2000, seconds=20,
                 ledger=True, more=(), args=(), wrapper=()):
        self.ledger = place / f"ledger-{prefix}"
        self.out_path = place / f"fleet-{prefix}.out"
        self.err_path = place / f"fleet-{prefix}.err"
        command = [program, "--riders", riders, "--rate", rate, "--seconds", seconds, "--server",
                   server.address, "--seed", seed, "--prefix", prefix, "--json"]
        command += more
        if ledger:
            command += ["--ledger", self.ledger]
        command = [*wrapper, *command, *args]
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.child = process.start(command, stdout=out, stderr=err)

    def wait(self, timeout):
        """The exit code; the program is ended when the time is over."""
        if not process.wait_until(lambda: self.child.poll() is not None, timeout):
            self.child.kill()
            self.child.wait()
        return self.child.returncode

    def report(self):
        """Its summary, or None if it ended without one."""
        lines = self.out_path.read_text(errors="replace").strip().splitlines()
        return json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None

    def read_into(self, truth):
        """Adds the ledger to an oracle; the number of fixes acknowledged."""
        return oracle.read_ledger(self.ledger, truth) if self.ledger.exists() else 0
