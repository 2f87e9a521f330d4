# The mean-field mapping: balanced rate networks and the LIF networks of the same weights, before
# and after conversion: `snakemake --cores 2 mean_field --configfile config/mean_field.yaml`.
# Nothing is trained; it reads nothing of the study.
#
# OUTPUTS: results/figures/mean_field.*, and what was measured: mean_field_measures.csv (a row per
#          network), mean_field_autocovariances.csv, and mean_field.json, how it was made
if STUDY.mean_field:

    rule mean_field:
        input:
            caption=ancient(workflow.source_path("../report/mean_field.rst")),
        output:
            pdf="results/figures/mean_field.pdf",
            png=report(
                "results/figures/mean_field.png",
                caption="../report/figure.rst",
                category="Mean-field mapping",
                labels={"figure": "rate and LIF networks by g and q"},
            ),
            csv="results/figures/mean_field.csv",
            caption="results/figures/mean_field.rst",
            measures="results/figures/mean_field_measures.csv",
            autocovariances="results/figures/mean_field_autocovariances.csv",
            record="results/figures/mean_field.json",
        log:
            "results/logs/figures/mean_field.log",
        benchmark:
            "results/benchmarks/figures/mean_field.tsv"
        conda:
            "../../environment.yml"
        threads: 2
        resources:
            **needs("mean_field"),
        params:
            settings=asdict(STUDY.mean_field),
            study_seed=STUDY.study_seed,
            code=code("mean_field"),
        message:
            "Simulating rate and LIF networks by g and q"
        script:
            "../scripts/mean_field.py"
