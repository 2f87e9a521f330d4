"""What the tests share: the published model file and one Go-NoGo network trained to criterion in less than a second."""

from pathlib import Path
from typing import NamedTuple

import pytest

from rate2spike import train
from rate2spike.config import RateConfig, TrainingConfig
from rate2spike.rate import RateModel, TrainingRecord
from rate2spike.tasks import BUILT_IN

ROOT = Path(__file__).parent.parent
PUBLISHED_MODEL = ROOT / "tests" / "data" / "model_gonogo_n200_tau4_20.mat"


class Trained(NamedTuple):
    model: RateModel
    record: TrainingRecord


@pytest.fixture(scope="session")
def trained() -> Trained:
    """A Go-NoGo network of 80 units, trained as published."""
    return Trained(
        *train.train_network(BUILT_IN["go-nogo"], RateConfig(n_units=80), TrainingConfig(), study_seed=1, network="trained")
    )


@pytest.fixture(scope="session")
def published_model_file() -> Path:
    return PUBLISHED_MODEL
