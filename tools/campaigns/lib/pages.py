"""Pages of documentation as what they ask a reader to type.

A fenced block whose language is `sh`, `console` or `python` is run, others are not: then none of
their lines may begin like a command. What follows the language says how:

    sh                 the lines, one after another, in the page's own shell
    sh background      a server: it is started and its `ready` line awaited
    sh fails           must fail (its status and what it says may be shown in a `text` block)
    sh stop            the page's servers are ended before its lines
    python forever     must not end by itself
    sh skip: REASON    is not run; the reason is printed and counted
    console            `$ command` lines with what they print; a `…` stands for any text in a line,
                       alone on a line for any lines
    python             in the project's Python, with redis-py
"""

import dataclasses
import re

FENCE = re.compile(r"^( *)```(.*)$")
COMMAND = re.compile(
    r"^\s*(\$ |sudo |tacho |tachod |tacho-audit |tacho-fleet |tools/|redis-cli |redis-benchmark |"
    r"systemctl |apt |apt-get |dpkg |curl |openssl |promtool |python3? |pip |swift |Benchmarks )")
RUN = ("sh", "console", "python")


@dataclasses.dataclass
class Block:
    page: str
    line: int
    language: str
    mode: str
    text: str

    @property
    def place(self):
        return f"{self.page}:{self.line}"

    @property
    def reason(self):
        return self.mode.partition(":")[2].strip() if self.mode.startswith("skip:") else None

    def commands(self):
        """Of a console block: pairs of a command and the lines it prints."""
        found = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line.startswith("> ") and found and not found[-1][1]:
                found[-1] = (found[-1][0] + "\n" + line[2:], [])
            elif found:
                found[-1][1].append(line)
            else:
                raise ValueError(f"{self.place}: a console block begins with a command")
        return found


def blocks(page, text):
    """All fenced blocks, and indented ones as blocks without a language."""
    found, current, indent = [], None, 0
    loose = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if current is None and fence:
            language, _, mode = fence[2].strip().partition(" ")
            current, indent = Block(page, number, language, mode.strip(), ""), len(fence[1])
            loose = None
        elif current is not None and fence and not fence[2].strip():
            found.append(current)
            current = None
        elif current is not None:
            current.text += line[indent:] + "\n"
        elif line.startswith("    ") and line.strip():
            if loose is None:
                loose = Block(page, number, "", "", "")
                found.append(loose)
            loose.text += line[4:] + "\n"
        elif line.strip():
            loose = None
    if current is not None:
        raise ValueError(f"{current.place}: a block that does not end")
    return found


def stray_commands(block):
    """Lines of a block that is not run that look as if a reader should type them."""
    if block.language in RUN:
        return []
    return [line for line in block.text.splitlines() if COMMAND.match(line)]


def matches(expected, printed):
    """Whether lines are those expected, with `…` for what differs each time."""
    if not expected:
        return not printed
    if expected[0].strip() == "…":
        return any(matches(expected[1:], printed[at:]) for at in range(len(printed) + 1))
    if not printed:
        return False
    pattern = ".*".join(re.escape(part) for part in expected[0].rstrip().split("…"))
    return bool(re.fullmatch(pattern, printed[0].rstrip())) and matches(expected[1:], printed[1:])
