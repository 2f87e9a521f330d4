# How the study was made, and what of it belongs into an archive: `snakemake --cores 1 manifest`.
#
# REQUIRED INPUTS: every table, figure and converted model; of results/benchmarks what is there
# OUTPUTS: results/tables/provenance.json and .html, the study's config, seed, code, versions,
#          machines, times
#          results/manifest.tsv (path, bytes, sha256, sha256 of the data alone),
#          results/SHA256SUMS, for `sha256sum -c`, and results/ro-crate-metadata.json, which says
#          to other tools what each file is; for it results/Snakefile and config.yaml, copies
RECORDINGS = [f"results/examples/{example}.npz" for example in LAYOUT.examples]
RECORDINGS += [f"results/selectivity/{example}.npz" for example in LAYOUT.selectivity]
PROVENANCE = ["results/tables/provenance.json", "results/tables/provenance.html"]
# Everything to read, to redraw and to go on with. Not the shards and what the rules hand to each
# other (its rows are in the tables), logs and benchmarks (of one run on one machine), pages of
# notebooks (made from the rest).
ARCHIVED = [
    *LAYOUT.tables,
    *PROVENANCE,
    *LAYOUT.figure_files,
    *LAYOUT.mean_field_files,
    *LAYOUT.numbers_of_figures,
    *(
        expand("results/tables/scorecard.{ending}", ending=["csv", "md", "html"])
        if LAYOUT.compared
        else []
    ),
    *LAYOUT.of_conditions("results/conditions/{place}/{neuron}.csv"),
    *RECORDINGS,
    *LAYOUT.of_blocks("results/models/{place}/{block}", STUDY.conditions),
    *LAYOUT.converted,
    *LAYOUT.refined_files,
]
# the user's files that the config names
GIVEN = [*STUDY.user_tasks.values(), *(file for c in STUDY.conditions for file in c.models)]
EXPLAINED = source("results/README.md")
CITATION = source("CITATION.cff")


# all of it is there to be timed; what the rules hand to each other may be gone. A plot drawn anew
# changes nothing of it
rule provenance:
    input:
        ancient(LAYOUT.figure_files),
        LAYOUT.tables,
        trials=["results/tables/trials.parquet"] if STUDY.conditions else [],
        converted=ancient([*LAYOUT.converted, *LAYOUT.refined_models]),
        records=ancient([f for f in LAYOUT.mean_field_files if f.endswith(".json")]),
    output:
        "results/tables/provenance.json",
    log:
        "results/logs/provenance.log",
    benchmark:
        "results/benchmarks/provenance.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("provenance"),
    params:
        config=CONFIG,
        given=GIVEN,
        benchmarks=LAYOUT.benchmarks(),
        code=code("provenance"),
    message:
        "Writing down how the study was made"
    script:
        "../scripts/provenance.py"


# a rule of its own: the report prints the params of whatever it shows
rule provenance_page:
    input:
        "results/tables/provenance.json",
    output:
        report(
            "results/tables/provenance.html",
            caption="../report/provenance.rst",
            category="How this was made",
            labels={"page": "config, code, versions, machines, times"},
        ),
    log:
        "results/logs/provenance_page.log",
    benchmark:
        "results/benchmarks/provenance_page.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("provenance_page"),
    params:
        code=code("provenance_page"),
    message:
        "Drawing up the page on how the study was made"
    script:
        "../scripts/provenance_page.py"


rule manifest:
    input:
        files=list(dict.fromkeys(ARCHIVED)),
        study="results/tables/provenance.json",
        snakefile=source("workflow/Snakefile"),
        readme=[EXPLAINED] if Path(EXPLAINED).is_file() else [],
        citation=[CITATION] if Path(CITATION).is_file() else [],
    output:
        table="results/manifest.tsv",
        checksums="results/SHA256SUMS",
        crate="results/ro-crate-metadata.json",
        snakefile="results/Snakefile",
        config="results/config.yaml",
    log:
        "results/logs/manifest.log",
    benchmark:
        "results/benchmarks/manifest.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("manifest"),
    params:
        code=code("manifest"),
    message:
        "Writing the checksums of all files for an archive"
    script:
        "../scripts/manifest.py"
