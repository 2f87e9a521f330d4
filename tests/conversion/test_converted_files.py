"""The converted models of a block: each network has its own search, fresh trials and factors."""

import shutil

import numpy as np
import pandas as pd
import pytest
from shared import PUBLISHED_MODEL

from rate2spike import matfile, provenance
from rate2spike.conversion.converted_files import write_converted

SMALL = PUBLISHED_MODEL.parent / "model_small_t4_20_f64.mat"
FACTORS = {"seed_3": 40.0, "seed_10": 25.0}
HELD_OUT = {"seed_10": 0.5, "seed_3": 0.875}
MADE = {"search": {"trials": 8}, "code": "abc"}


def curves() -> pd.DataFrame:
    """Rows of two networks in turn, and of one that reached no criterion."""
    rng, rows = np.random.default_rng(1), []
    for factor in (60.0, 25.0, 40.0):
        for network in ("seed_10", "seed_5", "seed_3"):
            accuracy = rng.random()
            row = {"network": network, "scaling_factor": factor, "accuracy": accuracy}
            rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture
def models(tmp_path):
    """A network that another program saved, and one with a record of its training."""
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copyfile(SMALL, folder / "seed_3.mat")
    keys = {key: value for key, value in matfile.read(SMALL).items() if key[0] != "_"}
    matfile._write(folder / "seed_10.mat", keys | {"provenance": '{"task": "xor"}'})
    return folder


@pytest.mark.parametrize("output_factors", [None, {"seed_3": 0.5, "seed_10": 2.0}])
def test_each_network_has_its_own_numbers(tmp_path, models, output_factors):
    accuracy = curves()
    numbers = {"factors": FACTORS, "accuracy": accuracy, "held_out": HELD_OUT, "made": MADE}
    write_converted(tmp_path / "converted", models, **numbers, output_factors=output_factors)
    assert {path.name for path in (tmp_path / "converted").iterdir()} == {
        "seed_3.mat",
        "seed_10.mat",
    }
    for network, factor in FACTORS.items():
        path = tmp_path / "converted" / f"{network}.mat"
        keys = matfile.read(path)
        own = accuracy[accuracy.network == network]
        assert keys["opt_scaling_factor"].tolist() == [[factor]]
        assert keys["held_out_perf"].tolist() == [[HELD_OUT[network]]]
        assert keys["scaling_factors"].tolist() == [[60, 25, 40]]
        assert keys["all_perfs"].ravel().tolist() == own.accuracy.tolist()
        expected = output_factors[network] if output_factors else 1
        assert matfile.output_factor(path) == expected
        assert ("output_factor" in keys) == (output_factors is not None)
        assert provenance.read(path)["conversion"] == MADE
    foreign, ours = (
        provenance.read(tmp_path / "converted" / f"{name}.mat") for name in ("seed_3", "seed_10")
    )
    assert foreign["source"] == provenance.file_facts(models / "seed_3.mat")
    # of a network that was trained here: training it anew changes nothing
    fingerprint = matfile.fingerprint(models / "seed_10.mat")
    assert ours["source"] == {"file": "seed_10.mat", "fingerprint": fingerprint}
    assert ours["task"] == "xor"


def test_a_folder_that_is_there_is_not_written_into(tmp_path, models):
    (tmp_path / "converted").mkdir()
    with pytest.raises(FileExistsError):
        write_converted(
            tmp_path / "converted",
            models,
            factors=FACTORS,
            accuracy=curves(),
            held_out=HELD_OUT,
            made=MADE,
        )
    assert not list((tmp_path / "converted").iterdir())
