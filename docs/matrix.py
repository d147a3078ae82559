"""Runs the tests with every Python that is found: ``make matrix``.

They are found on the PATH, among those of pyenv, and where the command in the environment variable
FREE_THREADED says.  What is given on the command line is for pytest.
"""

import os
import pathlib
import subprocess
import sys


def of_pyenv():
    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    return sorted(root.glob("versions/*/bin"), reverse=True)


def free_threaded():
    command = os.environ.get("FREE_THREADED")
    if not command:
        return []
    done = subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE, text=True)
    return [pathlib.Path(done.stdout.strip()).parent]


def main(arguments):
    folders = [*map(str, of_pyenv()), os.environ["PATH"], *map(str, free_threaded())]
    environment = {**os.environ, "PATH": os.pathsep.join(folders)}
    command = [sys.executable, "-m", "tox", "run-parallel", "-q", "-p", "2", "--parallel-no-spinner"]
    if arguments:
        command += ["--", *arguments]
    return subprocess.run(command, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
