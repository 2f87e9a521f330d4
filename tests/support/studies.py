"""The studies of config files, checked as the workflow checks them, without starting it."""

from contextlib import chdir

import yaml
from shared import ROOT

from rate2spike.study.study import Study, checked

SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())


def study_of(path: str, **changes) -> Study:
    """The study of a config file of the repository, with other values of some of its keys."""
    values = yaml.safe_load((ROOT / path).read_text())
    with chdir(ROOT):  # the files that it names are seen from here
        return checked(values | changes, SCHEMA)
