# Figures of the paper from the study's own networks, the scorecard of published against found
# numbers, one page for every condition, accuracy of all networks. Each figure as PDF and PNG, with
# the CSV it was drawn from and a caption with its numbers, which the report shows.
# `snakemake --cores 8 figure_6` makes what Fig. 6 needs, no more.
#
# REQUIRED INPUTS: results/examples/{task}/{condition}/{neuron}.npz,
#                  results/conditions/{task}/{condition}/{neuron}.csv,
#                  results/tables/accuracy.csv, results/tables/networks.csv,
#                  results/tables/refined.csv where a condition is refined,
#                  resources/published.tsv,
#                  workflow/report/figure_*.rst, the wording of the captions
# OUTPUTS: results/figures/figure_{1..7,s1..s7,xor}.* where the config says under figures what to
#          draw them from,
#          results/figures/scorecard.*, figure_sweeps.*, figure_scaling.*, figure_accuracy.*,
#          results/figures/figure_variants.*, results/tables/variants*.csv where it is asked for,
#          results/figures/figure_refine.*, figure_refine_networks.csv,
#          results/figures/conditions/{task}/{condition}/{neuron}.* for every condition, the user's
#          own tasks included
# figure: category and name in the report
PAPER = {
    "figure_1": ("Go-NoGo", "1: rate networks, Go-NoGo"),
    "figure_2": ("Go-NoGo", "2: from rate to spiking networks, Go-NoGo"),
    "figure_3": ("Integration", "3: rate networks, contextual integration"),
    "figure_4": ("Integration", "4: spiking networks, contextual integration"),
    "figure_5": ("Go-NoGo", "5: fixed against tuned decays"),
    "figure_6": ("Integration", "6: refractory period, filter, gain"),
    "figure_7": ("Go-NoGo", "7: transfer functions"),
    "figure_s1": ("Go-NoGo", "S1: rates of all units"),
    "figure_s2": ("Go-NoGo", "S2: principal components"),
    "figure_s3": ("Go-NoGo", "S3: three populations"),
    "figure_s4": ("Go-NoGo", "S4: without Dale's principle"),
    "figure_s5": ("Integration", "S5: mixed selectivity"),
    "figure_s6": ("Go-NoGo", "S6: a softplus network"),
    "figure_s7": ("Integration", "S7: quadratic integrate-and-fire units"),
    "figure_xor": ("XOR", "XOR: the task of the released code"),
}
VARIANTS = figure_roles.VARIANTS
SCRIPT = {"figure_xor": "figure_task"}  # and caption, where they are not called as the figure


for figure in [name for name in STUDY.figures if name in PAPER]:

    rule:
        name:
            figure
        input:
            **LAYOUT.inputs_of(figure),
            caption=ancient(workflow.source_path(f"../report/{SCRIPT.get(figure, figure)}.rst")),
            published=PUBLISHED,
        output:
            **outputs_of(figure),
            png=report(
                f"results/figures/{figure}.png",
                caption="../report/figure.rst",
                category="Figures of the paper",
                subcategory=PAPER[figure][0],
                labels={"figure": PAPER[figure][1]},
            ),
        log:
            f"results/logs/figures/{figure}.log",
        benchmark:
            f"results/benchmarks/figures/{figure}.tsv"
        priority: PRIORITY_OF_FIGURES
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            **needs("figure"),
        params:
            figure=figure,
            points=[point[:3] for point in LAYOUT.points(figure)],
            task=LAYOUT.task_of_figure(figure),
            user_tasks={},
            title=PAPER[figure][1],
            script=f"{SCRIPT.get(figure, figure)}.py",
            code=code(SCRIPT.get(figure, figure)),
        message:
            f"Drawing Fig. {PAPER[figure][1]}"
        script:
            # filled in when the job runs: `figure` itself is the last of the loop by then
            "../scripts/{params.script}"


# asked for by name: the end with one line that says what to write into the config
for figure in [name for name in figure_roles.FIGURE_ROLES if name not in STUDY.figures]:

    rule:
        name:
            figure
        input:
            not_listed(figure),
        message:
            f"{figure}: the config does not say what to draw it from"


