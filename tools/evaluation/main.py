"""How much manipulated movement the engine finds, and how often it is wrong.

Injects labelled, seeded attacks into real tracks, runs the engine on them and on clean tracks, and
prints recall by kind and strength, delay, and false incidents per clean rider-hour by source. A
plain speed filter is scored on the same rides first: a set of attacks that it finds too easily, or
not at all, proves nothing.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import Counter

import attacks
import engine
import episodes
import page
import plain
import scoring

# What the plain filter must find of a valid set of attacks.
PLAIN_BLATANT, PLAIN_SUBTLE, PLAIN_FALSE = (0.35, 0.50), (0.25, 0.40), (0.3, 0.5)


def arguments():
    parser = argparse.ArgumentParser(
        prog="tools/evaluate", description=__doc__.split("\n\n")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="EXAMPLES\n  tools/evaluate --half tune --count 8\n"
               "  tools/evaluate --half report --count 24 --json > report.json\n")
    parser.add_argument("--data", default="../shared/data", help="directory of real tracks")
    parser.add_argument("--half", choices=("tune", "report"), default="report",
                        help="riders to take: rules are tuned on one half (default: report)")
    parser.add_argument("--count", type=int, default=12, help="episodes a kind and strength")
    parser.add_argument("--clean", type=int, default=60, help="clean rides a source at most; of sources without a goal 60")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tacho", default=".build/release/tacho", help="the program")
    parser.add_argument("--plain-only", action="store_true", help="only the plain filter")
    parser.add_argument("--falses", action="store_true", help="codes of false alerts by source")
    parser.add_argument("--missed", action="store_true", help="episodes nothing was found of")
    parser.add_argument("--page", metavar="FILE", help="write the tables of that page anew")
    parser.add_argument("--hold", metavar="FILE",
                        help="exit 1 if the run is worse than the tables of that page say")
    parser.add_argument("--keep", metavar="FILE", help="write all alerts there, as NDJSON")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


def shown(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def within(value, bounds):
    return value is not None and bounds[0] <= value <= bounds[1]


def table(score, other, sources):
    lines = [f"{'kind':<20} {'blatant':>8} {'points':>7} {'s':>6} {'subtle':>8} {'points':>7} "
             f"{'s':>6}   plain"]
    kinds = [one.name for one in attacks.KINDS] + ["clone"]
    for kind in kinds:
        cells = []
        for strength in (attacks.BLATANT, attacks.SUBTLE):
            points, seconds = score.delay(kind, strength)
            cells.append(f"{shown(score.recall(kind, strength)):>8} {shown(points, 0):>7} "
                         f"{shown(seconds, 0):>6}")
        rest = " ".join(shown(other.recall(kind, strength)) for strength in (0, 1))
        lines.append(f"{kind:<20} {' '.join(cells)}   {rest}")
    lines.append("")
    for title, name, strength, goal in scoring.GROUPS:
        value = score.group(name, strength)
        mark = "" if goal is None or value is None else (
            "  reached" if value >= goal else "  MISSED")
        lines.append(f"{title:<46} {shown(value)}  goal {shown(goal)}{mark}")
    lines.append("")
    lines.append(f"{'clean source':<30} {'hours':>7} {'incidents/h':>12} {'riders':>8} {'plain':>7}")
    for source in sources:
        one = score.clean[source]
        lines.append(f"{source:<30} {one[1]:>7.1f} {shown(score.false_rate(source), 3):>12} "
                     f"{one[2]:>4}/{one[3]:<3} {shown(other.false_rate(source), 3):>7}")
    lines.append(f"{'all':<30} {'':>7} {shown(score.false_rate(*sources), 3):>12} {'':>8} "
                 f"{shown(other.false_rate(*sources), 3):>7}")
    return "\n".join(lines)


def precision(score, sources, base=0.01):
    """Of riders with an incident in an hour, the share that manipulates, if `base` of all do and
    each once an hour."""
    recall = score.mean(lambda kind, strength: kind != "stealth")
    false = score.false_rate(*sources)
    if not recall or false is None:
        return None
    return base * recall / (base * recall + (1 - base) * min(1, false))


def summary(options, score, plain_found, sources):
    return [
        f"{options.count} episodes a kind and strength, seed {options.seed}, half "
        f"`{options.half}`. Plain filter: {shown(plain_found[0])} of blatant, "
        f"{shown(plain_found[1])} of subtle episodes, {shown(plain_found[2])} false incidents per "
        f"clean rider-hour. Tacho: {shown(score.strength(0))} and {shown(score.strength(1))}, "
        f"{shown(score.false_rate(*sources), 3)}. Precision, if 1 % of riders manipulate: "
        f"{shown(precision(score, sources))}."]


def main():
    options = arguments()
    if not os.path.isdir(options.data):
        print(f"evaluate: no tracks in {options.data}: --data DIR", file=sys.stderr)
        return 0
    half = 0 if options.half == "tune" else 1
    attacked = episodes.attacked_rides(options.data, half, options.count, options.seed)
    clean = episodes.clean_rides(options.data, half, options.clean, options.seed)
    rides = attacked + clean
    sources = sorted({ride.source for ride in clean})
    plain_score = scoring.Score(rides, {ride.name: plain.alerts(ride.fixes) for ride in rides})
    found = (plain_score.strength(attacks.BLATANT), plain_score.strength(attacks.SUBTLE),
             plain_score.false_rate(*sources))
    is_valid = (within(found[0], PLAIN_BLATANT) and within(found[1], PLAIN_SUBTLE)
                and within(found[2], PLAIN_FALSE))
    print(f"plain filter: blatant {shown(found[0])}, subtle {shown(found[1])}, "
          f"{shown(found[2])} false incidents per clean rider-hour: the set is "
          f"{'valid' if is_valid else 'NOT VALID'}", file=sys.stderr)
    if options.plain_only:
        print(table(plain_score, plain_score, sources))
        return 0 if is_valid else 1
    with tempfile.TemporaryDirectory() as directory:
        alerts = engine.alerts(options.tacho, directory, rides)
    if options.keep:
        with open(options.keep, "w") as file:
            file.writelines(json.dumps(alert) + "\n" for alert in alerts)
    score = scoring.Score(rides, engine.times(alerts))
    critical = scoring.Score(rides, engine.times(alerts, ("crit",)))
    if options.page:
        page.write(options.page, {
            "summary": summary(options, score, found, sources),
            "groups": page.groups(score), "kinds": page.kinds(score, plain_score),
            "clean": page.clean(score, critical, plain_score, sources)})
    worse = page.worse(options.hold, score, sources) if options.hold else []
    for line in worse:
        print(f"FAILED: {line}", file=sys.stderr)
    if options.json:
        print(json.dumps({
            "valid": is_valid, "plain": found,
            "blatant": score.strength(0), "subtle": score.strength(1),
            "recall": {f"{kind} {attacks.NAMES[s]}": score.recall(kind, s)
                       for kind, s in score.episodes},
            "false": {source: score.false_rate(source) for source in sources},
            "false_critical": {source: critical.false_rate(source) for source in sources},
            "precision": precision(score, sources)}))
    else:
        print(table(score, plain_score, sources))
        print(f"{'all, critical only':<30} {'':>7} {shown(critical.false_rate(*sources), 3):>12}")
        print(f"\nprecision at a base rate of 1 %: {shown(precision(score, sources))}")
        if options.missed:
            print_missed(attacked, engine.times(alerts))
        if options.falses:
            print_falses(clean, alerts)
    return 0 if is_valid and not worse else 1


def print_missed(attacked, times):
    for ride in attacked:
        if ride.kind == "origin" or scoring.judge_episode(ride, times.get(ride.name, []))[0]:
            continue
        some = ride.attacked
        step = episodes.usual_step(sorted(some, key=lambda fix: fix.ts)) if some[1:] else 0
        print(f"missed {ride.name:<32} {ride.source:<18} {len(some)} fixes, {step} ms apart, "
              f"speed {some[0].speed}, accuracy {some[0].acc}, altitude {some[0].alt}")


def print_falses(clean, alerts):
    names = {ride.name: ride.source for ride in clean}
    counts = Counter(
        (names[a["rider"]], a["code"], a["severity"]) for a in alerts if a["rider"] in names)
    for (source, code, severity), count in sorted(counts.items()):
        print(f"{source:<30} {code:<18} {severity:<5} {count}")


sys.exit(main())
