"""The page of the variants: its cells, tables and words are those of the library, reckoned from
made-up networks, recordings and model files."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
from drawing import PUBLISHED, Series, assert_caption, assert_drawn, axes_of, drawer, numbers_in
from shared import PUBLISHED_MODEL, example_of

from rate2spike import matfile
from rate2spike.paper import variants

CONDITIONS = [  # task, network, training, networks that were attempted and that reached criterion
    ("go-nogo", {"n_units": 50}, {}, 3, 3),
    ("go-nogo", {"n_units": 200}, {}, 4, 3),
    ("go-nogo", {"n_units": 50, "p_rec": 0.4}, {"loss_from": "stimulus"}, 5, 5),
    ("integration", {"n_units": 250, "p_rec": 0.4}, {"loss_from": "stimulus"}, 3, 0),
]
DENSER = "loss from the stimulus on, p_rec 0.4"


def networks_of(place: int) -> pd.DataFrame:
    """The table of networks of a condition."""
    task, _, _, n_attempted, n_trained = CONDITIONS[place]
    rng = np.random.default_rng(place)
    converged = np.arange(n_attempted) < n_trained
    columns = {"task": task, "condition": f"c{place}", "neuron": "lif", "name": f"c{place}"}
    columns |= {"network": [f"seed_{i}" for i in range(n_attempted)], "converged": converged}
    columns |= {"training_trials": rng.integers(500, 3000, n_attempted)}
    columns |= {"training_accuracy": rng.uniform(0.95, 1, n_attempted)}
    for column, low, high in (
        ("mean_tau_decay_ms", 28, 38),
        ("search_accuracy", 0.5, 1),
        ("held_out_accuracy", 0.5, 1),
        ("held_out_strict", 0.4, 1),
    ):
        columns[column] = np.where(converged, rng.uniform(low, high, n_attempted), np.nan)
    return pd.DataFrame(columns)


def write_models(folder, networks: pd.DataFrame) -> tuple[list, list, np.ndarray]:
    """Models of the networks that reached criterion in two blocks: folders, tables, decays."""
    folder.mkdir(parents=True)
    folders, tables, tau_ms = [], [], []
    for i, rows in enumerate(np.array_split(networks.index, 2)):
        folders.append(folder / f"block_{i}")
        tables.append(folder / f"block_{i}.csv")
        folders[-1].mkdir()
        block = networks.loc[rows]
        block[["network", "converged"]].to_csv(tables[-1], index=False)
        for name in block.network[block.converged]:
            shutil.copyfile(PUBLISHED_MODEL, folders[-1] / f"{name}.mat")
            tau_ms.append(matfile.load(PUBLISHED_MODEL).tau_decay_ms())
    return folders, tables, np.stack(tau_ms)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("variants")
    tables = []
    params = []
    for place, (task, network, training, *_) in enumerate(CONDITIONS):
        tables.append(folder / f"networks_{place}.csv")
        networks_of(place).to_csv(tables[-1], index=False)
        label = {"task": task, "label": f"c{place}"}
        params.append(label | {"network": network, "training": training})
    recording = example_of("go-nogo")
    trained, failed = folder / "go-nogo" / "c1", folder / "integration" / "c3"
    folders, of_blocks, tau_ms = write_models(trained, networks_of(1))
    # of the condition that was not trained a block without a model
    (failed / "empty").mkdir(parents=True)
    networks_of(3).to_csv(failed / "empty.csv", index=False)
    files = {"tables": tables, "examples": [failed / "lif.npz", trained / "lif.npz"]}
    np.savez(files["examples"][0], n_networks=0, n_attempted=3)
    np.savez(files["examples"][1], **recording)
    files["models"] = [*folders, failed / "empty"]
    files["networks"] = [*of_blocks, failed / "empty.csv"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw = drawer(folder, monkeypatch)
        page = draw("figure_variants", files=files, conditions=params)
    conditions = [variants.condition(**of_condition) for of_condition in params]
    points = variants.points(conditions, pd.concat([networks_of(i) for i in range(4)]))
    names = {"variant": "as stated", "task": "go-nogo"}
    signatures = variants.of_example(PUBLISHED, recording=recording, **names)
    signatures.append(variants.of_decays(PUBLISHED, tau_decay_ms=tau_ms, **names))
    numbers = variants.table(PUBLISHED, points, signatures)
    return page, folder, points, numbers


def test_the_tables_are_those_of_the_library(drawn):
    _, folder, _, numbers = drawn
    text = {"x_value": str, "figure": str}
    read = pd.read_csv(folder / "figure_variants.by_number", dtype=text, keep_default_na=False)
    assert read.columns.tolist() == variants.COLUMNS
    assert read.variant.tolist() == numbers.variant.tolist()
    assert set(numbers.group) >= {"rate output", "spiking output", "histogram of decays"}
    for column in ("difference", "distance", "tolerance"):
        found = pd.to_numeric(read[column]).to_numpy(float)
        np.testing.assert_allclose(found, numbers[column].to_numpy(float), rtol=1e-7)
    summary = pd.read_csv(folder / "figure_variants.table")
    pd.testing.assert_frame_equal(summary, variants.by_variant(numbers), check_dtype=False)


def test_every_cell_is_drawn_where_the_table_has_it(drawn):
    page, _, points, numbers = drawn
    summary = variants.by_variant(numbers)
    wanted = {}
    for row in summary.to_dict("records"):
        for task, title in (("go-nogo", "Go-NoGo"), ("integration", "Integration")):
            cells = {}
            for group, panels in variants.GROUPS[task].items():
                if not np.isnan(row[f"{task} {group}"]):
                    cells[f"{group} ({panels})"] = row[f"{task} {group}"]
            if cells:
                wanted[title, row["variant"]] = Series(list(cells), list(cells.values()))
        wanted["mean of all", row["variant"]] = Series(["mean of all"], [row["distance"]])
    assert_drawn(page.table, wanted)
    # the networks for integration failed: all that is known is that none of them trained
    in_table = wanted["Integration", DENSER]
    assert in_table.x == ["trained (3B, 4E)"]
    assert_caption(page, "figure_variants", **variants.describe(points, summary))
    assert numbers_in(page.note) == ["1", "4", "4", "3", "5", "100"]


def test_the_numbers_stand_in_the_rows_and_columns_of_their_names(drawn):
    page, _, _, numbers = drawn
    summary = variants.by_variant(numbers)
    axes = axes_of(page.page, "Go-NoGo")
    rows = dict(zip(axes.get_yticks(), [t.get_text() for t in axes.get_yticklabels()], strict=True))
    columns = [label.get_text() for label in axes.get_xticklabels()]
    shown = {}
    for text in axes.texts:
        x, y = text.get_position()
        if y in rows:
            variant = rows[y].replace("\N{NO-BREAK SPACE}", " ").replace("\n", " ")
            shown[variant, columns[int(x)]] = text.get_text()
    of_table = {}
    names = []
    for row in summary.to_dict("records"):
        names.append(f"{row['variant']} ({row['n_numbers']})")
        for group, panels in variants.GROUPS["go-nogo"].items():
            value = row[f"go-nogo {group}"]
            if not np.isnan(value):
                of_table[names[-1], f"{group} ({panels})"] = f"{value:.1f}"
    assert shown == of_table
    assert [re.sub(r"\s", " ", text) for text in rows.values()] == names
    bold = [t.get_text() for t in axes.get_yticklabels() if t.get_fontweight() == "bold"]
    assert [text.split("(")[0] for text in bold] == ["as\N{NO-BREAK SPACE}stated\N{NO-BREAK SPACE}"]
    scale = axes_of(page.page, "scale")
    assert [tick.get_text() for tick in scale.get_xticklabels()] == ["0", "1", "2", "3", "≥ 4"]
    colours = axes.collections[0]
    distances = np.ma.filled(colours.get_array(), np.nan).ravel()
    in_cells = summary[[f"go-nogo {group}" for group in variants.GROUPS["go-nogo"]]]
    np.testing.assert_allclose(distances, in_cells.to_numpy(float).ravel())
    assert colours.get_clim() == (0, variants.MOST)


def test_a_study_in_which_nothing_trained_says_so(tmp_path, monkeypatch):
    table = networks_of(3)
    table.to_csv(tmp_path / "networks.csv", index=False)
    place = tmp_path / "integration" / "c3"
    (place / "empty").mkdir(parents=True)
    np.savez(place / "lif.npz", n_networks=0, n_attempted=3)
    files = {"tables": [tmp_path / "networks.csv"], "examples": [place / "lif.npz"]}
    files |= {"models": [place / "empty"], "networks": [tmp_path / "networks.csv"]}
    condition = {"task": "integration", "label": "c3", "network": {"n_units": 250}, "training": {}}
    draw = drawer(tmp_path, monkeypatch)
    page = draw("figure_variants", files=files, conditions=[condition])
    assert page.caption == "No network reached criterion (0 of 3).\n"
    assert page.table.empty
    summary = pd.read_csv(tmp_path / "figure_variants.table")
    assert summary.variant.tolist() == ["as stated"]
