"""Budgets as text: units, and what is wrong with them."""

import pytest

from hwmodels.chip_file import load_chip
from quant.recipe import load_recipe
from simulator.annotate import annotated
from simulator.budgets import Limit, parse_budget, used_of
from simulator.estimate import estimate
from simulator.metrics import packed_bytes
from simulator.utterances import Utterance
from traces.errors import EdgeAsrError
from traces.store import load_workload


def test_limits_are_in_si_units_in_the_order_given() -> None:
    assert parse_budget("latency_s=200ms, energy_j=0.05,packed_bytes=8MiB,sram_bytes=1e6") == (
        Limit("latency_s", 0.2),
        Limit("energy_j", 0.05),
        Limit("packed_bytes", 8 * 2**20),
        Limit("sram_bytes", 1e6),
    )


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("latency=0.2", ["unknown budget 'latency'", "did you mean latency_s?"]),
        ("flash_bytes=1MiB", ["unknown budget 'flash_bytes'"]),
        ("latency_s=1MiB", ["budget latency_s", "wrong unit"]),
        ("packed_bytes=3ms", ["budget packed_bytes", "wrong unit"]),
        ("latency_s=fast", ["budget latency_s", "no number"]),
        ("latency_s=0", ["positive"]),
        ("energy_j=-1mJ", ["positive"]),
        ("latency_s=1,latency_s=2", ["given twice"]),
        ("latency_s", ["has no '='"]),
        (" , ", ["empty", "sram_bytes"]),
    ],
)
def test_a_mistake_is_named_with_a_remedy(text: str, fragments: list[str]) -> None:
    with pytest.raises(EdgeAsrError) as raised:
        parse_budget(text)
    for fragment in fragments:
        assert fragment in str(raised.value)


def test_what_a_network_uses_is_its_estimate() -> None:
    workload = annotated(load_workload("whisper-micro"), load_recipe("w8a8"))
    found = estimate(workload, load_chip("ethos-u85-256"), utterances=(Utterance(2.0, 6), Utterance(4.0, 12)))
    used = used_of(found)
    assert used["latency_s"] == pytest.approx(float(found.latency_s().nominal.mean()))
    assert used["packed_bytes"] == packed_bytes(workload)
    caches = used["sram_bytes"] - found.peak_activation_bytes()
    # int8 keys and values with a float16 scale per token and head
    wider = estimate(
        annotated(load_workload("whisper-micro"), load_recipe("w8a16")),
        found.chip,
        utterances=found.utterances,
    )
    wide_caches = used_of(wider)["sram_bytes"] - wider.peak_activation_bytes()
    assert 0.5 < caches / wide_caches < 0.6
