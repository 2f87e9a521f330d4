"""What the scripts share: the log of a job, its wildcards as names and settings, the models it
works on."""

import hashlib
import json
import logging
import os
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

# the library that the workflow has taken the fingerprints of, not that of another clone, whose
# environment this may be
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

STARTED = time.monotonic()


def start(snakemake) -> logging.Logger:
    """Log to the job's log file and, from warnings on, to the terminal; a crash leaves its
    traceback in the log.

    The first line of every script, before anything heavy is imported.
    """
    log_file = str(snakemake.log[0])
    os.makedirs(os.path.dirname(log_file), exist_ok=True)
    handlers = [logging.FileHandler(log_file, mode="w"), logging.StreamHandler(sys.stderr)]
    handlers[1].setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        handlers=handlers,
        force=True,
    )
    logging.captureWarnings(True)
    logger = logging.getLogger("rate2spike")

    def record(kind, value, trace):
        logger.error("%s: %s", kind.__name__, value)
        with open(log_file, "a") as file:
            traceback.print_exception(kind, value, trace, file=file)

    sys.excepthook = record
    return logger


@contextmanager
def progress(total: int, title: str, unit: str):
    """A function to call with the number of things done; draws a bar where a person is watching the
    terminal."""
    from tqdm import tqdm

    with tqdm(
        total=total, desc=title, unit=f" {unit}", disable=not sys.stderr.isatty(), leave=False
    ) as bar:
        yield bar.update


def stream_name(wildcards, network: str) -> str:
    """The name that keys a network's random streams."""
    from rate2spike.study import labels

    return labels.stream_name(wildcards.task, wildcards.condition, network)


def fingerprint(settings: dict) -> str:
    """Of plain settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def names(wildcards, network: str) -> dict:
    """The columns that say whose trial it is."""
    return {
        "task": wildcards.task,
        "condition": wildcards.condition,
        "neuron": wildcards.neuron,
        "network": network,
    }


def provenance(snakemake) -> dict:
    """How the file was made that this job is about to write: the rule, whose networks, settings,
    code, machine, time so far."""
    from rate2spike.provenance import file_facts, record, without_paths

    params = dict(snakemake.params.items())
    known = {"fingerprint": params.pop("code"), "device": params.pop("device", "cpu")}
    known |= {"study_seed": params.pop("study_seed")} if "study_seed" in params else {}
    tasks = {name: file_facts(file) for name, file in params.pop("user_tasks", {}).items()}
    settings = without_paths(params) | ({"user_tasks": tasks} if tasks else {})
    where = {
        "rule": snakemake.rule,
        **dict(snakemake.wildcards.items()),
        "threads": snakemake.threads,
    }
    return record(seconds=time.monotonic() - STARTED, settings=settings, **where, **known)


def simulation(snakemake):
    """The settings that all spiking trials of a job share."""
    from rate2spike.config import NeuronConfig, from_mapping
    from rate2spike.conversion import Simulation
    from rate2spike.tasks import find_task

    params = snakemake.params
    return Simulation(
        task=find_task(snakemake.wildcards.task, params.user_tasks),
        study_seed=params.study_seed,
        neuron=from_mapping(NeuronConfig, params.neuron),
        downsample=params.downsample,
        device=params.device,
        threads=snakemake.threads,
    )


def trained_models(folder: str, table: str):
    """(name, model) of every network of a block that reached criterion."""
    import pandas as pd

    from rate2spike import matfile

    networks = pd.read_csv(table, dtype={"network": str})
    for network in networks.network[networks.converged]:
        yield network, matfile.load(Path(folder) / f"{network}.mat")


def streams_of(snakemake):
    """Names of the networks of a block that reached criterion, and their models by the names of
    their streams, in one order."""
    loaded = dict(trained_models(snakemake.input.models, snakemake.input.networks))
    return list(loaded), {
        stream_name(snakemake.wildcards, network): model for network, model in loaded.items()
    }


def best_network(inputs):
    """The example network of a condition: the one most accurate on fresh trials, the first of
    equals.

    Returns facts and model: n_networks (that reached criterion) and n_attempted, and where there is
    one its name (`network`), `held_out_accuracy` and `scaling_factor`; else the model is None.
    inputs: networks, held_out, choice, models of the condition.
    """
    import pandas as pd

    networks = pd.concat([pd.read_csv(table, dtype={"network": str}) for table in inputs.networks])
    facts = {"n_networks": int(networks.converged.sum()), "n_attempted": len(networks)}
    if not facts["n_networks"]:
        return facts, None
    held_out = pd.concat([pd.read_parquet(table) for table in inputs.held_out])
    accuracy = (
        held_out.groupby("network").correct.mean().reindex(networks.network[networks.converged])
    )
    best = str(accuracy.idxmax())
    factor = (
        pd.read_csv(inputs.choice, dtype={"network": str}).set_index("network").scaling_factor[best]
    )
    blocks = zip(inputs.models, inputs.networks, strict=True)
    model = next(
        m for folder, table in blocks for name, m in trained_models(folder, table) if name == best
    )
    return facts | {
        "network": best,
        "held_out_accuracy": float(accuracy[best]),
        "scaling_factor": float(factor),
    }, model


def made_of(model) -> dict:
    """Columns of the table of networks: what the network is made of."""
    return {
        "n_units": model.n_units,
        "n_inhibitory": int(model.inhibitory.sum()),
        "mean_tau_decay_ms": float(model.tau_decay_ms().mean()),
    }
