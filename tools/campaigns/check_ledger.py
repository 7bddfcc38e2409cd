#!/usr/bin/env python3
"""Is every fix that a ledger of tacho-fleet says was acknowledged still there? Exit 1 if not.

example:
  tools/campaigns/check_ledger.py run.ledger --server 127.0.0.1:7227
"""

import argparse
import sys

from lib import oracle, resp


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ledger")
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    options = parser.parse_args()
    truth = oracle.Oracle()
    acknowledged = oracle.read_ledger(options.ledger, truth)
    host, port = options.server.rsplit(":", 1)
    with resp.Connection(host.strip("[]"), int(port)) as connection:
        lost, doubled, strangers = truth.compare(connection)
    print(f"{acknowledged} fixes acknowledged, {acknowledged - len(lost)} found, "
          f"{len(lost)} lost, {len(doubled)} doubled")
    return 1 if lost or doubled or strangers else 0


if __name__ == "__main__":
    sys.exit(main())
