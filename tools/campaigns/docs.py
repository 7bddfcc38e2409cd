#!/usr/bin/env python3
"""Runs every command of the documentation, and compares what is printed with what pages show.

Each page has a shell, a directory and a network of its own, so commands run as they are written: ports,
/var/lib/tacho, files of earlier commands. How blocks are marked: lib/pages.py. Also checked: links
between pages and to sections, error messages of docs/troubleshooting.md against the programs that print
them, and that every page is reached from docs/README.md. Needs root, for the networks.

examples:
  tools/campaigns/docs.py
  tools/campaigns/docs.py docs/getting-started.md --verbose
  tools/campaigns/docs.py --self-test
"""

import os
import re
import sys

from lib import campaign, pages, shell

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.M)
# How long a program that does not end by itself is watched.
FOREVER_SECONDS = 3
# Pages whose commands belong to other steps of tools/check, by name.
ELSEWHERE = {"docs/evaluation.md": "tools/evaluate is a step of tools/check --full"}


def main():
    parser = campaign.parser(__doc__, seed=False, faulty=False)
    parser.add_argument("pages", nargs="*", help="default: all of docs/")
    parser.add_argument("--self-test", action="store_true",
                        help="pages with a mistake each: every one must be found")
    options = parser.parse_args()
    if options.self_test:
        return self_test(options)
    with campaign.Campaign("docs", options) as c:
        everything = sorted((campaign.ROOT / "docs").glob("*.md"))
        chosen = [campaign.ROOT / page for page in options.pages] or everything
        for path in chosen:
            links(c, path)
            run(c, path)
        if not options.pages:
            reached(c, everything)
            messages(c)


def shown_name(path):
    return os.path.relpath(path, campaign.ROOT)


def run(c, path):
    name = shown_name(path)
    found = pages.blocks(name, path.read_text())
    for block in found:
        stray = pages.stray_commands(block)
        if name not in ELSEWHERE:
            c.check(f"{block.place}: what a reader types is run", not stray, f"{stray[:2]}")
    wanted = [block for block in found if block.language in pages.RUN]
    if not wanted or name in ELSEWHERE:
        return
    place = c.place(path.stem)
    reader = shell.Shell(place, os.path.abspath(c.options.bin_dir), environment())
    try:
        for block in wanted:
            if not one(c, reader, block):
                return
    finally:
        reader.close()
        c.forget(path.stem)


class Finding(campaign.Campaign):
    """A campaign that is to find something: it keeps quiet about it."""

    def note(self, text):
        pass


def self_test(options):
    with campaign.Campaign("docs-self-test", options) as c:
        text = (campaign.ROOT / "Tests" / "Fixtures" / "wrong-pages.txt").read_text()
        wrong = [page.split("\n", 1) for page in re.split(r"^==== ", text, flags=re.M)[1:]]
        for name, page in wrong:
            # Where links of pages lead from, and removed with the place.
            path = c.place("page") / "page.md"
            path.write_text(page)
            finding = Finding("docs", options)
            finding._work = c.place("shell")
            links(finding, path)
            run(finding, path)
            c.check(f"found: {name}", finding.failed > 0)
        c.check("mistakes were tried", len(wrong) >= 9, f"{len(wrong)}")


def environment():
    return {"ROOT": str(campaign.ROOT), "PYTHONWARNINGS": "ignore"}


def one(c, reader, block):
    """False: what comes after it on the page has no ground."""
    if block.reason is not None:
        c.note(f"{block.place} is not run: {block.reason}")
        return c.check(f"{block.place}: says why it is not run", bool(block.reason))
    if block.mode == "stop":
        reader.stop()
    if block.language == "console":
        return all([shown(c, reader, block, command, expected)
                    for command, expected in block.commands()])
    if block.mode == "background":
        ready, printed = reader.start(block.text)
        return c.check(f"{block.place} is ready", ready, "\n".join(printed[-20:]))
    text = block.text
    if block.language == "python":
        python = campaign.ROOT / ".build" / "venv" / "bin" / "python"
        limit = f"timeout {FOREVER_SECONDS} " if block.mode == "forever" else ""
        text = f"{limit}{python} - <<'THE PAGE'\n{block.text}THE PAGE\n"
        if block.mode == "forever":
            # What timeout says of what it had to end.
            text += "[ $? = 124 ]\n"
    failed = []
    for command in [text] if block.language == "python" else commands(text):
        code, printed = reader.run(command)
        if code != 0:
            failed.append(f"{command!r}: status {code}: " + "\n".join(printed[-10:]))
    good = bool(failed) if block.mode == "fails" else not failed
    return c.check(f"{block.place} runs", good, failed[0] if failed else "it did not fail")


def commands(text):
    """Lines, those that end in a backslash with the next, and here-documents with their end."""
    found, end = [], None
    for line in text.splitlines():
        if end is not None or (found and found[-1].endswith("\\")):
            found[-1] += "\n" + line
            if line == end:
                end = None
            continue
        if line.strip() and not line.lstrip().startswith("#"):
            found.append(line)
            document = re.search(r"<<-?\s*'?(\w+)'?", line)
            end = document[1] if document else None
    return found


def shown(c, reader, block, command, expected):
    code, printed = reader.run(command)
    for lines in (expected, printed):
        while lines and not lines[-1].strip():
            lines.pop()
    good = code is not None and (not expected or pages.matches(expected, printed))
    return c.check(f"{block.place}: {command.splitlines()[0]}", good,
                   f"status {code}\n  shown:   " + "\n           ".join(expected)
                   + "\n  printed: " + "\n           ".join(printed[-30:]))


def anchors(text):
    """As GitHub names headings."""
    plain = (re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading) for heading in HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def links(c, path):
    name = shown_name(path)
    for target in LINK.findall(path.read_text()):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        other = (path.parent / file).resolve() if file else path
        if c.check(f"{name}: {target} is there", other.exists(), str(other)) and anchor:
            c.check(f"{name}: {target} is a section", anchor in anchors(other.read_text()), anchor)


def reached(c, everything):
    """From docs/README.md, in any number of steps."""
    known, waiting = set(), [campaign.ROOT / "docs" / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in known or not path.exists():
            continue
        known.add(path)
        for target in LINK.findall(path.read_text()):
            other = (path.parent / target.partition("#")[0]).resolve()
            if other.suffix == ".md" and other.parent == path.parent:
                waiting.append(other)
    lost = [path.name for path in everything if path not in known]
    c.check("every page is reached from docs/README.md", not lost, f"{lost}")


def messages(c):
    """Each heading of the page about troubles is a message as a program prints it: its words, without
    what differs, stand in the sources."""
    page = campaign.ROOT / "docs" / "troubleshooting.md"
    sources = [path.read_text() for folder in ("Sources", "tools")
               for path in (campaign.ROOT / folder).rglob("*.swift")]
    # A text may be broken over lines in the source.
    plain = re.sub(r'"\s*\+\s*"|\\\n\s*', "", "\n".join(sources))
    asked = re.findall(r"^### `(.*)`$", page.read_text(), re.M)
    c.check("messages are named", len(asked) >= 20, f"{len(asked)}")
    for message in asked:
        for part in (part.strip() for part in message.split("…")):
            c.check(f"a program says: {part}", not part or part in plain)


if __name__ == "__main__":
    sys.exit(main())
