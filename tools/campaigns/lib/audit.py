"""Sealed segments as an outsider checks them."""

from . import process


def verify(c, label, data, deep=False):
    """One check: tacho-audit verifies what is sealed in a data directory. Nothing sealed: nothing
    to check (verify rightly refuses an empty directory)."""
    audit = data / "audit"
    if not list(audit.glob("*.seg")):
        return
    words = [c.program("tacho-audit"), "verify", "--audit", audit] + (["--deep"] if deep else [])
    done = process.run(words, timeout=600, text=True)
    c.check(f"{label}: segments verify", done.returncode == 0,
            f"exit {done.returncode}: {(done.stdout + done.stderr)[-400:]}")
