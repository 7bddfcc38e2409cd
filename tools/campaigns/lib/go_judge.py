"""Go's checksum-database packages as a judge: built offline from Debian's packages."""

import os

from . import campaign, process

SOURCE = campaign.ROOT / "tools" / "campaigns" / "go" / "logjudge" / "main.go"
PROGRAM = campaign.ROOT / ".build" / "go" / "logjudge"
LIBRARIES = "/usr/share/gocode"


def build():
    """Builds the judge if its source is newer; an exception when Go or its packages are absent."""
    if PROGRAM.exists() and PROGRAM.stat().st_mtime > SOURCE.stat().st_mtime:
        return PROGRAM
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    # No modules: everything comes from Debian's source packages, nothing from the network.
    environment = dict(os.environ, GOPATH=LIBRARIES, GO111MODULE="off", GOFLAGS="", GOPROXY="off",
                       GOCACHE=str(PROGRAM.parent / "cache"))
    process.run(["go", "build", "-o", PROGRAM, SOURCE], timeout=300, check=True, text=True,
                env=environment)
    return PROGRAM
