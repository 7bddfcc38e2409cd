"""Reads Tacho's sealed segments, from `format-spec.md` alone: no line of it comes from the programs
that write them.

    from tacho_audit import open_audit
    with open_audit("DIR/audit") as audit:
        table = audit.fixes(riders=["7"], start_ms=1767225600000)
"""

from .audit import Audit, open_audit
from .errors import AuditError
from .segment import Segment, open_segment
from .verify import verify

__all__ = ["Audit", "AuditError", "Segment", "open_audit", "open_segment", "verify"]
__version__ = "0.1.0"
