"""verify, export and parquet, with the exit codes of tacho-audit."""

import argparse
import datetime
import json
import os
import sys

from . import __version__, csv_text, errors
from .audit import open_audit
from .verify import verify

DESCRIPTION = """Verifies and exports Tacho's sealed segments: a second reader, written from
format-spec.md alone. Opens everything read-only.

EXAMPLES
  python3 -m tacho_audit verify DIR/audit --deep
  python3 -m tacho_audit export DIR/audit --rider 7 --out 7.csv
  python3 -m tacho_audit parquet DIR/audit --from 2026-01-02T00:00:00Z --out day.parquet"""
EXIT_CODES = """EXIT CODES
  0 verified or done · 1 usage · 2 damage or forgery · 3 incomplete: gap, missing or cut segment ·
  5 input or output error · 6 unknown version or algorithm. Of several the first in 2 3 5 6."""


class Progress:
    """A line on a terminal, none elsewhere."""

    def __init__(self, what):
        self.what = what
        self.shown = sys.stderr.isatty()

    def __call__(self, done, of=None):
        if self.shown:
            share = f" of {of:,}" if of else ""
            print(f"\r{done:,}{share} {self.what}", end="", file=sys.stderr, flush=True)

    def end(self):
        if self.shown:
            print(file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(1, f"tacho_audit: {message}; see python3 -m tacho_audit --help\n")


def time_ms(text):
    """Unix ms, or RFC 3339, to the nearest ms."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or "T" not in text.upper():
        raise argparse.ArgumentTypeError(f"{text!r} is neither Unix ms nor RFC 3339 with an offset")
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return round((at - epoch) / datetime.timedelta(milliseconds=1))


def _arguments(words):
    form = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="python3 -m tacho_audit", description=DESCRIPTION, epilog=EXIT_CODES,
                     formatter_class=form)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    verifying = commands.add_parser(
        "verify", help="checks structure, checksums, leaves, roots, hashes and chain",
        description="Goes on after the first finding. Segments missing at the end cannot be known "
        "from the directory alone.\n\nEXAMPLES\n  python3 -m tacho_audit verify DIR/audit --deep "
        "--json", epilog=EXIT_CODES, formatter_class=form)
    verifying.add_argument("--deep", action="store_true",
                           help="decode every block too, and recount")
    exporting = commands.add_parser(
        "export", help="writes CSV, byte for byte that of tacho-audit export",
        description="Rows by segment, block and index.\n\nEXAMPLES\n"
        "  python3 -m tacho_audit export DIR/audit --rider 7 --out 7.csv", epilog=EXIT_CODES,
        formatter_class=form)
    parquet = commands.add_parser(
        "parquet", help="writes GeoParquet 1.1",
        description="The columns of the export, lat_e7 and lon_e7 exact, and a WKB point."
        "\n\nEXAMPLES\n  python3 -m tacho_audit parquet DIR/audit --out all.parquet",
        epilog=EXIT_CODES, formatter_class=form)
    for command in (verifying, exporting, parquet):
        command.add_argument("audit", metavar="DIR/audit", help="directory of sealed segments")
        command.add_argument("--json", action="store_true", help="results as JSON lines")
    for command in (exporting, parquet):
        command.add_argument("--rider", action="append", metavar="R",
                             help="only this rider; may be repeated")
        for name, what in (("from", "first event time"), ("to", "last event time"),
                           ("recv-from", "first receipt time"), ("recv-to", "last receipt time")):
            command.add_argument(f"--{name}", type=time_ms, metavar="T",
                                 dest=name.replace("-", "_"),
                                 help=f"{what}: Unix ms or RFC 3339, inclusive")
    exporting.add_argument("--out", default="-", metavar="P",
                           help="the file, - for standard output")
    parquet.add_argument("--out", required=True, metavar="P", help="the file")
    return parser.parse_args(words)


def _filters(options):
    return {"riders": options.rider, "start_ms": getattr(options, "from"), "end_ms": options.to,
            "recv_start_ms": options.recv_from, "recv_end_ms": options.recv_to}


def _verify(options):
    progress = Progress("segments")
    summary = {}
    for event in verify(options.audit, deep=options.deep, progress=progress):
        if options.json:
            print(json.dumps(event, separators=(",", ":"), ensure_ascii=False), flush=True)
        elif event["type"] == "finding":
            print(event["message"], flush=True)
        summary = event
    progress.end()
    if not options.json:
        print(f"{summary['findings']} findings in {summary['segments']} segments, "
              f"{summary['points']} points, {summary['lost_points']} accepted lost, "
              f"{summary['amendments']} amendments, {summary['bytes']} bytes")
    return summary["exit"]


def _export(options):
    progress, rows = Progress("rows"), 0
    with open_audit(options.audit) as audit:
        making = None if options.out == "-" else options.out + ".part"
        out = sys.stdout.buffer if making is None else open(making, "wb")
        try:
            out.write(csv_text.HEADER)
            for some in audit.rows(**_filters(options)):
                out.write(csv_text.lines(some))
                rows += len(some)
                progress(rows)
            out.flush()
            if making:
                out.close()
                os.replace(making, options.out)
        finally:
            if making and os.path.exists(making):
                out.close()
                os.remove(making)
    progress.end()
    if options.json:
        print(json.dumps({"rows": rows, "segments": len(audit.segments)}),
              file=sys.stderr if making is None else sys.stdout)
    return 0


def _parquet(options):
    progress = Progress("rows")
    with open_audit(options.audit) as audit:
        rows = audit.to_parquet(options.out, progress=progress, **_filters(options))
        progress.end()
        if options.json:
            print(json.dumps({"rows": rows, "segments": len(audit.segments)}))
    return 0


def main(words=None):
    """Runs a command; its exit code."""
    options = _arguments(words)
    command = {"verify": _verify, "export": _export, "parquet": _parquet}[options.command]
    try:
        return command(options)
    except errors.AuditError as error:
        print(f"tacho_audit: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 5
    except OSError as error:
        print(f"tacho_audit: {error.filename or options.out}: {error.strerror}; check the disk and "
              "the permissions, then run again", file=sys.stderr)
        return 5
    except KeyboardInterrupt:
        return 130
