"""Where the paper has networks: at the sizes and decays of its published numbers, and nowhere
else."""

import pandas as pd
import pytest
from shared import ROOT

from rate2spike import places
from rate2spike.config import RateConfig

PUBLISHED = pd.read_csv(
    ROOT / "resources" / "published.tsv", sep="\t", dtype=str, keep_default_na=False
)


@pytest.mark.parametrize(
    ("task", "n_units", "tau_ms", "roles"),
    [
        ("go-nogo", 50, (20, 50), {"figure_1 sizes 50", "figure_2 sizes 50"}),
        (
            "go-nogo",
            200,
            (20, 50),
            {"figure_1 sizes 200", "figure_2 sizes 200", "figure_1 example nan"},
        ),
        (
            "go-nogo",
            250,
            (20, 50),
            {"figure_1 sizes 250", "figure_2 sizes 250", "figure_2 decays 50"},
        ),
        ("go-nogo", 250, (20, 300), {"figure_2 decays 300"}),
        ("go-nogo", 250, (20,), {"figure_2 decays 20"}),
        ("go-nogo", 200, (30, 50), set()),
        ("go-nogo", 200, (50,), set()),
        ("go-nogo", 250, (35,), set()),
        ("go-nogo", 250, (50,), set()),
        ("go-nogo", 250, (10, 300), set()),
        ("go-nogo", 250, (20, 310), set()),
        ("go-nogo", 200, (20, 300), set()),
        ("go-nogo", 77, (20, 50), set()),
        ("go-nogo", 500, (20, 50), set()),
        (
            "integration",
            250,
            (20, 50),
            {
                "figure_3 sizes 250",
                "figure_4 sizes 250",
                "figure_4 decays 50",
                "figure_4 example nan",
            },
        ),
        ("integration", 500, (20, 50), {"figure_3 sizes 500", "figure_4 sizes 500"}),
        ("xor", 250, (20, 50), set()),
    ],
)
def test_where_networks_stand_in_the_paper(task, n_units, tau_ms, roles):
    network = RateConfig(n_units=n_units, tau_decay_ms=tau_ms)
    found = places.places(task, network)
    assert {f"{place.figure} {place.role} {place.x:g}" for place in found} == roles
    assert places.is_example(task, network) == any("example" in role for role in roles)


@pytest.mark.parametrize(
    ("task", "trained_in", "sizes_in"), [("go-nogo", "1", "2"), ("integration", "3", "4")]
)
def test_the_sizes_and_decays_are_those_of_the_published_numbers(task, trained_in, sizes_in):
    def values_of(figure, quantity, x_name):
        rows = PUBLISHED[(PUBLISHED.figure == figure) & (PUBLISHED.quantity == quantity)]
        return set(rows.x_value[rows.x_name == x_name].astype(float))

    shown = places.TASKS[task]
    assert set(shown.units) == values_of(trained_in, "successfully trained rate RNNs", "N")
    longest = values_of(sizes_in, "LIF task performance", "tau_max_ms")
    longest |= values_of(sizes_in, "rate nets trained", "tau_max_ms")
    assert set(places.LONGEST_MS) == longest
    assert shown.by_units == (f"figure_{trained_in}", f"figure_{sizes_in}")
    assert shown.by_decay == f"figure_{sizes_in}"
