"""What is checked before a study begins: the device, the disk, dates, orphans in SLURM's queue."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from ..config import ConfigError
from ..devices import WIDEST, device_of, unused_gpu
from ..files import check_room, date_back, why_not_writable
from .study import Study


def too_wide_for_a_gpu(study: Study) -> str | None:
    """The name of a condition whose networks no GPU holds, if there is one."""
    for c in study.conditions:
        if c.network and c.network.n_units > WIDEST:
            return c.name
    return None


def device_of_study(study: Study, on_a_cluster: bool) -> str:
    """The device that the study computes on.

    auto: this machine's GPU where there is one and it can hold the networks; a cluster's has to be
    asked for by name, since it is not this machine's.

    Parameters
    ----------
    study : the study
    on_a_cluster : whether its jobs run on other machines

    Returns
    -------
    `cpu` or `cuda`

    Raises
    ------
    ConfigError
        where the config asks for a GPU that cannot hold the networks
    """
    too_wide = too_wide_for_a_gpu(study)
    if study.device == "cuda" and too_wide:
        expected = f"networks of at most {WIDEST} units"
        raise ConfigError(f"device: cuda: expected {expected}, got {too_wide}; write cpu")
    if study.device != "auto":
        return study.device
    return "cpu" if on_a_cluster or too_wide else device_of("auto")


def check_device(study: Study, device: str, local: bool) -> str | None:
    """Refuse a device that is not there, or that the config leaves open.

    Parameters
    ----------
    study : the study
    device : what was found for it, see `device_of_study`
    local : whether its jobs run on this machine

    Returns
    -------
    A warning, if there is one

    Raises
    ------
    ConfigError
        where the config asks for a GPU that is not there, or leaves open what a cluster is to use
    """
    if not local:
        if device == "cuda" and study.device != "cuda":
            raise ConfigError(
                "device: this machine has a GPU; "
                "for jobs on a cluster write cpu or cuda instead of auto"
            )
        return None
    device_of(study.device)
    if study.device != "auto":
        return None
    unused = "device: auto: this machine's GPU is not used"
    if device_of("auto") != device:
        return f"{unused}, since a network has more than {WIDEST} units"
    return f"{unused}: {unused_gpu()}" if unused_gpu() else None


def why_no_run_can_start() -> str:
    """Why Snakemake cannot take its lock here, or nothing. Said before it stumbles over it, and to
    those who only look, too: nothing is touched to find out."""
    return why_not_writable(".snakemake" if Path(".snakemake").exists() else ".")


def check_results() -> str | None:
    """Make sure that results can be written, and that none is dated in the future.

    Files that are dated in the future, since the clock was set back, would have Snakemake fail
    every job that reads them: they are dated now.

    Returns
    -------
    A warning that says how many there were, if there were any

    Raises
    ------
    OSError
        where no results can be written
    """
    check_room("results")
    n_dated = date_back("results")
    if not n_dated:
        return None
    return (
        f"{n_dated} files in results were dated in the future (was the clock set back?): "
        "dated now, in their order"
    )


def refuse_beside_orphans(logs: Path) -> None:
    """Refuse to start beside jobs of an earlier run that are still in SLURM's queue.

    Snakemake was killed, they were not: they write the files that this run would write.

    Parameters
    ----------
    logs : folder of Snakemake's own logs, .snakemake/log

    Raises
    ------
    OSError
        where there are such jobs, or where squeue cannot say
    """
    runs = set()
    for log in logs.glob("*.log"):
        text = log.read_text("utf-8", errors="replace")  # Snakemake writes them as the locale asks
        runs |= set(re.findall(r"^SLURM run ID: (\S+)", text, re.MULTILINE))
    if not runs or not shutil.which("squeue"):
        return
    asked = ["squeue", "--me", "--noheader", "--format=%A", f"--name={','.join(sorted(runs))}"]
    answer = subprocess.run(
        asked, encoding="utf-8", errors="replace", capture_output=True, check=False
    )
    if answer.returncode:
        raise OSError(
            "squeue cannot say whether jobs of an earlier run are still at work: "
            f"{answer.stderr.strip()}"
        )
    jobs = " ".join(answer.stdout.split())
    if jobs:
        raise OSError(
            f"jobs of an earlier run are still in SLURM's queue: end them with `scancel {jobs}`, "
            "wait until `squeue --me` shows them no more, then the same command"
        )
