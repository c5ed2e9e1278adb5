"""A corpus in shards, wherever they are transcribed, has the rows of a corpus in one piece."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from asr import evaluate as evaluating
from asr.corpora import load_corpus
from asr.evaluate import Evaluation, evaluate
from asr.models import load_recogniser
from asr.recogniser import Recogniser
from edgeasr.executors import executor_of
from quant.quantize import quantize
from quant.recipe import load_recipe

BATCH_SIZE = 1
LIMIT = 5


@pytest.fixture(scope="module", autouse=True)
def three_shards() -> Iterator[None]:
    """Shards of two utterances, the last of them short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluating, "BUCKET_BATCHES", 2)
        yield


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    found = load_recogniser("moonshine-micro")
    return replace(found, model=quantize(found.model, load_recipe("w4a8-g32")).model)


@pytest.fixture(scope="module")
def here(recogniser: Recogniser) -> Evaluation:
    return evaluate(recogniser, load_corpus("bundled", limit=LIMIT), batch_size=BATCH_SIZE)


@pytest.mark.parametrize(("jobs", "cluster"), [(2, None), (1, "local:2")], ids=["pool", "dask"])
def test_shards_elsewhere_give_the_same_rows_in_order(
    recogniser: Recogniser, here: Evaluation, tmp_path: Path, jobs: int, cluster: str | None
) -> None:
    told: list[tuple[int, int]] = []
    with executor_of(jobs, cluster) as executor:
        found = evaluate(
            recogniser,
            load_corpus("bundled", limit=LIMIT),
            batch_size=BATCH_SIZE,
            progress=lambda done, of: told.append((done, of)),
            partial=tmp_path / "partial",
            executor=executor,
        )
    assert found == here
    assert told[0] == (0, LIMIT)
    assert told[-1] == (LIMIT, LIMIT)
    assert not (tmp_path / "partial").exists()
