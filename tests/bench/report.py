#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""report.py FOLDER: from FOLDER/samples, which tests/bench/run wrote, makes FOLDER/results.json, FOLDER/report.md, and for
each scenario NAME.gnuplot and NAME.svg. Ends with 1, and makes nothing, when a sample is not whole."""
import json
import math
import os
import random
import statistics
import subprocess
import sys
from pathlib import Path

DRAWS = 2000
NULL = "again"
LESS_IS_BETTER, MORE_IS_BETTER = "lower", "higher"
# The exit code of a report with a goal that was missed.
MISSED = 3


class Broken(Exception):
    """What was measured cannot be reported."""


# --- reading ---------------------------------------------------------------------------------------


def read_samples(path, about):
    """One {contestant: metrics} for each round."""
    rounds = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            sample = json.loads(line)
            rounds.setdefault(sample["round"], {})[sample["contestant"]] = sample["metrics"]
        except (ValueError, KeyError, TypeError) as error:
            raise Broken(f"{path}:{number}: no sample: {error!r}") from error
    names = [one["name"] for one in about["contestants"]] + [NULL]
    if len(rounds) != about["rounds"]:
        raise Broken(f"{path}: {len(rounds)} rounds, not {about['rounds']}")
    for which, contestants in sorted(rounds.items()):
        for name in names:
            check_sample(path, which, name, contestants.get(name), about)
    return [rounds[which] for which in sorted(rounds)]


def check_sample(path, which, name, metrics, about):
    if metrics is None:
        raise Broken(f"{path}: round {which} has no {name}")
    for metric in about["metrics"]:
        value = metrics.get(metric["key"], "")
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise Broken(f"{path}: round {which}, {name}: {metric['key']} is {value!r}, no number and not null")


def read_scenarios(folder):
    found = []
    for path in (folder / "samples").glob("*.json"):
        about = json.loads(path.read_text())
        found.append((about, read_samples(path.with_suffix(".jsonl"), about)))
    if not found:
        raise Broken(f"{folder}/samples: there is no scenario")
    return sorted(found, key=lambda one: one[0]["number"])


# --- figures ---------------------------------------------------------------------------------------


def estimate(values, seed):
    """The median of what there is, and its bootstrap 95 % interval; None where there is nothing."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    draw = random.Random(seed)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(DRAWS))
    return {
        "median": statistics.median(values),
        "low": medians[int(0.025 * DRAWS)],
        "high": medians[int(0.975 * DRAWS) - 1],
        "rounds": len(values),
    }


def quotients(rounds, key, one, other):
    """Round by round; where both are 0 they are the same, and something is infinitely more than nothing."""
    for contestants in rounds:
        above, below = contestants[one][key], contestants[other][key]
        if above is None or below is None:
            yield None
        elif below == 0:
            yield 1.0 if above == 0 else math.inf
        else:
            yield above / below


def ratio(about, rounds, key, one, other):
    return estimate(quotients(rounds, key, one, other), f"{about['name']} {key} {one}/{other}")


def figures(about, rounds, name):
    base = about["contestants"][0]["name"]
    return {
        metric["key"]: {
            "value": estimate((one[name][metric["key"]] for one in rounds), f"{about['name']} {metric['key']} {name}"),
            "ratio": ratio(about, rounds, metric["key"], name, base),
        }
        for metric in about["metrics"]
    }


def causes(rounds, name):
    """Failures by cause, of all rounds."""
    found = {}
    for one in rounds:
        for cause, count in (one[name].get("failures") or {}).items():
            found[cause] = found.get(cause, 0) + count
    return found


def median_of(result, name, key):
    value = result["figures"][name][key]["value"]
    return None if value is None else value["median"]


def served(about, result, name):
    return not about["served"] or median_of(result, name, about["served"]) == 100


def best(about, result, key, ours):
    """Among ours or the others, whoever served all and has the best median."""
    better = next(one["better"] for one in about["metrics"] if one["key"] == key)
    names = [
        one["name"]
        for one in about["contestants"]
        if one["ours"] == ours and served(about, result, one["name"]) and median_of(result, one["name"], key) is not None
    ]
    pick = max if better == MORE_IS_BETTER else min
    return pick(names, key=lambda name: median_of(result, name, key)) if names else None


