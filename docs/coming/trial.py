"""What a small program does with another pool, and what it does with this one.

A trial is a function that is given a pool class and prints what happens.  Beside
it stands what it prints there and here, which the page `coming` repeats in words.
Each runs in an interpreter of its own; one that has not ended after `PATIENCE`
seconds "hangs".  A | stands between what different Pythons print.

    python docs/coming/executor.py             all trials of this file, as a table
    python docs/coming/executor.py nested here one of them, with this pool
"""

import os
import pathlib
import signal
import subprocess
import sys

PATIENCE = 3
TOP = pathlib.Path(__file__).resolve().parent.parent.parent

TRIALS = []


def trial(*, there, here):
    """Note what a trial prints with the other pool, and what with this one."""

    def note(function):
        TRIALS.append((function.__name__, function, there, here))
        return function

    return note


def run(script, name, side, python=sys.executable, **environ):
    """What a trial prints, and "hangs" if it does not end."""
    command = [python, "-W", "ignore", str(script), name, side]
    # (It comes first on the path even where an environment has another threadpool.)
    environ = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH") or str(TOP), **environ}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ,
                               start_new_session=True)
    try:
        lines = process.communicate(timeout=PATIENCE)[0].split("\n")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with its children
        lines = [*process.communicate()[0].split("\n"), "hangs"]
    return ", ".join(line for line in lines if line)


def main(script, there, here):
    """Run one trial, or all of them; `there` and `here` return the pool classes."""
    if len(sys.argv) == 3:
        [function] = [function for name, function, *_ in TRIALS if name == sys.argv[1]]
        function(here() if sys.argv[2] == "here" else there())
        return
    for name, *_ in TRIALS:
        print(f"{name:38}{run(script, name, 'there'):34}{run(script, name, 'here')}")
