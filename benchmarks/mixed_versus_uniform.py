"""Writes docs/bits.md: mixed against uniform recipes, measured on both bundled models and two chips.

    AN4_DIR=~/speech/an4 python -m benchmarks.mixed_versus_uniform docs/bits.md --jobs 2

AN4_DIR is a folder with test/: AN4's clips and a metadata.csv of file_name,transcription; without it the
bundled corpus is all. What runs/bits-MODEL holds is not measured again.
"""

import argparse
import os
from pathlib import Path

from edgeasr.cli.progress import progress_bars
from edgeasr.executors import executor_of
from reports.bits.comparison import compare_mixed
from reports.bits.comparison_page import write_comparisons
from reports.bits.question import Question

CHIPS = ("ethos-u85-256", "nucleo-h7a3zi")
"""An NPU, where 16-bit activations take some 15 % more time, and a microcontroller whose flash holds 2 MiB
and where they take more than twice as much: mixtures that keep within a latency differ."""
MODELS = ("whisper-micro", "moonshine-micro")
UNIFORM = ("w8a16", "w8a8", "w4a16-g32", "w4a8-g32", "w3a16-g32", "w3a8-g32", "w2a16-g32")
METHODS = ("gptq", "rtn")
FORMATS = ("w8a8", "w8a16", "w4a8-g32", "w4a16-g32", "w3a8-g32", "w3a16-g32", "w2a8-g32", "w2a16-g32")
CONFIRMED = 0
"""Recipes measured beside the mixtures, to see how far damage tells error rates: some 30 CPU-seconds each."""


def main() -> None:
    """Measure what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    chosen = parser.parse_args()
    corpora = ("bundled", *(("audiofolder:$AN4_DIR/test",) if "AN4_DIR" in os.environ else ()))
    found = []
    with progress_bars() as progress, executor_of(chosen.jobs, None) as executor:
        for model in chosen.models:
            asked = Question(model, CHIPS, (), formats=FORMATS, confirmed=CONFIRMED)
            run = chosen.runs / f"bits-{model}"
            found.append(
                compare_mixed(
                    asked,
                    corpora,
                    uniform=UNIFORM,
                    methods=METHODS,
                    folder=run,
                    progress=progress,
                    executor=executor,
                )
            )
    folder = "AN4_DIR=... " if len(corpora) > 1 else ""
    models = "" if set(chosen.models) == set(MODELS) else f" --models {' '.join(chosen.models)}"
    command = f"{folder}python -m benchmarks.mixed_versus_uniform {chosen.page}{models}"
    write_comparisons(found, chosen.page, command=command)


if __name__ == "__main__":
    main()
