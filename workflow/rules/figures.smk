# Figures of the paper from the study's own networks, one page for every condition, accuracy of all networks. Each figure as PDF and
# PNG, with the CSV it was drawn from and a caption with its numbers, which the report shows.
#
# REQUIRED INPUTS: results/examples/{task}/{condition}/{neuron}.npz, results/tables/accuracy.csv, results/tables/networks.csv,
#                  workflow/report/figure_*.rst, the wording of the captions
# OUTPUTS: results/figures/figure_{1b,2b,s1,s2}.* where the config names a condition under figures.go-nogo,
#          results/figures/figure_{4a,4b,4c}.* under figures.integration, results/figures/figure_xor.* under figures.xor,
#          results/figures/figure_scaling.*, results/figures/figure_accuracy.*,
#          results/figures/conditions/{task}/{condition}/{neuron}.* for every condition, the user's own tasks included
FIGURE_CODE = library_hash("analysis.py", "figures.py")
PANELS = {"go-nogo": ("1b", "2b", "s1", "s2"), "integration": ("4a", "4b", "4c"), "xor": ("xor",)}
DRAWN = [f"figures/figure_{p}" for name in PANELS if name in STUDY.figures for p in PANELS[name]]
DRAWN += ["figures/figure_scaling", "figures/figure_accuracy"]
DRAWN += [f"figures/conditions/{place(c)}/{c.neuron_label}" for c in STUDY.conditions]
FIGURES = expand("results/{figure}.{ending}", figure=DRAWN, ending=["pdf", "png", "csv", "rst"])


if "go-nogo" in STUDY.figures:

    rule figure_1b:
        input:
            example=example_of(STUDY.figures["go-nogo"]),
            caption=workflow.source_path("../report/figure_1b.rst"),
        output:
            pdf="results/figures/figure_1b.pdf",
            png=report(
                "results/figures/figure_1b.png",
                caption="../report/figure.rst",
                category="Figures of the paper",
                subcategory="Go-NoGo",
                labels={"figure": "1B: decays and output of a rate network"},
            ),
            csv="results/figures/figure_1b.csv",
            caption="results/figures/figure_1b.rst",
        log:
            "results/logs/figures/figure_1b.log",
        benchmark:
            "results/benchmarks/figures/figure_1b.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            task=STUDY.condition(STUDY.figures["go-nogo"]).task,
            code=FIGURE_CODE,
        message:
            "Drawing Fig. 1B"
        script:
            "../scripts/figure_1b.py"

    rule figure_2b:
        input:
            example=example_of(STUDY.figures["go-nogo"]),
            caption=workflow.source_path("../report/figure_2b.rst"),
        output:
            pdf="results/figures/figure_2b.pdf",
            png=report(
                "results/figures/figure_2b.png",
                caption="../report/figure.rst",
                category="Figures of the paper",
                subcategory="Go-NoGo",
                labels={"figure": "2B: output of the spiking network at three constants"},
            ),
            csv="results/figures/figure_2b.csv",
            caption="results/figures/figure_2b.rst",
        log:
            "results/logs/figures/figure_2b.log",
        benchmark:
            "results/benchmarks/figures/figure_2b.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            task=STUDY.condition(STUDY.figures["go-nogo"]).task,
            code=FIGURE_CODE,
        message:
            "Drawing Fig. 2B"
        script:
            "../scripts/figure_2b.py"

    rule figure_s1:
        input:
            example=example_of(STUDY.figures["go-nogo"]),
            caption=workflow.source_path("../report/figure_s1.rst"),
        output:
            pdf="results/figures/figure_s1.pdf",
            png=report(
                "results/figures/figure_s1.png",
                caption="../report/figure.rst",
                category="Figures of the paper",
                subcategory="Go-NoGo",
                labels={"figure": "S1: rates of all units"},
            ),
            csv="results/figures/figure_s1.csv",
            caption="results/figures/figure_s1.rst",
        log:
            "results/logs/figures/figure_s1.log",
        benchmark:
            "results/benchmarks/figures/figure_s1.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            task=STUDY.condition(STUDY.figures["go-nogo"]).task,
            code=FIGURE_CODE,
        message:
            "Drawing Fig. S1"
        script:
            "../scripts/figure_s1.py"

    rule figure_s2:
        input:
            example=example_of(STUDY.figures["go-nogo"]),
            caption=workflow.source_path("../report/figure_s2.rst"),
        output:
            pdf="results/figures/figure_s2.pdf",
            png=report(
                "results/figures/figure_s2.png",
                caption="../report/figure.rst",
                category="Figures of the paper",
                subcategory="Go-NoGo",
                labels={"figure": "S2: principal components"},
            ),
            csv="results/figures/figure_s2.csv",
            caption="results/figures/figure_s2.rst",
        log:
            "results/logs/figures/figure_s2.log",
        benchmark:
            "results/benchmarks/figures/figure_s2.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            task=STUDY.condition(STUDY.figures["go-nogo"]).task,
            code=FIGURE_CODE,
        message:
            "Drawing Fig. S2"
        script:
            "../scripts/figure_s2.py"


