"""Tries what `make dist` has built: the wheel in an environment of its own, the sdist by its own tests.

The wheel must hold the module and its stubs alone; its examples must be right; and type checkers, which
see nothing but the wheel, must agree with docs/typing/client.py.
"""

import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

TOP = pathlib.Path(__file__).resolve().parent.parent
BUILD = TOP / "build"
PYTHON = BUILD / "venv" / "bin" / "python"
TYPE_CHECKERS = ["mypy", "pyright[nodejs]"]


def run(*command, cwd=BUILD):
    print("$", *command, flush=True)
    subprocess.run(list(map(str, command)), cwd=cwd, check=True)


def only(pattern):
    [path] = (TOP / "dist").glob(pattern)
    return path


def try_wheel(wheel):
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    ours = {name for name in names if not name.endswith(".dist-info")}
    assert ours == {"threadpool.py", "threadpool-stubs"}, names
    run(sys.executable, "-m", "venv", "venv")
    run(PYTHON, "-m", "pip", "install", "-qq", wheel, *TYPE_CHECKERS)
    [module] = BUILD.glob("venv/lib/*/site-packages/threadpool.py")
    run(PYTHON, "-I", "-m", "doctest", module)


def try_types():
    shutil.copy(TOP / "docs" / "typing" / "client.py", BUILD)
    (BUILD / "pyrightconfig.json").write_text("{}")
    run(PYTHON, "-m", "mypy", "--strict", "client.py")
    run(PYTHON, "-m", "mypy.stubtest", "--allowlist", TOP / "docs" / "typing" / "stubtest.txt", "threadpool")
    run(PYTHON, "-m", "pyright", "--pythonpath", PYTHON, "client.py")


def try_sdist(sdist):
    with tarfile.open(sdist) as archive:
        archive.extractall(BUILD)
    run("make", "test", f"PYTHON={sys.executable}", cwd=BUILD / sdist.name[: -len(".tar.gz")])


if __name__ == "__main__":
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir()
    try_wheel(only("*.whl"))
    try_types()
    try_sdist(only("*.tar.gz"))
