"""format-spec.md, as tests read it: tables and hex examples."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[4]
TEXT = (ROOT / "format-spec.md").read_text()
FIXTURES = ROOT / "Tests" / "Fixtures"


def section(title):
    """The text below the heading that begins with `title`, up to the next of its rank or above."""
    match = re.search(rf"^(#+) {re.escape(title)}.*$", TEXT, re.M)
    rank = len(match[1])
    end = re.search(rf"^#{{1,{rank}}} ", TEXT[match.end():], re.M)
    return TEXT[match.end():match.end() + end.start() if end else len(TEXT)]


def tables(text):
    """Tables as lists of dicts by their header."""
    found, rows = [], []
    for line in text.split("\n") + [""]:
        if line.startswith("|"):
            rows.append([cell.strip().replace("\\|", "|")
                         for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            found.append([dict(zip(rows[0], row)) for row in rows[2:]])
            rows = []
    return found


def examples(text):
    """Hex examples as bytes, comments left out."""
    return [bytes.fromhex("".join(line.split(";")[0] for line in block.split("\n")))
            for block in re.findall(r"```hex\n(.*?)```", text, re.S)]


def fixes(table):
    """A table of fixes as dicts of ints, None where absent."""
    return [{key: None if cell == "-" else int(cell) for key, cell in row.items()} for row in table]
