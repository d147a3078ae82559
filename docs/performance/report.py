"""Make tables and pictures of the results that bench.py has left in this folder."""

import json
import pathlib
import statistics

HERE = pathlib.Path(__file__).resolve().parent

# Each row compares one of our ways with a peer's, or with the least that is possible.
PEERS = [
    ("many no-op calls, results handed back", "put", "threadpool", "threadpool 1.3.2"),
    ("", "put", "threadpool", "ThreadPoolExecutor"),
    ("", "put", "threadpool", "multiprocessing apply_async"),
    ("", "put", "threadpool", "pebble"),
    ("", "put", "threadpool", "joblib, batches of 1"),
    ("", "put", "threadpool", "tanda"),
    ("many no-op calls, with futures", "submit", "threadpool", "ThreadPoolExecutor"),
    ("", "submit", "threadpool", "pebble"),
    ("map of a no-op", "map", "threadpool", "multiprocessing map"),
    ("", "map", "threadpool", "multiprocessing imap"),
    ("", "map", "threadpool", "ThreadPoolExecutor map"),
    ("", "map", "threadpool", "joblib"),
    ("map of a no-op over a generator", "generator", "threadpool", "multiprocessing map"),
    ("", "generator", "threadpool", "ThreadPoolExecutor map"),
    ("map, at most 1000 ahead", "map", "threadpool, buffersize=1000", "multiprocessing imap"),
    ("", "map", "threadpool, buffersize=1000", "tanda imap"),
    ("one at a time, submit().result()", "round trip", "threadpool, submit", "ThreadPoolExecutor"),
    ("one at a time, put and wait", "round trip", "threadpool, put and wait", "threadpool 1.3.2"),
    ("calls that hash for 10 µs, put", "work 10", "threadpool, put", "ThreadPoolExecutor"),
    ("calls that hash for 10 µs, map", "work 10", "threadpool, map", "ThreadPoolExecutor"),
    ("calls that hash for 1 ms, put", "work 1000", "threadpool, put", "ThreadPoolExecutor"),
    ("calls that hash for 1 ms, map", "work 1000", "threadpool, map", "ThreadPoolExecutor"),
    ("pure Python of 10 µs, map", "python 10", "threadpool, map", "multiprocessing map"),
    ("", "python 10", "threadpool, submit", "ThreadPoolExecutor"),
    ("pure Python of 100 µs, submit", "python 100", "threadpool, submit", "ThreadPoolExecutor"),
    ("eight threads that put", "producers 8", "threadpool", "threadpool 1.3.2"),
    ("eight threads that submit", "producers 8", "threadpool, submit", "ThreadPoolExecutor"),
    ("start and stop a worker", "start", "threadpool", "ThreadPoolExecutor"),
    ("", "start", "threadpool", "multiprocessing"),
    ("a pool for a single call", "one call", "threadpool", "ThreadPoolExecutor"),
    ("HTTP requests, 50 workers, put", "http", "threadpool, put", "ThreadPoolExecutor"),
    ("HTTP requests, 50 workers, map", "http", "threadpool, map", "ThreadPoolExecutor"),
    ("500 sleeps of 20 ms, 50 workers, put", "sleep", "threadpool, put", "ThreadPoolExecutor"),
    ("memory of a request that waits", "memory", "threadpool, put", "threadpool 1.3.2"),
    ("", "memory", "threadpool, put", "ThreadPoolExecutor"),
    ("memory of a future that waits", "memory", "threadpool, submit", "ThreadPoolExecutor"),
]
LIMITS = [
    ("many no-op calls, results handed back", "put", "threadpool", "two SimpleQueues"),
    ("many no-op calls, with futures", "submit", "threadpool", "Future alone"),
    ("map of a no-op", "map", "threadpool", "built-in map"),
    ("map of a no-op over a generator", "generator", "threadpool", "built-in map"),
    ("one at a time, submit().result()", "round trip", "threadpool, submit", "two locks"),
    ("one at a time, put and wait", "round trip", "threadpool, put and wait", "two locks"),
    ("500 sleeps of 20 ms on 50 workers, put", "sleep", "threadpool, put", 0.0004),
    ("500 sleeps of 20 ms on 50 workers, map", "sleep", "threadpool, map", 0.0004),
    ("SHA-256 of 32 MB, 2 workers, put", "sha256", "threadpool, put", "one thread"),
    ("SHA-256 of 32 MB, 2 workers, map", "sha256", "threadpool, map", "one thread"),
    ("calls that hash for 1 ms, 2 workers, put", "work 1000", "threadpool, put", "one thread"),
    ("pure Python, 2 workers", "pure Python", "2 workers", "one thread, no pool"),
    ("pure Python of 1 µs, 2 workers, map", "python 1", "threadpool, map", "one thread"),
    ("pure Python of 10 µs, 2 workers, map", "python 10", "threadpool, map", "one thread"),
    ("pure Python of 10 µs, 2 workers, put", "python 10", "threadpool, put", "one thread"),
    ("pure Python of 100 µs, 2 workers, map", "python 100", "threadpool, map", "one thread"),
    ("pure Python of 100 µs, 2 workers, put", "python 100", "threadpool, put", "one thread"),
    ("pure Python of 1 ms, 2 workers, put", "python 1000", "threadpool, put", "one thread"),
    ("start and stop a worker", "start", "threadpool", "bare threads"),
]
STEPS = ["make", "put", "call", "collect"]
PYTHON_WAYS = ["threadpool, map", "threadpool, submit", "threadpool, put", "multiprocessing map", "ThreadPoolExecutor"]
IDEAL = "ideal"