def judge(about, rounds, result, goal):
    """A goal with what was found; "met" is None where there is nothing to judge by."""
    other = goal["of"]
    if other == "best_peer":
        other = best(about, result, goal["metric"], False)
    if not goal["of"]:
        found = result["figures"][goal["contestant"]][goal["metric"]]["value"]
    elif other is None:
        found = None
    else:
        found = ratio(about, rounds, goal["metric"], goal["contestant"], other)
    met = None
    if found is not None:
        met = found["median"] >= goal["value"] if goal["op"] == ">=" else found["median"] <= goal["value"]
    return {**goal, "beside": other or None, "found": found, "met": met}


def wins_of_peers(about, rounds, result):
    """Where a peer is better than the best of ours, by an interval that leaves no doubt."""
    wins = []
    for metric in about["metrics"]:
        own = best(about, result, metric["key"], True)
        if metric["better"] not in (LESS_IS_BETTER, MORE_IS_BETTER) or own is None:
            continue
        for one in about["contestants"]:
            found = None if one["ours"] else ratio(about, rounds, metric["key"], one["name"], own)
            if found and (found["high"] < 1 if metric["better"] == LESS_IS_BETTER else found["low"] > 1):
                wins.append({"metric": metric["key"], "peer": one["name"], "ours": own, "ratio": found,
                             "served_all": served(about, result, one["name"])})
    return wins


def growth(about, rounds):
    """For each axis and metric how many times the last point's is the first one's."""
    return [
        {"axis": axis["label"], "metric": metric["key"], "from": axis["points"][0]["size"], "to": axis["points"][-1]["size"],
         "ratio": ratio(about, rounds, metric["key"], axis["points"][-1]["contestant"], axis["points"][0]["contestant"])}
        for axis in about.get("axes", [])
        for metric in about["metrics"]
    ]


def evaluate(about, rounds):
    names = [one["name"] for one in about["contestants"]] + [NULL]
    result = {"figures": {name: figures(about, rounds, name) for name in names},
              "causes": {name: causes(rounds, name) for name in names}}
    result["goals"] = [judge(about, rounds, result, goal) for goal in about["goals"]]
    result["wins_of_peers"] = wins_of_peers(about, rounds, result)
    result["growth"] = growth(about, rounds)
    return {**about, **result}


# --- text ------------------------------------------------------------------------------------------


def number(value):
    """Three digits that count, and no more than that before a point either way."""
    if math.isinf(value):
        return "∞"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.1e}"


def interval(found):
    if found is None:
        return "–"
    if found["low"] == found["high"] == found["median"]:
        return number(found["median"])
    return f"{number(found['median'])} ({number(found['low'])} – {number(found['high'])})"


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def labels(scenario):
    found = {one["name"]: one["label"] for one in scenario["contestants"]}
    found[NULL] = scenario["contestants"][0]["label"] + ", again"
    return found


def goals_text(scenario):
    words = {True: "**met**", False: "**missed**", None: "not judged"}
    name = labels(scenario)
    rows = []
    for goal in scenario["goals"]:
        beside = f", beside {name[goal['beside']]}" if goal["beside"] else ""
        if goal["of"] and not goal["beside"]:
            beside = ", but no peer served everybody"
        found = f"{'x ' if goal['of'] else ''}{interval(goal['found'])}{beside}"
        rows.append([goal["text"], f"{goal['op']} {number(goal['value'])}", found, words[goal["met"]]])
    return table(["Goal", "wanted", "found", ""], rows) if rows else ""


def figures_text(scenario):
    name = labels(scenario)
    metrics = scenario["metrics"]
    key = scenario["compared"]
    head = ["", *(metric["label"] for metric in metrics), f"{next(m['label'] for m in metrics if m['key'] == key)}, x base"]
    rows = [
        [name[who], *(interval(found[metric["key"]]["value"]) for metric in metrics), interval(found[key]["ratio"])]
        for who, found in scenario["figures"].items()
    ]
    return table(head, rows)


