"""Snakemake without the seconds in which it starts: a process that has imported it forks itself for
each command.

What a command does, says and returns is what `python -m snakemake` does, says and returns. Its jobs
start as always. Where the start itself is meant (signals, another user, another locale), or the
library is read by another Python, tests start it themselves.
"""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path


def run(arguments, folder, *, env=None, timeout=600) -> subprocess.CompletedProcess:
    """`python -m snakemake` with these arguments in a folder, run to its end."""
    with tempfile.TemporaryDirectory(prefix="said-") as told:
        asked = {
            "arguments": [str(argument) for argument in arguments],
            "folder": str(folder),
            "environment": dict(os.environ if env is None else env),
            "told": told,
        }
        code = _answer(asked, timeout)
        out, error = (Path(told, name).read_text("utf-8", "replace") for name in ("out", "error"))
    return subprocess.CompletedProcess(arguments, code, out, error)


_servers: list[subprocess.Popen] = []


def _server() -> subprocess.Popen:
    """The process of this worker, begun with its first command."""
    if not _servers:
        command = [sys.executable, __file__]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        atexit.register(server.stdin.close)  # it ends where there is nothing more to read
        _servers.append(server)
    return _servers[0]


def _answer(asked: dict, timeout: float) -> int:
    server = _server()
    server.stdin.write(json.dumps(asked).encode() + b"\n")
    server.stdin.flush()
    process = int(server.stdout.readline())
    if not select.select([server.stdout], [], [], timeout)[0]:
        os.killpg(process, signal.SIGKILL)
        server.stdout.readline()
        raise subprocess.TimeoutExpired(asked["arguments"], timeout)
    return int(server.stdout.readline())


# The process that forks ---------------------------------------------------------------------------


def serve() -> None:
    """Read one command a line; say the process that runs it, then its exit status."""
    from snakemake import cli

    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            cli.main(begun(json.loads(line)))
            return
        print(process, flush=True)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def begun(asked: dict) -> list[str]:
    """Make this process that of the command; its arguments."""
    os.setsid()
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    where = [name for name in os.environ.get("PYTHONPATH", "").split(os.pathsep) if name]
    sys.path[:] = [asked["folder"], *where, *(p for p in sys.path[1:] if p not in where)]
    sys.argv = ["snakemake", *asked["arguments"]]
    for place, name in ((0, os.devnull), (1, "out"), (2, "error")):
        file = os.open(Path(asked["told"], name), os.O_RDWR | os.O_CREAT)
        os.dup2(file, place)
        os.close(file)
    return asked["arguments"]


if __name__ == "__main__":
    serve()