def load():
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in HERE.glob("*.json")]
    version = lambda run: run["about"]["interpreter"].split()[1].split(".")  # noqa: E731
    return sorted(runs, key=lambda run: ([int(part) for part in version(run)[:2]], not run["about"]["global lock"]))


def name_of(run):
    about = run["about"]
    return about["interpreter"].replace("CPython ", "") + ("" if about["global lock"] else "t")


def ratios(run, case, mine, theirs):
    """Mine over theirs, of each round; None if one of them was not measured."""
    results = run["cases"].get(case, {})
    times = results.get("seconds") or {who: [value] for who, value in results.get("values", {}).items()}
    if mine not in times or not (isinstance(theirs, float) or theirs in times):
        return None
    others = [theirs] * len(times[mine]) if isinstance(theirs, float) else times[theirs]
    return [one / other for one, other in zip(times[mine], others)]


def number(value):
    """One to three digits that count."""
    digits = next((digits for digits, least in enumerate((99.5, 9.95, 0.095)) if value >= least), None)
    return f"{value:.1g}" if digits is None else f"{value:.{digits}f}"


def spread(values):
    if len(values) == 1:
        return number(values[0])
    return f"{number(statistics.median(values))} [{number(min(values))}\N{NO-BREAK SPACE}{number(max(values))}]"


