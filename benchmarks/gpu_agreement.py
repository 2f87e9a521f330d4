"""Whether a GPU gives the results of the CPU: spiking accuracy of the published model by scaling
factor, and the training of a block.

    python benchmarks/gpu_agreement.py --json agreement.json

Float32 rounds differently on the two, so single trials part ways after some 100 ms: the curves are
compared in their statistics, the networks after few updates and in their trials to criterion.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter

import numpy as np

from rate2spike import conversion, matfile, streams
from rate2spike.config import RateConfig, TrainingConfig
from rate2spike.rate import side_by_side
from rate2spike.spiking.kernels.pick import spiking_kernels
from rate2spike.tasks import BUILT_IN

MODEL = Path(__file__).parents[1] / "tests" / "data" / "model_gonogo_n200_tau4_20.mat"
THREADS = 8  # cores of the CPU, where there are so many
LAST = 9999  # 0-based step at which the response window of the published Go-NoGo task opens


def accuracies(device: str, factors, n_trials: int, n_columns: int) -> tuple[list, list]:
    """Accuracy and number of spikes a trial of the published model at each scaling factor."""
    model = matfile.load(MODEL)
    go = np.arange(n_trials) % 2 == 0
    u = np.zeros((n_trials, 1, n_columns), np.float32)
    u[go, :, n_columns // 4 : 3 * n_columns // 8] = 1
    last = min(LAST, 50 * (n_columns - 1))
    accuracy = []
    n_spikes = []
    for factor in factors:
        trials = spiking_kernels(device).simulate_trials(
            conversion.to_spiking(model, factor),
            u,
            trials=np.arange(n_trials),
            stream=streams.key(7, "agreement", factor),
            first_step=last,
            threads=THREADS,
        )
        right = np.where(go, trials.maximum > 0.7, trials.maximum < 0.3)
        accuracy.append(float(right.mean()))
        n_spikes.append(float(trials.spike_counts.sum() / n_trials))
    return accuracy, n_spikes


def curve(factors, n_trials: int, n_columns: int = 201) -> list[dict]:
    """A row for each scaling factor; z: difference of the accuracies in standard errors."""
    of = {device: accuracies(device, factors, n_trials, n_columns) for device in ("cpu", "cuda")}
    rows = []
    for i, factor in enumerate(factors):
        on_cpu, on_gpu = of["cpu"][0][i], of["cuda"][0][i]
        pooled = (on_cpu + on_gpu) / 2
        error = np.sqrt(2 * pooled * (1 - pooled) / n_trials)
        row = {
            "scaling factor": factor,
            "accuracy, CPU": on_cpu,
            "accuracy, GPU": on_gpu,
            "z": float((on_gpu - on_cpu) / error) if error else 0.0,
            "spikes a trial, CPU": of["cpu"][1][i],
            "spikes a trial, GPU": of["cuda"][1][i],
        }
        rows.append(row)
    return rows


def trained(device: str, config: RateConfig, training: TrainingConfig, names) -> tuple[list, float]:
    """The networks with their records, and seconds."""
    began = perf_counter()
    networks = side_by_side.train_block(
        BUILT_IN["go-nogo"],
        config,
        training,
        study_seed=5,
        networks=names,
        threads=THREADS,
        device=device,
    )
    return networks, perf_counter() - began


def apart(ours, theirs) -> float:
    """Largest difference of the recurrent weights of the networks, over their largest weight."""
    worst = 0.0
    for (model, _), (other, _) in zip(ours, theirs, strict=True):
        w, w_other = np.asarray(model.weights.w_rec), np.asarray(other.weights.w_rec)
        worst = max(worst, float(np.abs(w - w_other).max() / np.abs(w_other).max()))
    return worst


def training_rows(n_units: int, n_networks: int, first: int, most: int) -> list[dict]:
    """A row after at most `first` trials and one at criterion, or after `most` trials."""
    config = RateConfig(n_units=n_units)
    names = [f"seed_{i}" for i in range(n_networks)]
    rows = []
    for n_trials in (first, most):
        training = TrainingConfig(max_trials=n_trials, evaluation_interval=min(n_trials, 100))
        on_gpu, seconds_gpu = trained("cuda", config, training, names)
        on_cpu, seconds_cpu = trained("cpu", config, training, names)
        row = {"networks": n_networks, "units": n_units, "at most trials": n_trials}
        for name, networks, seconds in (
            ("CPU", on_cpu, seconds_cpu),
            ("GPU", on_gpu, seconds_gpu),
        ):
            records = [record for _, record in networks]
            row[f"trained, {name}"] = sum(record.converged for record in records)
            row[f"trials, {name}"] = float(np.mean([record.trials for record in records]))
            row[f"mean last loss, {name}"] = float(np.mean([r.curve[-1, 1] for r in records]))
            row[f"seconds, {name}"] = seconds
        row["weights apart"] = apart(on_gpu, on_cpu)
        rows.append(row)
    return rows


def main() -> None:
    """Print both tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--small", action="store_true", help="a few steps, to try this script")
    arguments = parser.parse_args()
    tables = {}
    if arguments.small:
        tables["Accuracy of the published model"] = curve((40.0,), n_trials=2, n_columns=3)
        tables["Training of a block, Go-NoGo"] = []
    else:
        tables["Accuracy of the published model"] = curve(range(20, 80, 5), n_trials=1000)
        arguments.json.write_text(json.dumps(tables), "utf-8")
        tables["Training of a block, Go-NoGo"] = training_rows(100, 8, first=102, most=3000)
    arguments.json.write_text(json.dumps(tables), "utf-8")
    print(json.dumps(tables, indent=1))


if __name__ == "__main__":
    main()
