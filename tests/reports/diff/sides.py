"""A run folder and a table of an estimate, written as `edgeasr study` and `edgeasr estimate` write them."""

from pathlib import Path

import pandas

from hwmodels.chip_file import load_chip
from reports.study.outputs import op_frame
from reports.workloads import workload_under
from simulator.estimate import Estimate, estimate
from simulator.utterances import Utterance

MODEL = "whisper-micro"


def estimated(chip: str, recipe: str) -> Estimate:
    workload, _ = workload_under(MODEL, recipe)
    return estimate(workload, load_chip(chip), utterances=(Utterance(5.0, 20),))


def run_folder(folder: Path, cells: tuple[tuple[str, str, float | None], ...]) -> Path:
    """Write a run of (chip, recipe, word error rate) cells."""
    folder.mkdir()
    found = [(estimated(chip, recipe), chip, recipe, wer) for chip, recipe, wer in cells]
    frames = [op_frame(each, model=MODEL, recipe=recipe) for each, _, recipe, _ in found]
    pandas.concat(frames, ignore_index=True).to_parquet(folder / "layers.parquet", index=False)
    summary = pandas.DataFrame(
        {
            "model": MODEL,
            "recipe": recipe,
            "chip": chip,
            "wer": wer,
            "latency_s": float(each.latency_s().nominal.mean()),
            "energy_j": float(each.energy_j().nominal.mean()),
        }
        for each, chip, recipe, wer in found
    )
    summary.to_csv(folder / "summary.csv", index=False)
    return folder
