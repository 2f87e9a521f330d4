"""Snakemake without the seconds in which it starts: a process that has imported it forks itself for
each command.

What a command does, says and returns is what `python -m snakemake` does, says and returns; its jobs
start as always. Where the start itself is meant (another user, another locale, Ctrl-C), or two run
at once, the tests start it as a user does.
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

WRITTEN = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def run(arguments, folder, *, env=None, timeout=1500) -> subprocess.CompletedProcess:
    """`python -m snakemake` with these arguments in a folder, run to its end."""
    with tempfile.TemporaryDirectory(prefix="said-") as told:
        files = [Path(told, name) for name in ("out", "error")]
        process = begin(arguments, folder, *files, env=env)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout)
            raise
        out, error = (file.read_text("utf-8", "replace") for file in files)
    return subprocess.CompletedProcess(arguments, code, out, error)


class Begun:
    """A command at work, in a process group of its own, with the words of subprocess.Popen."""

    def __init__(self, server):
        self._server = server
        self.pid, self.returncode = int(server.stdout.readline()), None

    def poll(self, wait_s: float = 0):
        if self.returncode is None and select.select([self._server.stdout], [], [], wait_s)[0]:
            self.returncode = int(self._server.stdout.readline())
        return self.returncode

    def wait(self, timeout: float):
        if self.poll(timeout) is None:
            raise subprocess.TimeoutExpired("snakemake", timeout)
        return self.returncode


def begin(arguments, folder, out, error, *, env=None) -> Begun:
    """Begin a command, which writes into the files `out` and `error`; one at a time."""
    asked = {
        "arguments": [str(argument) for argument in arguments],
        "folder": str(folder),
        "environment": dict(os.environ if env is None else env),
        "told": [str(out), str(error)],
    }
    server = _server()
    server.stdin.write(json.dumps(asked).encode() + b"\n")
    server.stdin.flush()
    return Begun(server)


_servers: list[subprocess.Popen] = []


def _server() -> subprocess.Popen:
    """The process of this worker, started with its first command."""
    if not _servers:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        server = subprocess.Popen([sys.executable, __file__], bufsize=0, **pipes)
        atexit.register(_end, server)
        _servers.append(server)
    return _servers[0]


def _end(server: subprocess.Popen) -> None:
    server.stdin.close()  # there is nothing more to read
    server.wait()


# The process that forks ---------------------------------------------------------------------------


def serve() -> None:
    """Read one command a line; say the process that runs it, then its exit status."""
    import jsonschema  # noqa: F401 - what every command comes to import, half of its time
    import smart_open  # noqa: F401
    from snakemake import cli

    cli.get_argument_parser()  # imports the plugins
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            cli.main(begun(json.loads(line)))
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
    descriptors = [os.open(os.devnull, os.O_RDONLY)]
    descriptors += [os.open(file, WRITTEN, 0o644) for file in asked["told"]]
    for place, descriptor in enumerate(descriptors):
        os.dup2(descriptor, place)
        os.close(descriptor)
    return asked["arguments"]


if __name__ == "__main__":
    serve()
