# The worked examples, run from top to bottom: `snakemake --cores 2 notebooks`. Not part of the
# study; the third one reads it.
#
# REQUIRED INPUTS: notebooks/{notebook}.ipynb and, for 3_explore_a_study,
#                  results/tables/networks.csv, results/tables/trials.parquet,
#                  results/figures/figure_scaling.csv (figure_sweeps.csv where sweeps are all there
#                  is), resources/published.tsv
# OUTPUTS: results/notebooks/{notebook}.html, one page each, figures inside
# notebook: the files of the study that it reads
NOTEBOOKS = {
    "1_from_rate_to_spikes": [],
    "2_your_own_task": [],
    "3_explore_a_study": [
        "results/tables/networks.csv",
        "results/tables/trials.parquet",
        f"results/figures/figure_{'scaling' if LAYOUT.shown else 'sweeps'}.csv",
        PUBLISHED,
    ],
    "4_any_network": [],
}
if not STUDY.conditions:  # nothing to explore
    del NOTEBOOKS["3_explore_a_study"]


if IN_A_CLONE:  # they read files beside them

    localrules:
        notebooks,

    rule notebooks:
        input:
            expand("results/notebooks/{notebook}.html", notebook=NOTEBOOKS),
        message:
            "The notebooks with their outputs are in results/notebooks"

    rule run_notebook:
        input:
            lookup(dpath="{notebook}", within=NOTEBOOKS),
            notebook=REPOSITORY / "notebooks" / "{notebook}.ipynb",
        output:
            report(
                "results/notebooks/{notebook}.html",
                category="Notebooks",
                labels={"notebook": "{notebook}"},
            ),
        log:
            "results/logs/notebooks/{notebook}.log",
        benchmark:
            "results/benchmarks/notebooks/{notebook}.tsv"
        wildcard_constraints:
            notebook="|".join(NOTEBOOKS),
        conda:
            "../../environment.yml"
        threads: 2
        resources:
            **needs("notebook"),
        params:
            code=code("notebook"),
        message:
            "Running the notebook {wildcards.notebook}"
        script:
            "../scripts/run_notebook.py"
