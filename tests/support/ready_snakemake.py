"""Snakemake without the seconds in which it starts: a process that has imported it forks itself for
each command.

What a command does, says and returns is what `python -m snakemake` does, says and returns. Its
scripts are forked as well, see `ready_jobs`. Where the start itself is meant (another user, another
locale, Ctrl-C), or two run at once, the tests start it as a user does.
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

import ready_jobs

WRITTEN = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def run(
    arguments, folder, *, env=None, timeout=1500, first_started=False
) -> subprocess.CompletedProcess:
    """`python -m snakemake` with these arguments in a folder, run to its end; with `first_started`
    the first job of each script starts as a user's does."""
    with tempfile.TemporaryDirectory(prefix="said-") as told:
        files = [Path(told, name) for name in ("out", "error")]
        scripts = None
        if sys.platform == "linux":  # on a Mac not every library works in a fork
            scripts = {"place": ready_jobs.server(), "first_started": first_started}
        process = begin(arguments, folder, *files, env=env, scripts=scripts)
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


def begin(arguments, folder, out, error, *, env=None, scripts=None) -> Begun:
    """Begin a command, which writes into the files `out` and `error`; one at a time.

    scripts: how they are forked, see `ready_jobs.Processes`; without it they start as always. A
    signal to the process group of the command does not reach one that is forked.
    """
    asked = {
        "arguments": [str(argument) for argument in arguments],
        "folder": str(folder),
        "environment": dict(os.environ if env is None else env),
        "told": [str(out), str(error)],
        "scripts": scripts,
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
    sys.argv = ["snakemake", *asked["arguments"]]
    descriptors = [os.open(os.devnull, os.O_RDONLY)]
    descriptors += [os.open(file, WRITTEN, 0o644) for file in asked["told"]]
    ready_jobs.start_anew(asked["folder"], asked["environment"], descriptors, asked["folder"])
    if asked["scripts"]:
        sys.modules["snakemake.shell"].sp = ready_jobs.Processes(**asked["scripts"])
    return asked["arguments"]


if __name__ == "__main__":
    serve()
