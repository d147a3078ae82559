"""Runs the tests with every Python that is found: ``make matrix``.

Those that are looked for are tox's ``env_list`` in setup.cfg.  They are found on the PATH, and among
those of pyenv.  The last lines say with which of them the tests passed, with which they failed, and
which could not be found.  What is given on the command line is for pytest.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile


def of_pyenv():
    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    return sorted(root.glob("versions/*/bin"), reverse=True)


def tox(*arguments):
    folders = [*map(str, of_pyenv()), os.environ["PATH"]]
    environment = {**os.environ, "PATH": os.pathsep.join(folders)}
    return [sys.executable, "-m", "tox", *arguments], environment


def wanted():
    """The names of all environments."""
    command, environment = tox("list", "--no-desc", "-q")
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.split()


def outcome(result):
    """What tox has noted of an environment: "passed", "failed" or "not found"."""
    if result is None or "python" not in result:
        return "not found"
    runs = result.get("test", [])
    return "passed" if runs and all(run["retcode"] == 0 for run in runs) else "failed"


def main(arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "results.json")
        options = ["-q", "-p", "2", "--parallel-no-spinner", "--result-json", str(path)]
        command, environment = tox("run-parallel", *options, *(["--", *arguments] if arguments else []))
        status = subprocess.run(command, env=environment).returncode
        results = json.loads(path.read_text(encoding="utf-8"))["testenvs"] if path.exists() else {}
    outcomes = {name: outcome(results.get(name)) for name in wanted()}
    for kind in ("passed", "failed", "not found"):
        names = [name for name in outcomes if outcomes[name] == kind]
        print(f"{kind}: {', '.join(names) or 'none'}")
    return status or "passed" not in outcomes.values()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
