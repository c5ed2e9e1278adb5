"""Mixed against uniform on a bundled model with little data: what is compared is no larger and no slower."""

from pathlib import Path

import pytest

from reports.bits.comparison import Comparison, bundled_formats, compare_mixed
from reports.bits.question import Question

QUESTION = Question(
    "moonshine-micro",
    ("ethos-u85-256", "nucleo-h7a3zi"),
    (),
    formats=("w8a8", "w3a8-g32"),
    method="rtn",
    confirmed=0,
    calibration_utterances=3,
    sensitivity_utterances=2,
    limit=3,
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder: Path = tmp_path_factory.mktemp("bits")
    return compare_mixed(
        QUESTION, ["bundled"], uniform=["w4a8-g32", "w3a8-g32"], methods=["rtn", "hqq"], folder=folder
    )


def test_every_uniform_recipe_is_compared_by_every_method_on_every_chip(found: Comparison) -> None:
    assert [(pair.chip, pair.network) for pair in found.pairs] == [
        (chip, f"{name}+{method}")
        for chip in QUESTION.chips
        for name in ("w4a8-g32", "w3a8-g32")
        for method in ("rtn", "hqq")
    ]


def test_mixtures_are_no_larger_and_no_slower(found: Comparison) -> None:
    for pair in found.pairs:
        for mixed, uniform in zip(pair.mixed_used, pair.uniform_used, strict=True):
            assert mixed <= uniform * (1 + 1e-9)
        assert {part.split(" x")[0] for part in pair.formats.split(", ")} <= set(QUESTION.formats)


def test_methods_share_the_mixture_and_its_rate(found: Comparison) -> None:
    by_rtn, by_hqq = found.pairs[:2]
    assert by_rtn.mixed == by_hqq.mixed
    assert by_rtn.heard[0].mixed.wer == by_hqq.heard[0].mixed.wer
    assert by_rtn.uniform_used == by_hqq.uniform_used


def test_the_trust_is_over_the_mixtures(found: Comparison) -> None:
    damages = {pair.mixed: pair.mixed_damage for pair in found.pairs}
    assert {point.recipe: point.damage for point in found.trust.points} == damages
    assert len(damages) > 1


def test_a_uniform_recipe_keeps_its_bundled_formats() -> None:
    recipe = bundled_formats(QUESTION, "w3a8-g32", method="hqq")
    assert recipe.name == "w3a8-g32+hqq"
    assert [step.name for step in recipe.methods] == ["hqq"]
    assert recipe.layer_formats("model.decoder.embed_tokens").weight.bits == 8
    assert recipe.layer_formats("model.encoder.layers.0.mlp.fc1").weight.bits == 3
