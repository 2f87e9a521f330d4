"""Go-NoGo with standard normal noise on the input, all through the trial."""

from dataclasses import replace

from rate2spike.tasks import BUILT_IN

GO_NOGO = BUILT_IN["go-nogo"]


def draw(rng):
    trial = GO_NOGO.draw(rng)
    return trial._replace(stimulus=trial.stimulus + rng.standard_normal(trial.stimulus.shape))


TASK = replace(GO_NOGO, name="go-nogo-noisy-input", draw=draw)
