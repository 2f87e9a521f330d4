"""The converted models of a block: each network has its own search, fresh trials and factors."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from shared import PUBLISHED_MODEL

from rate2spike import matfile, provenance
from rate2spike.conversion.converted_files import write_converted
from rate2spike.rate.model import RateModel, UnitGains

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


def refined_models(models) -> dict[str, RateModel]:
    """Each network with numbers of its own, the second without gains."""
    small, other = (matfile.load(models / f"{name}.mat") for name in FACTORS)
    n = small.n_units
    gains = UnitGains(np.linspace(0.5, 3.0, n), np.linspace(-1.0, 2.0, n))
    return {
        "seed_3": replace(small, output_factor=0.5, output_offset=-0.25, unit_gains=gains),
        "seed_10": replace(other, output_factor=2.0, output_offset=0.125),
    }


@pytest.mark.parametrize("is_refined", [False, True])
def test_each_network_has_its_own_numbers(tmp_path, models, is_refined):
    accuracy = curves()
    numbers = {"factors": FACTORS, "accuracy": accuracy, "held_out": HELD_OUT, "made": MADE}
    refined = refined_models(models) if is_refined else None
    write_converted(tmp_path / "converted", models, **numbers, refined=refined)
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
        output = [key in keys for key in ("output_factor", "output_offset")]
        assert output == [is_refined, is_refined]
        expected = refined[network] if is_refined else matfile.load(models / f"{network}.mat")
        found = matfile.load(path)
        assert found.output_factor == expected.output_factor
        assert found.output_offset == expected.output_offset
        if expected.unit_gains is None:
            assert found.unit_gains is None
        else:
            assert all(map(np.array_equal, found.unit_gains, expected.unit_gains))
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