if "integration" in STUDY.figures:

    rule figure_4a:
        input:
            example=example_of(STUDY.figures["integration"]),
            caption=workflow.source_path("../report/figure_4a.rst"),
        output:
            pdf="results/figures/figure_4a.pdf",
            png=report(
                "results/figures/figure_4a.png",
                caption="../report/figure.rst",
                category="Figures of the paper",
                subcategory="Integration",
                labels={"figure": "4A: single trials of the spiking network"},
            ),
            csv="results/figures/figure_4a.csv",
            caption="results/figures/figure_4a.rst",
        log:
            "results/logs/figures/figure_4a.log",
        benchmark:
            "results/benchmarks/figures/figure_4a.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            task=STUDY.condition(STUDY.figures["integration"]).task,
            code=FIGURE_CODE,
        message:
            "Drawing Fig. 4A"
        script:
            "../scripts/figure_4a.py"

    rule figure_4b:
        input:
            example=example_of(STUDY.figures["integration"]),
            caption=workflow.source_path("../report/figure_4b.rst"),
        output:
            pdf="results/figures/figure_4b.pdf",
            png=report(
                "results/figures/figure_4b.png",
                caption="../report/figure.rst",
                category="Figures of the paper",
                subcategory="Integration",
                labels={"figure": "4B: decays"},
            ),
            csv="results/figures/figure_4b.csv",
            caption="results/figures/figure_4b.rst",
        log:
            "results/logs/figures/figure_4b.log",
        benchmark:
            "results/benchmarks/figures/figure_4b.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            task=STUDY.condition(STUDY.figures["integration"]).task,
            code=FIGURE_CODE,
        message:
            "Drawing Fig. 4B"
        script:
            "../scripts/figure_4b.py"

    rule figure_4c:
        input:
            example=example_of(STUDY.figures["integration"]),
            caption=workflow.source_path("../report/figure_4c.rst"),
        output:
            pdf="results/figures/figure_4c.pdf",
            png=report(
                "results/figures/figure_4c.png",
                caption="../report/figure.rst",
                category="Figures of the paper",
                subcategory="Integration",
                labels={"figure": "4C: output of the spiking network"},
            ),
            csv="results/figures/figure_4c.csv",
            caption="results/figures/figure_4c.rst",
        log:
            "results/logs/figures/figure_4c.log",
        benchmark:
            "results/benchmarks/figures/figure_4c.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            task=STUDY.condition(STUDY.figures["integration"]).task,
            code=FIGURE_CODE,
        message:
            "Drawing Fig. 4C"
        script:
            "../scripts/figure_4c.py"


if "xor" in STUDY.figures:

    rule figure_xor:
        input:
            example=example_of(STUDY.figures["xor"]),
            caption=workflow.source_path("../report/figure_task.rst"),
        output:
            pdf="results/figures/figure_xor.pdf",
            png=report(
                "results/figures/figure_xor.png",
                caption="../report/figure.rst",
                category="In the style of the paper",
                subcategory="XOR",
                labels={"figure": "XOR: an example network"},
            ),
            csv="results/figures/figure_xor.csv",
            caption="results/figures/figure_xor.rst",
        log:
            "results/logs/figures/figure_xor.log",
        benchmark:
            "results/benchmarks/figures/figure_xor.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            task=STUDY.condition(STUDY.figures["xor"]).task,
            user_tasks={},
            title="XOR",
            code=FIGURE_CODE,
        message:
            "Drawing the XOR network"
        script:
            "../scripts/figure_task.py"


rule figure_task:
    input:
        task_file,
        example="results/examples/{task}/{condition}/{neuron}.npz",
        caption=workflow.source_path("../report/figure_task.rst"),
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
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        task="{task}",
        user_tasks=own_task,
        title="{task}, {condition}, {neuron}",
        code=FIGURE_CODE,
    message:
        "Drawing an example network of {wildcards.task}, {wildcards.condition}"
    script:
        "../scripts/figure_task.py"


rule figure_scaling:
    input:
        accuracy="results/tables/accuracy.csv",
        networks="results/tables/networks.csv",
        caption=workflow.source_path("../report/figure_scaling.rst"),
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
        mem_mb=1500,
        runtime=10,
    params:
        code=FIGURE_CODE,
    message:
        "Drawing accuracy against the scaling factor"
    script:
        "../scripts/figure_scaling.py"


rule figure_accuracy:
    input:
        networks="results/tables/networks.csv",
        caption=workflow.source_path("../report/figure_accuracy.rst"),
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
        mem_mb=1500,
        runtime=10,
    params:
        code=FIGURE_CODE,
    message:
        "Drawing rate against spiking accuracy"
    script:
        "../scripts/figure_accuracy.py"
