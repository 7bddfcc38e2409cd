"""The page of figures: writes its tables, and holds a run against those it shows."""

import re

import attacks
import scoring

# A run of other seeds, or of more episodes, may differ by chance.
RECALL_SLACK, FALSE_SLACK = 0.05, 0.05
# Where a single false incident is too much.
NEVER = ("amazon_delivery", "ucc5g_phone")
# Goals for false incidents per clean rider-hour: critical, and critical or warn.
GOALS = {
    "device_fixtures": (0.01, 0.03), "device_fixtures with fields": (0.01, 0.03),
    "geolife": (0.02, 0.10), "geolife with fields": (0.02, 0.10),
    "amazon_delivery": (0, 0), "ucc5g_phone": (0, 0),
}


def shown(value, digits=2):
    return "–" if value is None else f"{value:.{digits}f}"


def groups(score):
    lines = ["| group | recall | goal |", "|---|---|---|"]
    for title, name, strength, goal in scoring.GROUPS:
        lines.append(
            f"| {title} | {shown(score.group(name, strength))} | {shown(goal)} |")
    return lines


def kinds(score, plain):
    lines = ["| kind | blatant | points | seconds | plain | subtle | points | seconds | plain |",
             "|---|---|---|---|---|---|---|---|---|"]
    for kind in dict.fromkeys(kind for kind, _ in score.episodes):
        cells = [kind.replace("_", " ")]
        for strength in (attacks.BLATANT, attacks.SUBTLE):
            points, seconds = score.delay(kind, strength)
            cells += [shown(score.recall(kind, strength)), shown(points, 0), shown(seconds, 0),
                      shown(plain.recall(kind, strength))]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def clean(score, critical, plain, sources):
    lines = ["| source | hours | critical /h | critical and warn /h | goals | riders with any "
             "| plain /h |", "|---|---|---|---|---|---|---|"]
    for source in sources:
        _, hours, riders, of = score.clean[source]
        goal = GOALS.get(source)
        lines.append(
            f"| {source} | {hours:.0f} | {shown(critical.false_rate(source), 3)} "
            f"| {shown(score.false_rate(source), 3)} "
            f"| {f'{goal[0]} · {goal[1]}' if goal else '–'} | {riders} of {of} "
            f"| {shown(plain.false_rate(source), 2)} |")
    lines.append(
        f"| all | {sum(score.clean[s][1] for s in sources):.0f} "
        f"| {shown(critical.false_rate(*sources), 3)} | {shown(score.false_rate(*sources), 3)} "
        f"| – | | {shown(plain.false_rate(*sources), 2)} |")
    return lines


def write(path, parts):
    """`parts`: lines by the name of their markers."""
    with open(path) as file:
        text = file.read()
    for name, lines in parts.items():
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        if begin not in text or end not in text:
            raise SystemExit(f"evaluate: {path} has no place for {name}")
        head, rest = text.split(begin, 1)
        text = head + begin + "\n".join(lines) + "\n" + end + rest.split(end, 1)[1]
    with open(path, "w") as file:
        file.write(text)


def read(path):
    """Recall by group and the rate of false incidents over all sources, as the page shows them."""
    with open(path) as file:
        text = file.read()
    recalls = {
        title: float(value)
        for title, value in re.findall(r"^\| ([^|]+) \| ([0-9.]+) \| [0-9.–]+ \|$", text, re.M)}
    rate = re.search(r"^\| all \| \d+ \| [0-9.–]+ \| ([0-9.]+) \|", text, re.M)
    if not recalls or rate is None:
        raise SystemExit(f"evaluate: {path} shows no figures")
    return recalls, float(rate.group(1))


def worse(path, score, sources):
    """What is worse than the page says, a line each."""
    recalls, rate = read(path)
    found = []
    for title, name, strength, _ in scoring.GROUPS:
        value = score.group(name, strength)
        if value is not None and value < recalls.get(title, 0) - RECALL_SLACK:
            found.append(f"{title}: recall {value:.2f}, the page says {recalls[title]:.2f}")
    now = score.false_rate(*sources)
    if now is not None and now > rate + FALSE_SLACK:
        found.append(f"{now:.3f} false incidents an hour, the page says {rate:.3f}")
    for source in NEVER:
        if score.clean[source][0]:
            found.append(f"{score.clean[source][0]} false incidents of {source}")
    return found
