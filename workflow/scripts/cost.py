"""Say what the study will take, from a short calibration on this machine."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike.study import cost
from rate2spike.tasks import find_task

params = snakemake.params
with job.progress(len(params.workload), "calibrate", "conditions") as progress:
    rows, timed = [], {}
    for row in params.workload:
        rows.append(
            cost.of_condition(
                row,
                find_task(row["task"], params.user_tasks),
                params.device,
                params.keep_traces,
                timed,
            )
        )
        progress(1)
said = cost.in_words(pd.DataFrame(rows), params.n_jobs, params.device)
log.info("%s", said)
print(said)
