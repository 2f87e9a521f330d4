"""A headless Chromium for the tests, spoken to over two pipes in its own protocol, one JSON message
after another.

Without network, profile or extensions; what pages say on the console, and what they fail to load,
is kept.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-pipe",
)
OFFLINE = (
    "--proxy-server=127.0.0.1:9"  # nothing listens there: pages have only what is in their files
)


class Browser:
    """One page. `problems` holds every error on the console, uncaught exception and failed request;
    not warnings."""

    def __init__(self, width: int = 1400, height: int = 1000):
        self.problems, self._sent, self._rest, self._loaded = [], 0, b"", False
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-")
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        # the browser reads file 3 and writes file 4
        window = f"--window-size={width},{height}"
        start = [
            CHROMIUM,
            *OPTIONS,
            OFFLINE,
            window,
            f"--user-data-dir={self._profile.name}",
            "about:blank",
        ]
        self._log = Path(self._profile.name) / "said.txt"
        shell = [
            "bash",
            "-c",
            f'exec "$@" 3<&{to_read} 4>&{to_write} >{self._log} 2>&1',
            "bash",
            *start,
        ]
        self._process = subprocess.Popen(shell, pass_fds=(to_read, to_write))
        os.close(to_read)
        os.close(to_write)
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._write)  # the browser ends with its pipe
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        self._profile.cleanup()

    def open(self, url: str) -> None:
        """Go to a page and wait until all of it has been loaded."""
        self._loaded = False
        failed = self.ask("Page.navigate", url=url).get("errorText")
        assert not failed, f"{url}: {failed}"
        deadline = time.monotonic() + 60
        while not self._loaded:
            self._take_in(deadline)

    def run(self, script: str):
        """The value of a JavaScript expression, awaited where it is a promise."""
        told = self.ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait(self, script: str, seconds: float = 20) -> None:
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < deadline, f"not true within {seconds} s: {script}"
            time.sleep(0.02)

    def picture(self, path) -> None:
        """What is to be seen, as PNG."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def ask(self, method: str, **params):
        """Send one command and return its answer."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": params}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 60
        while (answer := self._take_in(deadline)).get("id") != self._sent:
            pass
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def _take_in(self, deadline: float) -> dict:
        """The next message; events are noted."""
        while b"\0" not in self._rest:
            ready, *_ = select.select([self._read], [], [], max(0, deadline - time.monotonic()))
            part = os.read(self._read, 1 << 20) if ready else b""
            if not part:
                raise RuntimeError(f"Chromium says nothing more: {self._log.read_text()[-2000:]}")
            self._rest += part
        first, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(first)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, event: str | None, params: dict) -> None:
        if event == "Page.loadEventFired":
            self._loaded = True
        elif event == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or details["text"])
        elif event == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.problems.append(
                " ".join(str(a.get("value", a.get("description"))) for a in params["args"])
            )
        elif event == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        elif event == "Network.loadingFailed" and not params.get("canceled"):
            self.problems.append(f"not loaded: {params['errorText']}")