if LAYOUT.compared:

    rule scorecard:
        input:
            caption=ancient(workflow.source_path("../report/scorecard.rst")),
            published=PUBLISHED,
            tables=[point.table for point in LAYOUT.all_points()],
            singles=LAYOUT.singles,
        output:
            table="results/tables/scorecard.csv",
            by_panel="results/tables/scorecard.md",
            html=report(
                "results/tables/scorecard.html",
                caption="../report/figure.rst",
                category="Scorecard",
                labels={"scorecard": "every published number beside ours"},
            ),
            pdf="results/figures/scorecard.pdf",
            png=report(
                "results/figures/scorecard.png",
                caption="../report/figure.rst",
                category="Scorecard",
                labels={"scorecard": "differences from the paper"},
            ),
            csv="results/figures/scorecard.csv",
            caption="results/figures/scorecard.rst",
        log:
            "results/logs/scorecard.log",
        benchmark:
            "results/benchmarks/figures/scorecard.tsv"
        priority: PRIORITY_OF_FIGURES
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            **needs("figure"),
        params:
            points=[point[:3] for point in LAYOUT.all_points()],
            code=code("scorecard"),
        message:
            "Setting every published number beside ours"
        script:
            "../scripts/scorecard.py"


if LAYOUT.variants:

    rule figure_variants:
        input:
            caption=ancient(workflow.source_path("../report/figure_variants.rst")),
            published=PUBLISHED,
            tables=[
                of_condition("results/conditions/{place}/{neuron}.csv", c) for c in LAYOUT.variants
            ],
            examples=[
                of_condition("results/examples/{place}/{neuron}.npz", c)
                for c in LAYOUT.examples_of_variants
            ],
            models=ancient(
                LAYOUT.of_blocks("results/models/{place}/{block}", LAYOUT.examples_of_variants)
            ),
            networks=LAYOUT.of_blocks(
                "results/networks/{place}/{block}.csv", LAYOUT.examples_of_variants
            ),
        output:
            **outputs_of(VARIANTS),
            png=report(
                "results/figures/figure_variants.png",
                caption="../report/figure.rst",
                category="Scorecard",
                labels={"scorecard": "variants: how far from the paper"},
            ),
        log:
            "results/logs/figures/figure_variants.log",
        benchmark:
            "results/benchmarks/figures/figure_variants.tsv"
        priority: PRIORITY_OF_FIGURES
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            **needs("figure"),
        params:
            conditions=[
                {
                    "task": c.task,
                    "label": c.label,
                    "network": c.setting("network"),
                    "training": c.setting("training"),
                }
                for c in LAYOUT.variants
            ],
            code=code("figure_variants"),
        message:
            "Drawing how far variants are from the paper"
        script:
            "../scripts/figure_variants.py"


if STUDY.sweeps:

    rule figure_sweeps:
        input:
            tables=[point.table for point in LAYOUT.points("figure_sweeps")],
            published=PUBLISHED,
            caption=ancient(workflow.source_path("../report/figure_sweeps.rst")),
        output:
            pdf="results/figures/figure_sweeps.pdf",
            png=report(
                "results/figures/figure_sweeps.png",
                caption="../report/figure.rst",
                category="Accuracy",
                subcategory="All conditions",
                labels={"figure": "sweeps: training and three scorings"},
            ),
            csv="results/figures/figure_sweeps.csv",
            caption="results/figures/figure_sweeps.rst",
        log:
            "results/logs/figures/figure_sweeps.log",
        benchmark:
            "results/benchmarks/figures/figure_sweeps.tsv"
        priority: PRIORITY_OF_FIGURES
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            **needs("figure"),
        params:
            points=[point[:3] for point in LAYOUT.points("figure_sweeps")],
            swept={name: sweep.key for name, sweep in STUDY.sweeps.items()},
            sizes={name: LAYOUT.published_size(name) for name in STUDY.sweeps},
            code=code("figure_sweeps"),
        message:
            "Drawing every sweep"
        script:
            "../scripts/figure_sweeps.py"


