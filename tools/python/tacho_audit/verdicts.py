"""Verdicts as text (format-spec.md §2)."""

CODES = (
    "INVALID", "MOCK_FLAG", "TS_FUTURE", "TS_PAST", "LOWACC", "TS_STEP", "TS_CONFLICT",
    "TS_OVERLAP", "TELEPORT", "SPIKE", "CANDIDATE", "FLICKER", "GAP_SPEED", "OVERSPEED",
    "SPEED_MISMATCH", "HEADING_MISMATCH", "PV_DIVERGE", "FROZEN", "STATIC_SYNTH", "SYNTH_LINE",
    "SYNTH_SPEED", "WHITE_JITTER", "QUANTISED", "CONST_META", "ALT_JUMP", "ZIGZAG", "REPLAY", "REPLAY_FUZZY",
    "COLOCATED", "LOCKSTEP", "GLITCH", "TS_RATE",
)
EFFECTS = ("accept", "flag", "hold", "quarantine")
SOURCES = (None, "gps", "net", "fused", "mock")


def text(codes, effect):
    """`ok`, or the effect and the codes in number order. A code without a name is `CODEn`."""
    names = [CODES[n] if n < len(CODES) else f"CODE{n}" for n in range(64) if codes >> n & 1]
    if not names and effect == 0:
        return "ok"
    return f"{EFFECTS[effect]}:{'+'.join(names)}"


class Verdicts:
    """Numbers for the verdicts of many blocks, so that each text is made once."""

    def __init__(self):
        self._numbers = {}
        self.texts = []

    def number(self, codes, effect):
        number = self._numbers.get((codes, effect))
        if number is None:
            number = self._numbers[codes, effect] = len(self.texts)
            self.texts.append(text(codes, effect))
        return number