def growth_text(scenario):
    label = {metric["key"]: metric["label"] for metric in scenario["metrics"]}
    rows = [
        [one["axis"], f"{one['from']:,} – {one['to']:,}", label[one["metric"]], f"x {interval(one['ratio'])}"]
        for one in scenario["growth"]
    ]
    return table(["Growth, last to first", "from – to", "of", "found"], rows) if rows else ""


def wins_text(scenario):
    name = labels(scenario)
    if all(one["ours"] for one in scenario["contestants"]):
        return ""
    label = {metric["key"]: metric["label"] for metric in scenario["metrics"]}
    if not scenario["wins_of_peers"]:
        return "In no figure a peer is better than the best of Spillway's by more than the intervals.\n"
    lines = ["Where a peer is better than the best of Spillway's, by more than the intervals:\n"]
    for win in scenario["wins_of_peers"]:
        but = "" if win["served_all"] else ", without serving everybody"
        lines.append(f"- {label[win['metric']]}: {name[win['peer']]}, x {interval(win['ratio'])} of {name[win['ours']]}{but}")
    return "\n".join(lines) + "\n"


def causes_text(scenario):
    name = labels(scenario)
    rows = [
        [name[who], ", ".join(f"{count} {cause}" for cause, count in sorted(found.items(), key=lambda one: -one[1]))]
        for who, found in scenario["causes"].items()
        if found
    ]
    return table(["Failed, of all rounds", "by cause"], rows) if rows else ""


def configurations_text(scenario):
    name = labels(scenario)
    parts = [
        f"<details><summary>{name[who]}</summary>\n\n```\n{text.rstrip()}\n```\n\n</details>\n"
        for who, text in scenario["configurations"].items()
        if text
    ]
    return "Configurations as they were run:\n\n" + "\n".join(parts) if parts else ""


def scenario_text(scenario):
    parts = [
        f"## {scenario['title']}\n",
        scenario["notes"] + "\n",
        goals_text(scenario),
        f"Medians of {scenario['rounds']} round{'s' * (scenario['rounds'] > 1)}, with bootstrap 95 % intervals. Ratios are of the same round, to "
        f"{labels(scenario)[scenario['contestants'][0]['name']]}; the last row is that one once more, and shows the noise.\n",
        figures_text(scenario),
        growth_text(scenario),
        wins_text(scenario),
        causes_text(scenario),
        f"![{scenario['title']}]({scenario['name']}.svg)\n",
        configurations_text(scenario),
    ]
    return "\n".join(part for part in parts if part)


MODES = {
    "full": "",
    "quick": "This was the quick version: fewer scenarios and rounds, smaller loads.\n",
    "smoke": "This was the smoke version: it shows that everything works. **Its figures mean nothing.**\n",
}


def report_text(scenarios):
    first = scenarios[0]
    machine = first["machine"]
    intro = (
        "<!-- SPDX-License-Identifier: BSD-2-Clause -->\n# Side by side\n\n" + MODES[first["mode"]] +
        f"\n{machine['date']}, Linux {machine['kernel']}, {machine['cpus']} CPUs ({machine['cpu']}), "
        f"{machine['memory_mb']} MB; load before: {machine['load_before']}. The contestants by turns, one machine for "
        "all, clients and server in network namespaces of their own.\n"
    )
    versions = table(["Program", "version"], [[name, text] for name, text in first["versions"].items()])
    return "\n".join([intro, versions, *(scenario_text(one) for one in scenarios)])


# --- plots -----------------------------------------------------------------------------------------


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', "'") + '"'


def bars(scenario, names):
    """Lines for gnuplot: place, label, median, low, high."""
    label = labels(scenario)
    lines = []
    for place, who in enumerate(scenario["figures"]):
        found = scenario["figures"][who][scenario["compared"]]["value"]
        if who in names and found:
            lines.append(f"{place} {quoted(label[who])} {found['median']} {found['low']} {found['high']}")
    return lines


def lines_of(scenario, axis, key):
    """Lines for gnuplot: size, median, low, high."""
    found = [(point["size"], scenario["figures"][point["contestant"]][key]["value"]) for point in axis["points"]]
    return [f"{size} {one['median']} {one['low']} {one['high']}" for size, one in found if one]


