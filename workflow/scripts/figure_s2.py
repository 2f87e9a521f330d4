"""Fig. S2: the state of the rate and of the converted network along their first three principal
components."""

import job

log = job.start(snakemake)

import reading
from rate2spike.analysis import describe, statistics
from rate2spike.figures import pages, panels
from rate2spike.figures.publish import Drawn, publish
from rate2spike.paper import sweeps
from rate2spike.tasks import find_task

task = find_task(snakemake.params.task)
example = reading.example(snakemake)
published = reading.published(snakemake)
facts = describe.example(example, task.labels)
VARIANCE = published[published.quantity == "variance captured by top 3 PCs"]


def draw_state(axes, title: str, trajectories) -> tuple[list, float]:
    """The trajectories of one network: the rows drawn, and the variance (%) of the components."""
    components = statistics.principal_components(trajectories)
    percent = 100 * components.variance_fraction
    variance = percent.sum()
    in_paper = f"published: {VARIANCE.value.iloc[0]} %"
    axes.set_title(f"{title}: {variance:.1f} % of the variance\n({in_paper})")
    axis_labels = [f"PC{i} ({p:.1f} %)" for i, p in enumerate(percent, start=1)]
    rows = panels.trajectories_3d(axes, components.scores, task.labels.values(), axis_labels)
    return rows, variance


def draw() -> Drawn:
    figure, axes = pages.page([["rate", "spiking"]], 6.5, 3.4, three_d=True)
    left, rate = draw_state(axes["rate"], "Rate network", example["rate_population"])
    right, spiking = draw_state(axes["spiking"], "Spiking network", example["spiking_population"])
    pages.legend_above(figure, axes.values())
    line = f"means over {facts['trials']} trials; open circle: start, filled: end."
    return Drawn(
        figure,
        left + right,
        pages.EXAMPLE_NOTE.format(**facts) + line,
        facts={"rate_variance": rate, "spiking_variance": spiking},
        singles=[
            sweeps.single(VARIANCE, rate, x_value="rate"),
            sweeps.single(VARIANCE, spiking, x_value="LIF"),
        ],
    )


drawn = publish(draw, facts, caption=snakemake.input.caption, output=snakemake.output)
sweeps.write_singles(drawn.singles, snakemake.output.singles)
log.info("drawn from %s", drawn.facts)
