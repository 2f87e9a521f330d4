# The refinement of conversions, where the study asks for it (search.refine): for each network a
# factor and an offset of its output, and gains of its units, found on the trials of the search,
# beside the published choice.
#
# REQUIRED INPUTS: results/models/{task}/{condition}/{block}/NETWORK.mat,
#                  results/networks/{task}/{condition}/{block}.csv,
#                  results/simulations/{task}/{condition}/{neuron}/{block}/factor_{factor}.parquet
# OUTPUTS: results/refined/{task}/{condition}/{neuron}/{block}.csv, one row per network and step:
#          the factors found, accuracy on the trials of the search and on fresh ones;
#          {block}.parquet, one row per fresh trial after the last step; {block}/NETWORK.mat, the
#          models with what was found
#          results/tables/refined.csv, the rows of all networks
REFINED = [spiking_place(c) for c in LAYOUT.refined]


if REFINED:

    rule refine:
        input:
            ancient(task_file),
            models=ancient("results/models/{task}/{condition}/{block}"),
            networks="results/networks/{task}/{condition}/{block}.csv",
            shards=shards,
        output:
            refined=f"results/refined/{SPIKING_BLOCK}.csv",
            trials=f"results/refined/{SPIKING_BLOCK}.parquet",
            converted=directory(f"results/refined/{SPIKING_BLOCK}"),
        log:
            f"results/logs/refine/{SPIKING_BLOCK}.log",
        benchmark:
            f"results/benchmarks/refine/{SPIKING_BLOCK}.tsv"
        wildcard_constraints:
            task=in_places(REFINED),
        priority: priority
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            **needs("refine"),
        params:
            study_seed=STUDY.study_seed,
            device=DEVICE,
            user_tasks=own_task,
            task_content=task_content,
            neuron=setting("neuron"),
            steps=setting("search.refine"),
            search_trials=setting("search.trials"),
            trials=setting("search.held_out_trials"),
            downsample=setting("search.downsample"),
            code=code("refine"),
        message:
            (
                "Refining {wildcards.task}, {wildcards.condition}, {wildcards.block}: "
                "{params.steps}, fresh trials, converted models"
            )
        script:
            "../scripts/refine.py"

    rule aggregate_refined:
        input:
            LAYOUT.of_blocks("results/refined/{place}/{neuron}/{block}.csv", LAYOUT.refined),
        output:
            "results/tables/refined.csv",
        log:
            "results/logs/aggregate_refined.log",
        benchmark:
            "results/benchmarks/aggregate_refined/refined.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            **needs("aggregate_refined"),
        params:
            code=code("aggregate_refined"),
        message:
            "Gathering the refined networks"
        script:
            "../scripts/aggregate_refined.py"
