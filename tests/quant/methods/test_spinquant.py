from pathlib import Path
from statistics import median
from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers import PreTrainedModel

import quant.rotations.learn
from quant.methods.spinquant import SpinquantConfig
from quant.quantize import quantize
from quant.recipe import MethodStep, load_recipe, save_recipe, with_methods
from quant.tensor_file import stored_tensors
from tests.quant.networks import NETWORKS, logits, whisper
from tests.quant.outliers import inject_outliers_
from tests.quant.recipes import uniform
from tests.quant.rotations.rotating import by_rotating, single_utterances
from traces.errors import EdgeAsrError

FAMILIES = pytest.mark.parametrize("family", NETWORKS)
FORMATS = uniform("int4_channel", "int4_token", attention="int8_token")
FEW = SpinquantConfig(steps=6, batch=2)


def divergence(model: PreTrainedModel, reference: PreTrainedModel) -> float:
    found, wanted = (logits(network).log_softmax(-1) for network in (model, reference))
    return float(functional.kl_div(found, wanted, log_target=True, reduction="batchmean"))


@FAMILIES
def test_learning_lowers_the_loss_it_was_told(family: str) -> None:
    model = NETWORKS[family]()
    inject_outliers_(model)
    losses: list[float] = []

    def keep(*told: str | int) -> None:
        if str(told[-1]).startswith("loss"):
            losses.append(float(str(told[-1]).split()[1]))

    config = SpinquantConfig(steps=12, batch=2, loss="logits")
    learned = quantize(
        model,
        by_rotating(FORMATS, config),
        calibration=single_utterances(model),
        progress=lambda *told: keep(*told),
    )
    assert len(losses) == 12
    assert losses[-1] < 0.9 * losses[0]
    assert divergence(learned.model, model) < divergence(quantize(model, by_rotating(FORMATS)).model, model)


@FAMILIES
@pytest.mark.parametrize("formats", [("int8_channel", "int8_tensor"), ("int4_channel", "int4_token")])
def test_outliers_cost_at_most_half_as_much(family: str, formats: tuple[str, str]) -> None:
    """The median over the layers behind norms, relative to rounding without rotations."""
    model = NETWORKS[family]()
    inject_outliers_(model)
    data, recipe = single_utterances(model), uniform(*formats)
    plain, found = (
        {
            detail.module: detail.relative_error
            for detail in quantize(model, method, calibration=data, details=data).details
            if detail.module.endswith(("q_proj", "k_proj", "v_proj", "fc1")) and detail.relative_error
        }
        for method in (recipe, by_rotating(recipe, FEW))
    )
    assert median(found[name] / plain[name] for name in plain) <= 0.5


@FAMILIES
def test_learned_rotations_are_exact(family: str) -> None:
    model = NETWORKS[family]()
    recipe = by_rotating(uniform("int16_channel", "int16_token"), FEW)
    found = logits(quantize(model, recipe, calibration=single_utterances(model)).model)
    assert float((found - logits(model)).norm() / logits(model).norm()) < 3e-3


def test_the_same_seed_gives_the_same_bytes() -> None:
    model = whisper()
    recipe = by_rotating(FORMATS, FEW)
    first, second = (
        stored_tensors(quantize(model, recipe, calibration=single_utterances(model)).model) for _ in range(2)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_learning_is_not_done_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, recipe = whisper(), by_rotating(FORMATS, FEW)
    data = single_utterances(model)
    complete = stored_tensors(quantize(model, recipe, calibration=data).model)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("quant.quantize.replace_layers_", interrupted)
        with pytest.raises(KeyboardInterrupt):
            quantize(model, recipe, calibration=data, resume=tmp_path)
    monkeypatch.setattr(quant.rotations.learn, "learned_rotations", interrupted)
    resumed = stored_tensors(quantize(model, recipe, calibration=data, resume=tmp_path).model)
    assert all(torch.equal(complete[name], resumed[name]) for name in complete)


@pytest.mark.parametrize(
    ("round_weights", "activation", "methods", "expected"),
    [
        ("auto", "int8_token", ("rtn",), True),
        ("auto", "int8_token", ("gptq", "rtn"), False),
        ("auto", "float16", ("gptq", "rtn"), True),  # else there would be nothing to learn from
        ("always", "int8_token", ("gptq", "rtn"), True),
        ("never", "int8_token", ("rtn",), False),
    ],
)
def test_weights_are_rounded_while_learning_unless_data_will_round_them(
    round_weights: Any,
    activation: str,
    methods: tuple[str, ...],
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Seen(Exception):  # noqa: N818 (no error: ends the run)
        pass

    def learned(*_: object, round_weights: bool, **__: object) -> None:
        raise Seen(round_weights)

    monkeypatch.setattr(quant.rotations.learn, "learned_rotations", learned)
    from quant.methods import METHODS

    config = SpinquantConfig(round_weights=round_weights)
    steps = (MethodStep("spinquant", config), *(MethodStep(name, METHODS[name].config()) for name in methods))
    recipe = with_methods(uniform("int4_channel", activation), steps, name="learned")
    with pytest.raises(Seen, match=str(expected)):
        quantize(whisper(), recipe, calibration=single_utterances(whisper()))


def test_a_loss_that_is_not_finite_names_step_and_module() -> None:
    model = whisper()
    layer = model.model.encoder.layers[1]
    layer.fc1.bias = torch.nn.Parameter(torch.full_like(layer.fc1.bias, 3e38), requires_grad=False)
    recipe = by_rotating(FORMATS, FEW)
    expected = r"spinquant: the loss is nan at step 1, .* the output of module 'model\.encoder\.layers\.1\."
    with pytest.raises(EdgeAsrError, match=expected):
        quantize(model, recipe, calibration=single_utterances(model))


@FAMILIES
def test_the_float_network_is_asked_once_for_each_utterance(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = NETWORKS[family]()
    asked: list[int] = []
    build = quant.rotations.learn._Student.__init__

    def watched(student: Any, problem: Any, *args: Any, **settings: Any) -> None:
        build(student, problem, *args, **settings)
        problem.model.model.register_forward_hook(lambda *_: asked.append(1))

    monkeypatch.setattr(quant.rotations.learn._Student, "__init__", watched)
    quantize(model, by_rotating(FORMATS, FEW), calibration=single_utterances(model))
    assert len(asked) == 2


def test_settings_in_a_file(tmp_path: Path) -> None:
    recipe = by_rotating(FORMATS, SpinquantConfig(steps=7, loss="tokens", round_weights="never"))
    save_recipe(recipe, tmp_path / "r.yaml")
    assert load_recipe(tmp_path / "r.yaml") == recipe


def test_what_it_needs() -> None:
    with pytest.raises(EdgeAsrError, match="1-spinquant needs calibration data"):
        quantize(whisper(), by_rotating(FORMATS, FEW))
    assert by_rotating(FORMATS, FEW).needs_calibration


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"batch": 0}, "batch is 0"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message):
        SpinquantConfig(**settings)
