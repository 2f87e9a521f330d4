"""What the whole paper takes on a GPU, reckoned from rates measured on this one.

    python benchmarks/gpu_paper.py --json paper.json

As `snakemake cost`, which needs Snakemake: a training trial and a spiking trial of each kind of
network are timed, times how many there are. Networks of a condition are trained and simulated side
by side.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import pandas as pd
import yaml

from rate2spike.study import cost, resources
from rate2spike.study.layout import Layout
from rate2spike.study.read import read_study
from rate2spike.tasks import find_task

CONFIG = Path(__file__).parents[1] / "config" / "paper.yaml"


def by_size(rows: list[dict]) -> list[dict]:
    """The sums by task and units, and of all."""
    costs = pd.DataFrame(rows).drop(columns="condition")
    of_size = costs.groupby(["task", "units"], as_index=False).sum()
    whole = {"task": "all", "units": "", **costs.drop(columns=["task", "units"]).sum()}
    table = [*of_size.to_dict("records"), whole]
    for row in table:
        row["training_gpu_hours"] = row.pop("training_core_hours")
        row["simulation_gpu_hours"] = row.pop("simulation_core_hours")
    return table


def main() -> None:
    """Print the sums by size of network and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--small", action="store_true", help="nothing timed, to try this script")
    arguments = parser.parse_args()
    study = read_study(yaml.safe_load(CONFIG.read_text("utf-8")))
    layout = Layout(
        study,
        partial(resources.fitting_block, device="cuda"),
        partial(resources.fitting_factors, device="cuda"),
    )
    workload = resources.workload(layout)
    rows = []
    timed = {}
    for row in [] if arguments.small else workload:
        task = find_task(row["task"], study.user_tasks)
        of_row = cost.of_condition(
            row, task, device="cuda", keep_traces=study.keep_traces, timed=timed
        )
        units = row["network"]["n_units"] if row["network"] else resources.FOREIGN_UNITS
        rows.append({"task": row["task"], "units": units, **of_row})
        print(of_row)
        # what there is, should the time be up
        title = f"config/paper.yaml on this GPU, {len(rows)} of {len(workload)} conditions"
        arguments.json.write_text(json.dumps({title: by_size(rows)}, default=float), "utf-8")


if __name__ == "__main__":
    main()
