"""Estimates whose networks are bound once."""

from hwmodels.chip import Chip
from simulator.estimate import Estimate, estimate_task


def on_chip(known: Estimate, chip: Chip) -> Estimate:
    """Return the same utterances' cost on another chip."""
    return estimate_task(known.task(), known.workload, chip=chip, utterances=known.utterances)
