"""Draw a trace that timeline.py wrote.

``timeline_picture.py trace.json`` writes trace-light.svg and trace-dark.svg.
"""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

COLOURS = ["#2f7de1", "#d9822b", "#3a9d5d", "#b04fc0"]
STYLE = {"svg.hashsalt": "threadpool", "svg.fonttype": "none", "legend.frameon": False,
         "axes.spines.top": False, "axes.spines.right": False}
INKED = ["text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"]


def draw(events):
    """A row for each worker, a colour for each name."""
    calls = [event for event in events if event["ph"] == "X"]
    names = [event for event in events if event["ph"] == "M"]
    workers = {event["tid"]: event["args"]["name"] for event in names}
    figure, axes = plt.subplots(figsize=(7, 0.9 + 0.4 * len(workers)))
    for colour, what in zip(COLOURS, sorted({call["name"] for call in calls})):
        mine = [call for call in calls if call["name"] == what]
        axes.barh([call["tid"] for call in mine],
                  [call["dur"] / 1000 for call in mine],
                  left=[call["ts"] / 1000 for call in mine],
                  height=0.7, color=colour, label=what,
                  linewidth=0.5, edgecolor=plt.rcParams["text.color"])
    axes.set_yticks(list(workers), workers.values())
    axes.invert_yaxis()
    axes.set_xlabel("milliseconds")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def main(path):
    path = pathlib.Path(path)
    events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    for theme, ink in ("light", "#222222"), ("dark", "#dddddd"):
        with plt.rc_context({**STYLE, **dict.fromkeys(INKED, ink)}):
            figure = draw(events)
            figure.savefig(path.with_name(f"{path.stem}-{theme}.svg"), transparent=True,
                           bbox_inches="tight", metadata={"Date": None})
            plt.close(figure)


if __name__ == "__main__":
    main(*sys.argv[1:])