def plot_head(scenario, label):
    return [
        "# SPDX-License-Identifier: BSD-2-Clause",
        "set terminal svg size 960,480 background rgb 'white'",
        f"set output {quoted(scenario['name'] + '.svg')}",
        f"set title {quoted(scenario['title'])} noenhanced",
        f"set ylabel {quoted(label)} noenhanced",
        "set grid ytics", "set key top left",
    ]


def plot_of_axes(scenario):
    """All metrics, for axes are of such as have one unit."""
    lines = [*plot_head(scenario, ", ".join(metric["label"] for metric in scenario["metrics"])),
             "set logscale xy", "set xlabel 'size of what grows'"]
    plots = []
    for axis in scenario["axes"]:
        for metric in scenario["metrics"]:
            data = lines_of(scenario, axis, metric["key"])
            if data:
                block = f"$line{len(plots)}"
                lines += [f"{block} << END", *data, "END"]
                plots.append(f"{block} using 1:2:3:4 with yerrorlines title {quoted(axis['label'] + ': ' + metric['label'])} noenhanced")
    return [*lines, "plot " + ", \\\n  ".join(plots)] if plots else None


def plot_of_bars(scenario):
    ours = [one["name"] for one in scenario["contestants"] if one["ours"]]
    if scenario["contestants"][0]["ours"]:
        ours.append(NULL)
    sides = [("Spillway", "#1b7f5c", bars(scenario, ours)),
             ("others", "#8c8c8c", bars(scenario, [who for who in scenario["figures"] if who not in ours]))]
    medians = [float(line.rsplit(" ", 3)[1]) for _, _, lines in sides for line in lines]
    wide = medians and min(medians) > 0 and max(medians) > 50 * min(medians)
    label = next(one["label"] for one in scenario["metrics"] if one["key"] == scenario["compared"])
    lines = [
        *plot_head(scenario, label),
        "set style fill solid 0.7 noborder", "set boxwidth 0.7",
        "set xtics rotate by -25 noenhanced",
        f"set xrange [-0.7:{len(scenario['figures']) - 0.3}]",
        "set logscale y" if wide else "set yrange [0:*]",
    ]
    plots = []
    for index, (title, colour, data) in enumerate(sides):
        if data:
            lines += [f"$side{index} << END", *data, "END"]
            plots += [f"$side{index} using 1:3:xtic(2) with boxes linecolor rgb '{colour}' title '{title}'",
                      f"$side{index} using 1:3:4:5 with yerrorbars linecolor rgb 'black' pointtype 0 notitle"]
    return [*lines, "plot " + ", \\\n  ".join(plots)] if plots else None


def plot_script(scenario):
    lines = plot_of_axes(scenario) if scenario.get("axes") else plot_of_bars(scenario)
    return None if lines is None else "\n".join(lines) + "\n"


def draw(folder, scenario):
    script = plot_script(scenario)
    if script is None:
        raise Broken(f"{scenario['name']}: no contestant has {scenario['compared']}")
    path = folder / f"{scenario['name']}.gnuplot"
    path.write_text(script)
    subprocess.run(["gnuplot", path.name], cwd=folder, check=True)


def finite(value):
    """JSON has no infinity."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [finite(one) for one in value]
    return "infinity" if isinstance(value, float) and math.isinf(value) else value


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: report.py FOLDER")
    folder = Path(sys.argv[1])
    try:
        scenarios = [evaluate(about, rounds) for about, rounds in read_scenarios(folder)]
        for scenario in scenarios:
            draw(folder, scenario)
    except (Broken, OSError, KeyError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"report.py: {error if not isinstance(error, KeyError) else f'no key {error}'}")
    (folder / "results.json").write_text(json.dumps(finite({"scenarios": scenarios}), indent=1, allow_nan=False) + "\n")
    (folder / "report.md").write_text(report_text(scenarios))
    missed = [f"{one['name']}: {goal['text']}" for one in scenarios for goal in one["goals"] if goal["met"] is False]
    for goal in missed:
        print(f"bench: missed: {goal}", file=sys.stderr)
    # A run with fewer rounds or smaller sizes judges nothing.
    sys.exit(MISSED if missed and os.environ.get("MODE", "full") == "full" else 0)


main()
