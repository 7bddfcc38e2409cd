#!/usr/bin/env python3
"""Storms: ten thousand connections, listeners that do not listen, floods, and a stop in the middle.

Each step starts a server of its own. Seconds, milliseconds and bytes are printed; the bounds that
are checked are the project's promises:
  idle        10,000 connections in 10 s, less than 16 KB of the server's memory each
  subscribers 10,000 that hear of one rider each, some of all: the newest, each the last there is
  stalled     1,000 that never read beside 1,000 that do: p99 under 1 s, memory is given back
  listeners   thousands that hear of all riders: what they are told, and that requests are served
  reconnects  all leave at once, half by a reset, and come at once: nothing leaks, nobody waits 10 s
  silent      peers that are gone without a word are noticed, those that only say nothing stay
  floods      requests without end, answers not read; requests without an end: memory bounded
  shutdown    SIGTERM under 2,000 writers: what was acknowledged is there afterwards

--broken LIMIT runs a server without that limit, and --expect-failure succeeds only if it is seen.

examples:
  tools/campaigns/storms.py --only idle reconnects --verbose
  tools/campaigns/storms.py --full
  tools/campaigns/storms.py --broken input --expect-failure
"""

import sys

from lib import campaign, herd, storm_load, storm_peers

STEPS = {
    "idle": storm_peers.idle,
    "subscribers": storm_load.subscribers,
    "stalled": storm_load.stalled,
    "listeners": storm_load.listeners,
    "reconnects": storm_peers.reconnects,
    "silent": storm_peers.silent,
    "floods": storm_peers.floods,
    "shutdown": storm_load.shutdown,
}
# A limit that is not kept: the flags of the server, and the step that must see it.
BROKEN = {
    "connections": (["--connections", "9000"], "idle"),
    "output": (["--output-bytes", str(1 << 30)], "floods"),
    "input": (["--input-bytes", str(1 << 40)], "floods"),
    "keep-alive": (["--keep-alive", "3600"], "silent"),
}


def main():
    parser = campaign.parser(__doc__, faulty=False)
    parser.add_argument("--only", nargs="+", choices=list(STEPS), metavar="STEP",
                        help="of " + ", ".join(STEPS))
    parser.add_argument("--broken", choices=list(BROKEN), help="a limit that is not kept")
    parser.add_argument("--expect-failure", action="store_true",
                        help="succeed only if the broken limit is seen")
    options = parser.parse_args()
    with campaign.Campaign("storms", options) as c:
        c.limits = []
        steps = options.only or list(STEPS)
        if options.broken:
            c.limits, step = BROKEN[options.broken]
            steps = [step]
        files = herd.allow_files()
        if not c.check("20,000 files may be open (ulimit -n)", files >= 20_000, f"{files}"):
            return
        for name in steps:
            c.note(f"-- {name}")
            STEPS[name](c)
            c.forget(name)


if __name__ == "__main__":
    sys.exit(main())
