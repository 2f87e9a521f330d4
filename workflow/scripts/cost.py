"""Say what the study will take, from a short calibration on this machine."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike.study import cost
from rate2spike.tasks import find_task

params = snakemake.params
rows = []
timed = {}  # measurements, for conditions that take the same time
with job.progress(len(params.workload), "calibrate", "conditions") as progress:
    for row in params.workload:
        task = find_task(row["task"], params.user_tasks)
        row_of_costs = cost.of_condition(
            row, task, device=params.device, keep_traces=params.keep_traces, timed=timed
        )
        rows.append(row_of_costs)
        progress(1)
n_jobs = cost.jobs_of(params.snakefile, params.config)
text = cost.in_words(pd.DataFrame(rows), n_jobs, params.device)
log.info("%s", text)
print(text)