def table(header, rows):
    widths = [2, 2, *[1] * (len(header) - 2)]
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for row in [header, *rows]:
        lines += [f"   {'* -' if number == 0 else '  -'} {cell}".rstrip() for number, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def ratio_table(runs, comparisons, ahead):
    """A row for each comparison, a column for each interpreter; set off where the other one is ahead."""
    rows = []
    for title, case, mine, theirs in comparisons:
        cells = []
        for run in runs:
            values = ratios(run, case, mine, theirs)
            text = spread(values) if values else ""
            cells.append(f"**{text}**" if ahead and values and statistics.median(values) > 1 else text)
        if any(cells):
            rows.append([title, IDEAL if isinstance(theirs, float) else theirs, *cells])
    return table(["work", "compared with", *map(name_of, runs)], rows)


def steps_table(runs):
    """A row for each step of a request, a column for each interpreter: ours, and the least there can be."""
    runs = [run for run in runs if "steps" in run["cases"]]
    rows = []
    for who in ("threadpool", "the least", "threadpool 1.3.2"):
        columns = []
        for run in runs:
            values = [run["cases"]["steps"]["values"].get(f"{who}: {step}") for step in STEPS]
            was_measured = None not in values
            columns.append([*map(number, values), number(sum(values))] if was_measured else [""] * (len(STEPS) + 1))
        for step, cells in zip([*STEPS, "in all"], zip(*columns)):
            rows.append([who if step == STEPS[0] else "", step, *cells])
    return table(["who", "step", *map(name_of, runs)], rows)


def processors_table(run):
    """A row for each way and length of pure Python calls, a column for each number of processors."""
    rows = []
    for microseconds in (1, 10, 100, 1000):
        title = f"{microseconds} µs"
        for way in PYTHON_WAYS:
            cases = [f"one processor {microseconds}", f"python {microseconds}"]
            rows.append([title, way, *(spread(ratios(run, case, way, "one thread")) for case in cases)])
            title = ""
    return table(["calls of", "by", "1 processor", "2 processors"], rows)


def without_lock(runs):
    """The run without the global lock."""
    [run] = [run for run in runs if not run["about"]["global lock"]]
    return run


def full_table(run):
    scale = {"n": 1e9, "µ": 1e6, "m": 1e3}
    rows = []
    for results in run["cases"].values():
        title = f"{results['title']}, {results['unit']}"
        for who, values in (results.get("seconds") or results["values"]).items():
            if isinstance(values, list):
                values = [value * scale[results["unit"][0]] for value in values]
            else:
                values = [values]
            rows.append([title, who, spread(values)])
            title = ""
    return table(["work and unit", "who", "median [least most]"], rows)


def machine(runs):
    about = runs[-1]["about"]
    peers = {}
    for run in runs:
        peers.update({name: version for name, version in run["about"]["versions"].items() if version})
    lines = [f"{about['system']}, {about['processors']} processors; {about['date']}; rounds: {about['rounds']}; "
             + ", ".join(f"{name} {version}" for name, version in peers.items()) + "."]
    return "\n".join(lines) + "\n"


def one_queue(runs):
    """How many requests a second pass through one pool, without the global lock."""
    run = without_lock(runs)
    workers = run["cases"]["put"]["workers"]
    seconds = {who: statistics.median(times) for who, times in run["cases"]["put"]["seconds"].items()}
    ours, executor = seconds["threadpool"], seconds["ThreadPoolExecutor"]
    return (f"Here, with {name_of(run)}, a request takes {number(ours * 1e6)} µs, so about "
            f"{round(1 / ours, -4):,.0f} of them pass through one pool of {workers} workers in a second; with "
            f"ThreadPoolExecutor, {round(1 / executor, -4):,.0f}.\n")


# Pictures
# ========

COLOURS = {"threadpool": "#2f7de1", "other": "#9a9a9a"}
LINES = {"threadpool": "#2f7de1", "threadpool 1.3.2": "#d9822b", "ThreadPoolExecutor": "#3a9d5d",
         "two SimpleQueues": "#9a9a9a"}


def draw(run):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    for theme, ink in (("light", "#222222"), ("dark", "#dddddd")):
        style = {"svg.hashsalt": "threadpool", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10,
                 "text.color": ink, "axes.labelcolor": ink, "axes.edgecolor": ink, "xtick.color": ink,
                 "ytick.color": ink, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
                 "grid.color": ink, "grid.alpha": 0.2, "legend.frameon": False}
        with plt.rc_context(style):
            save(plt, theme, "calls", dots(plt, run, "put", 1e6, "µs a call"))
            save(plt, theme, "map", dots(plt, run, "map", 1e9, "ns a call"))
            save(plt, theme, "peak", dots(plt, run, "peak", 1, "MB added by a map over a million items"))
            save(plt, theme, "number", curves(plt, run, "number ", "calls"))
            save(plt, theme, "workers", curves(plt, run, "workers ", "workers"))
            save(plt, theme, "producers", curves(plt, run, "producers ", "threads that put"))


def save(plt, theme, name, figure):
    figure.savefig(HERE / f"{name}-{theme}.svg", transparent=True, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def dots(plt, run, case, scale, label):
    """A dot for each contestant, the least first, with a line from the least to the most; logarithmic."""
    results = run["cases"][case]
    times = results.get("seconds") or {who: [value] for who, value in results["values"].items()}
    times = {who: [value * scale for value in values] for who, values in times.items()}
    figure, axes = plt.subplots(figsize=(7, 0.6 + 0.32 * len(times)))
    for who in sorted(times, key=lambda who: -statistics.median(times[who])):
        values, middle = times[who], statistics.median(times[who])
        colour = COLOURS["threadpool" if who.startswith("threadpool") and "1.3.2" not in who else "other"]
        axes.plot([min(values), max(values)], [who, who], color=colour, lw=2)
        axes.plot([middle], [who], "o", color=colour)
        axes.annotate(number(middle), (max(values), who), xytext=(8, 0), textcoords="offset points", va="center")
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.08)
    axes.set_xlabel(f"{label} (logarithmic)")
    axes.grid(axis="x")
    return figure


def curves(plt, run, prefix, label):
    """Microseconds a call, over the number behind the prefix of the cases' names."""
    cases = {int(name[len(prefix):]): results for name, results in run["cases"].items() if name.startswith(prefix)}
    figure, axes = plt.subplots(figsize=(7, 3.4))
    for who, colour in LINES.items():
        places = [n for n in sorted(cases) if who in cases[n]["seconds"]]
        if not places:
            continue
        times = [[t * 1e6 for t in cases[n]["seconds"][who]] for n in places]
        axes.plot(places, [statistics.median(t) for t in times], marker="o", color=colour, label=who)
        axes.fill_between(places, [min(t) for t in times], [max(t) for t in times], color=colour, alpha=0.15, lw=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sorted(cases), [f"{n:,}" for n in sorted(cases)])
    axes.minorticks_off()
    axes.set_xlabel(label)
    axes.set_ylabel("µs a call")
    axes.grid()
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def full_run(runs):
    return [run for run in runs if "number 1000000" in run["cases"]][-1]


def tables(runs):
    """The text of each table, by the name of its file."""
    return {
        "machine.inc": machine(runs),
        "one-queue.inc": one_queue(runs),
        "peers.inc": ratio_table(runs, PEERS, ahead=True),
        "limits.inc": ratio_table(runs, LIMITS, ahead=False),
        "steps.inc": steps_table(runs),
        "processors.inc": processors_table(without_lock(runs)),
        "all.inc": f"Measured with {name_of(full_run(runs))}:\n\n" + full_table(full_run(runs)),
    }


def main():
    runs = load()
    for name, text in tables(runs).items():
        (HERE / name).write_text(text, encoding="utf-8")
    draw(full_run(runs))


if __name__ == "__main__":
    main()
