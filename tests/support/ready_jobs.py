"""The scripts of a study without the second in which each of them imports packages: a process that
has imported them forks itself for each script.

What a script reads, writes, says and returns is the same, and what it imports of the repository is
imported anew. In the tiny study the first job of each kind of script is started as a user's, and
notes what packages it imports; where a job is killed all of them are.
"""

import atexit
import gc
import importlib
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

# packages of the scripts that most studies run; others import for themselves what they need besides
PACKAGES = (
    "jsonschema",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.pyplot",
    "numba",
    "pandas",
    "pyarrow.parquet",
    "scipy.io",
    "scipy.stats",
    "snakemake.iocontainers",
    "snakemake.logging",
    "tqdm",
    "yaml",
)
# scripts of the tiny study of which others run as well; all figures but that of a task are one kind
SCRIPTS = re.compile(
    r"tmp\w+\.("
    "aggregate|aggregate_refined|example|figure_task|figure(?=_)|held_out|import_models|"
    "networks_of_condition|provenance|provenance_page|refine|simulate|train|write_models"
    r")(?:(?<=figure)_\w+)?\.py"
)
NOT_FOR_FIGURES = ("numba", "llvmlite")  # a figure that imports them is slow to begin, and noted
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}


# Within Snakemake ---------------------------------------------------------------------------------


class Processes:
    """The module subprocess for Snakemake: a script is a fork of the process at `place`, with
    `first_started` from its second time on."""

    def __init__(self, place: str, *, first_started: bool):
        self._place = place
        self._first_started = first_started
        self._seen: set[str] = set()

    def __getattr__(self, name):
        return getattr(subprocess, name)

    def Popen(self, command, **settings):
        _, _, asked = command.partition("set -euo pipefail;")
        python, *words = shlex.split(asked) or [None]
        name = SCRIPTS.fullmatch(Path(words[0]).name) if len(words) == 1 else None
        if python != sys.executable or name is None:
            return subprocess.Popen(command, **settings)
        is_first = name[1] not in self._seen
        self._seen.add(name[1])
        if is_first and self._first_started:
            return subprocess.Popen(command, **settings)
        return Job(self._place, words[0], settings["env"])


class Job:
    """A script at work, with the words of subprocess.Popen."""

    def __init__(self, place: str, script: str, environment: dict):
        self.returncode = None
        asked = {"script": script, "environment": environment, "folder": os.getcwd()}
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(place)
        socket.send_fds(self._socket, [b"."], [0, 1, 2])
        self._file = self._socket.makefile("rw", encoding="utf-8")
        self._file.write(json.dumps(asked) + "\n")
        self._file.flush()
        self.pid = int(self._file.readline())

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = int(self._file.readline())
            self._file.close()
            self._socket.close()
        return self.returncode

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)


# Within the tests ---------------------------------------------------------------------------------


@cache
def server() -> str:
    """The socket of the process that forks: one of this worker, started when it is first needed."""
    folder = tempfile.mkdtemp(prefix="jobs-")  # short: a socket's path is
    place = f"{folder}/socket"
    environment = os.environ | ONE_THREAD | {"MPLBACKEND": "agg"}
    environment.pop("PYTHONPATH", None)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, __file__, place], env=environment, **pipes)
    assert process.stdout.readline() == b"ready\n"
    atexit.register(end, process, folder)
    return place


def end(process: subprocess.Popen, folder: str) -> None:
    process.stdin.close()
    process.wait()
    os.rmdir(folder)


# The process that forks ---------------------------------------------------------------------------


def serve(place: str) -> None:
    """Until the standard input ends."""
    for name in PACKAGES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is here is not looked at again, and so not copied
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen(16)
        print("ready", flush=True)
        while listening in select.select([listening, sys.stdin], [], [])[0]:
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                look_after(connection)
            connection.close()
            with suppress(ChildProcessError):  # none is left
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    os.unlink(place)


def look_after(connection: socket.socket) -> None:
    """Run the script that is asked for in a process of its own; say which it is, then its exit
    status."""
    _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
    file = connection.makefile("rw", encoding="utf-8")
    asked = json.loads(file.readline())
    process = os.fork()
    if process == 0:
        connection.close()
        become(asked, descriptors)
        os._exit(run(asked["script"]))
    file.write(f"{process}\n")
    file.flush()
    _, status = os.waitpid(process, 0)
    file.write(f"{os.waitstatus_to_exitcode(status)}\n")
    file.flush()
    os._exit(0)


def become(asked: dict, descriptors: list[int]) -> None:
    """Make this process that of the script, as Python would have started it."""
    sys.argv = [asked["script"]]
    where = str(Path(asked["script"]).parent)
    if SCRIPTS.fullmatch(Path(asked["script"]).name)[1] == "figure":
        for name in list(sys.modules):
            if name.partition(".")[0] in NOT_FOR_FIGURES:
                del sys.modules[name]
    start_anew(asked["folder"], asked["environment"], descriptors, where)


def start_anew(folder: str, environment: dict, descriptors: list[int], where: str) -> None:
    """What Python does at its start for a program that lies in `where`, in this process."""
    for place, descriptor in enumerate(descriptors):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # TMPDIR may be another
    given = [name for name in os.environ.get("PYTHONPATH", "").split(os.pathsep) if name]
    sys.path[:] = [where, *given, *(p for p in sys.path[1:] if p not in given)]
    sys.modules.pop("sitecustomize", None)
    with suppress(ModuleNotFoundError):  # there may be none
        importlib.import_module("sitecustomize")


def run(script: str) -> int:
    """Run it; its exit status."""
    import runpy
    import threading

    status = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename != script:
            trace = trace.tb_next
        sys.excepthook(type(error), error, trace)
        status = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    serve(sys.argv[1])
