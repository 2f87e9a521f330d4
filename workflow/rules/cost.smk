# What a study will take, said beforehand: `snakemake --cores 1 cost --configfile my_study.yaml`
# computes nothing of the study itself.
#
# OUTPUTS: a table in the terminal: jobs, networks, trials, core-hours and disk, from a calibration
#          of some seconds on this machine
if STUDY.conditions:

    rule cost:
        log:
            "results/logs/cost.log",
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            **needs("cost"),
        params:
            workload=resources.workload(LAYOUT),
            config=CONFIG,
            snakefile=str(source("workflow/Snakefile") if IN_A_CLONE else workflow.main_snakefile),
            user_tasks=dict(STUDY.user_tasks),
            device=DEVICE,
            keep_traces=STUDY.keep_traces,
        message:
            "Measuring how fast this machine trains and simulates"
        script:
            "../scripts/cost.py"
