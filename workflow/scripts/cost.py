"""Say what the study will take, from a short calibration on this machine."""

import job

log = job.start(snakemake)

import pandas as pd

from rate2spike.study import cost
from rate2spike.tasks import find_task

params = snakemake.params
rows, timed = [], {}
with job.progress(len(params.workload), "calibrate", "conditions") as progress:
    for row in params.workload:
        task = find_task(row["task"], params.user_tasks)
        rows.append(cost.of_condition(row, task, params.device, params.keep_traces, timed))
        progress(1)
n_jobs = cost.jobs_of(params.snakefile, params.config)
said = cost.in_words(pd.DataFrame(rows), n_jobs, params.device)
log.info("%s", said)
print(said)