rule figure_task:
    input:
        task_file,
        example="results/examples/{task}/{condition}/{neuron}.npz",
        caption=ancient(workflow.source_path("../report/figure_task.rst")),
    output:
        pdf="results/figures/conditions/{task}/{condition}/{neuron}.pdf",
        png=report(
            "results/figures/conditions/{task}/{condition}/{neuron}.png",
            caption="../report/figure.rst",
            category="Conditions",
            subcategory="{task}",
            labels={"condition": "{condition}, {neuron}"},
        ),
        csv="results/figures/conditions/{task}/{condition}/{neuron}.csv",
        caption="results/figures/conditions/{task}/{condition}/{neuron}.rst",
    log:
        "results/logs/figures/{task}/{condition}/{neuron}.log",
    benchmark:
        "results/benchmarks/figures/{task}/{condition}/{neuron}.tsv"
    priority: PRIORITY_OF_FIGURES
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("figure"),
    params:
        task="{task}",
        user_tasks=own_task,
        task_content=task_content,
        title="{task}, {condition}, {neuron}",
        code=code("figure_task"),
    message:
        "Drawing an example network of {wildcards.task}, {wildcards.condition}"
    script:
        "../scripts/figure_task.py"


rule figure_scaling:
    input:
        accuracy="results/tables/accuracy.csv",
        networks="results/tables/networks.csv",
        caption=ancient(workflow.source_path("../report/figure_scaling.rst")),
    output:
        pdf="results/figures/figure_scaling.pdf",
        png=report(
            "results/figures/figure_scaling.png",
            caption="../report/figure.rst",
            category="Accuracy",
            subcategory="All conditions",
            labels={"figure": "scaling: accuracy against the scaling factor"},
        ),
        csv="results/figures/figure_scaling.csv",
        caption="results/figures/figure_scaling.rst",
    log:
        "results/logs/figures/figure_scaling.log",
    benchmark:
        "results/benchmarks/figures/figure_scaling.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("figure"),
    params:
        shown=[c.name for c in LAYOUT.shown],
        code=code("figure_scaling"),
    message:
        "Drawing accuracy against the scaling factor"
    script:
        "../scripts/figure_scaling.py"


rule figure_accuracy:
    input:
        networks="results/tables/networks.csv",
        caption=ancient(workflow.source_path("../report/figure_accuracy.rst")),
    output:
        pdf="results/figures/figure_accuracy.pdf",
        png=report(
            "results/figures/figure_accuracy.png",
            caption="../report/figure.rst",
            category="Accuracy",
            subcategory="All conditions",
            labels={"figure": "accuracy: rate against spiking network"},
        ),
        csv="results/figures/figure_accuracy.csv",
        caption="results/figures/figure_accuracy.rst",
    log:
        "results/logs/figures/figure_accuracy.log",
    benchmark:
        "results/benchmarks/figures/figure_accuracy.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("figure"),
    params:
        shown=[c.name for c in LAYOUT.shown],
        code=code("figure_accuracy"),
    message:
        "Drawing rate against spiking accuracy"
    script:
        "../scripts/figure_accuracy.py"


if LAYOUT.refined:

    rule figure_refine:
        input:
            networks="results/tables/networks.csv",
            refined="results/tables/refined.csv",
            caption=ancient(workflow.source_path("../report/figure_refine.rst")),
        output:
            pdf="results/figures/figure_refine.pdf",
            png=report(
                "results/figures/figure_refine.png",
                caption="../report/figure.rst",
                category="Accuracy",
                subcategory="All conditions",
                labels={"figure": "refinement: published way against refined"},
            ),
            csv="results/figures/figure_refine.csv",
            pairs="results/figures/figure_refine_networks.csv",
            caption="results/figures/figure_refine.rst",
        log:
            "results/logs/figures/figure_refine.log",
        benchmark:
            "results/benchmarks/figures/figure_refine.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            **needs("figure"),
        params:
            shown=[c.name for c in LAYOUT.refined],
            code=code("figure_refine"),
        message:
            "Drawing the refinement beside the published way"
        script:
            "../scripts/figure_refine.py"
