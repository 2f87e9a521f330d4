"""CPU seconds of every script of the workflow where there is next to nothing to compute: its start.

    python benchmarks/start.py [--runs 3]

A tiny study (tests/tiny) is run in a folder of its own, once beforehand, so that the kernels are
compiled. Each script writes down what its process had used at its end, those that it started
included. Printed by script: how many jobs, and the median of their CPU seconds.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Python starts with it where its folder is on PYTHONPATH
HOOK = """
import atexit, os, pathlib, sys

def write_down():
    parts = pathlib.Path(sys.argv[0]).name.split(".") if sys.argv else []
    if len(parts) == 3 and parts[0].startswith("tmp"):  # tmp....simulate.py
        user, system, of_others, system_of_others, _ = os.times()
        with open(os.environ["CPU_SECONDS_TO"], "a") as file:
            file.write(f"{parts[1]} {user + system + of_others + system_of_others}\\n")

atexit.register(write_down)
"""


def used(folder: Path) -> dict[str, list[float]]:
    """Script -> CPU seconds of its jobs in a run of the tiny study."""
    notes = folder / "cpu_seconds.txt"
    notes.write_text("")
    shutil.rmtree(folder / "results", ignore_errors=True)
    path = os.pathsep.join([str(folder / "hook"), os.environ.get("PYTHONPATH", "")])
    command = ["snakemake", "--cores", "1", "--quiet", "all"]
    command += ["--snakefile", str(ROOT / "workflow" / "Snakefile")]
    command += ["--configfile", str(ROOT / "tests" / "tiny" / "config.yaml")]
    environment = os.environ | {"PYTHONPATH": path, "CPU_SECONDS_TO": str(notes)}
    subprocess.run(command, cwd=folder, env=environment, check=True)
    seconds: dict[str, list[float]] = {}
    for line in notes.read_text().splitlines():
        script, number = line.split()
        seconds.setdefault(script, []).append(float(number))
    return seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for given in ("config", "tests", "resources"):
            (folder / given).symlink_to(ROOT / given)
        (folder / "hook").mkdir()
        (folder / "hook" / "sitecustomize.py").write_text(HOOK)
        used(folder)
        by_script: dict[str, list[float]] = {}
        for _ in range(runs):
            for script, seconds in used(folder).items():
                by_script.setdefault(script, []).extend(seconds)
    for script, seconds in sorted(by_script.items()):
        n_jobs = len(seconds) // runs
        print(f"{script:25}{n_jobs:5}{statistics.median(seconds):7.2f}")


if __name__ == "__main__":
    main()
