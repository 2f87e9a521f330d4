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


# The log -----------------------------------------------------------------------------------------


def start(snakemake) -> logging.Logger:
    """Log to the job's log file and, from warnings on, to the terminal; a crash leaves its
    traceback in the log.

    The first line of every script, before anything heavy is imported.
    """
    os.environ["MPLBACKEND"] = "agg"  # figures are files, whatever screen the user has named
    log_file = str(snakemake.log[0])
    os.makedirs(os.path.dirname(log_file), exist_ok=True)
    file_handler = logging.FileHandler(log_file, mode="w", encoding="utf-8")
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        handlers=[file_handler, terminal],
        force=True,
    )
    logging.captureWarnings(True)
    logger = logging.getLogger("rate2spike")

    def record(kind, value, trace):
        logger.error("%s: %s", kind.__name__, value)
        with open(log_file, "a", encoding="utf-8") as file:
            traceback.print_exception(kind, value, trace, file=file)

    sys.excepthook = record
    return logger


@contextmanager
def progress(total: int, title: str, unit: str):
    """A function to call with the number of things done; draws a bar where a person is watching the
    terminal."""
    from tqdm import tqdm

    watched = sys.stderr.isatty()
    with tqdm(total=total, desc=title, unit=f" {unit}", disable=not watched, leave=False) as bar:
        yield bar.update


# Who and how -------------------------------------------------------------------------------------


def stream_name(wildcards, network: str) -> str:
    """The name that keys a network's random streams."""
    from rate2spike.study import labels

    return labels.stream_name(wildcards.task, wildcards.condition, network)


def settings_fingerprint(settings: dict) -> str:
    """Of plain settings: 16 hexadecimal digits, whatever the order of the keys."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def names(wildcards, network: str) -> dict:
    """The columns that say whose trial it is."""
    return {
        "task": wildcards.task,
        "condition": wildcards.condition,
        "neuron": wildcards.neuron,
        "network": network,
    }


def provenance(snakemake, since: float = STARTED) -> dict:
    """How the file was made that this job is about to write: the rule, whose networks, settings,
    code, machine, the time since the job began or since the file before it was written."""
    from rate2spike.provenance import file_facts, record, without_paths

    params = dict(snakemake.params.items())
    facts = {"rule": snakemake.rule}
    facts |= dict(snakemake.wildcards.items())
    facts["threads"] = snakemake.threads
    facts["fingerprint"] = params.pop("code")
    device = params.pop("device", "cpu")
    if "study_seed" in params:
        facts["study_seed"] = params.pop("study_seed")
    user_tasks = params.pop("user_tasks", {})
    # what is left are the settings
    settings = without_paths(params)
    if user_tasks:
        settings["user_tasks"] = {name: file_facts(file) for name, file in user_tasks.items()}
    seconds = time.monotonic() - since
    return record(seconds=seconds, device=device, settings=settings, **facts)


# Networks and their trials -----------------------------------------------------------------------


def trained_models(folder: str, table: str):
    """(name, model) of every network of a block that reached criterion."""
    from rate2spike import matfile
    from rate2spike.files import read_rows

    for row in read_rows(table):
        if row["converged"] == "True":
            network = row["network"]
            yield network, matfile.load(Path(folder) / f"{network}.mat")


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


def accuracy_of_rate_network(snakemake, task, network: str, model) -> float:
    """That of fresh trials, to set beside those of the spiking network."""
    from rate2spike.rate.train import evaluate

    params = snakemake.params
    fresh = evaluate(
        model,
        model.weights,
        task,
        study_seed=params.study_seed,
        purpose="rate held out",
        words=(stream_name(snakemake.wildcards, network),),
        n_trials=params.trials,
        device=params.device,
    )
    return fresh.accuracy


def scored_rows(snakemake, simulation, models: dict, factors: dict, log) -> list[dict]:
    """`score_block` as rows of the table of trials, one for each network."""
    rows = []
    for network, trials in score_block(snakemake, simulation, models, factors).items():
        accuracy = trials["correct"].mean()
        log.info("%s at 1/lambda = %g: accuracy %.2f", network, factors[network], accuracy)
        rows.append(trials | names(snakemake.wildcards, network))
    return rows


def score_block(snakemake, simulation, models: dict, factors: dict, n_trials=None) -> dict:
    """Spiking trials of every network of a block.

    Parameters
    ----------
    simulation : what the trials share, see `simulation`
    models : network -> its model
    factors : network -> the scaling factor it is simulated at
    n_trials : of each network; None: the parameter `trials` of the rule

    Returns
    -------
    Network -> the columns of its trials
    """
    from rate2spike.conversion import score_networks

    streams = {network: stream_name(snakemake.wildcards, network) for network in models}
    scored = score_networks(
        simulation,
        {streams[network]: model for network, model in models.items()},
        {streams[network]: factors[network] for network in models},
        n_trials or snakemake.params.trials,
    )
    return {network: scored[stream] for network, stream in streams.items()}


def best_network(inputs):
    """The example network of a condition: the one most accurate on fresh trials, the first of
    equals.

    Parameters
    ----------
    inputs : networks, held_out, choices, models of the condition

    Returns
    -------
    facts : n_networks (that reached criterion) and n_attempted and, where there is one, its name
        (`network`), `held_out_accuracy` and `scaling_factor`
    model : None where no network reached criterion
    """
    from rate2spike.analysis.trial_table import accuracy_of
    from rate2spike.files import read_rows

    networks = []
    for table in inputs.networks:
        networks += read_rows(table)
    trained = [row["network"] for row in networks if row["converged"] == "True"]
    facts = {"n_networks": len(trained), "n_attempted": len(networks)}
    if not trained:
        return facts, None
    accuracy = accuracy_of(inputs.held_out)
    factors = {}
    for table in inputs.choices:
        factors |= {row["network"]: row["scaling_factor"] for row in read_rows(table)}
    best = max(trained, key=accuracy.__getitem__)  # the first of equals
    facts["network"] = best
    facts["held_out_accuracy"] = accuracy[best]
    facts["scaling_factor"] = float(factors[best])
    return facts, model_of(best, inputs)


def model_of(network: str, inputs):
    """The model of a network that reached criterion, from the block it is in."""
    for folder, table in zip(inputs.models, inputs.networks, strict=True):
        for name, model in trained_models(folder, table):
            if name == network:
                return model
    raise LookupError(f"{network} is in no block of {', '.join(map(str, inputs.models))}")


def network_columns(model) -> dict:
    """Columns of the table of networks: what the network is made of."""
    return {
        "n_units": model.n_units,
        "n_inhibitory": int(model.inhibitory.sum()),
        "mean_tau_decay_ms": float(model.tau_decay_ms().mean()),
    }
