"""Placeholder"""


def advance(job, variables, *, every, average, spikes, threads):
    from ..networks import advance

    return advance(job, variables, every=every, average=average, spikes=spikes)
