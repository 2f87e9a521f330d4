# The config as it was given: what its files hold is looked at before Snakemake reads the default
# one, and what is wrong with it is said in one line.
#
# REQUIRED INPUTS: config/config.yaml (or --configfile)
import sys
from pathlib import Path

from snakemake.logging import logger

from rate2spike.config import ConfigError
from rate2spike.study import config_files

DEFAULT_CONFIG = "config/config.yaml"
ARGUMENTS = list(workflow.config_settings.config_args or [])


def stop(problem: str):
    """The end, with one line. An error would come with the line of a rule where it was raised,
    which is not where it is to be mended."""
    logger.error(problem)
    sys.exit(1)


def or_stop(check, *arguments):
    """What `check` returns, or the end with one line that says what is wrong and where."""
    try:
        return check(*arguments)
    except config_files.ConfigFileError as error:
        stop(str(error))
    except ConfigError as error:
        stop(config_files.located(str(error), workflow.configfiles, ARGUMENTS))
    except OSError as error:
        stop(str(error))


# a default study that Snakemake cannot read: its own message has no name of a file
if (
    workflow.is_main_process
    and not workflow.overwrite_configfiles
    and not workflow.modifier.skip_configfile
    and Path(DEFAULT_CONFIG).is_file()
):
    or_stop(config_files.check, [DEFAULT_CONFIG], [])
