from functools import partial

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from tests.quant.networks import NETWORKS, inputs, logits, token_ids
from tests.quant.outliers import FACTOR, inject_outliers_


@pytest.mark.parametrize("family", NETWORKS)
def test_outliers_change_activations_and_not_the_output(family: str) -> None:
    model = NETWORKS[family]()
    plain = logits(model)
    names = [name for name, _ in model.named_modules() if name.endswith(("q_proj", "k_proj", "fc1"))]
    before = _absmax(model, names)
    inject_outliers_(model)
    assert float((logits(model) - plain).norm() / plain.norm()) < 1e-5
    after = _absmax(model, names)
    for name in names:
        ratio = after[name] / before[name]
        assert float(ratio.max()) == pytest.approx(FACTOR, rel=1e-3), name
        assert float(ratio.median()) == pytest.approx(1.0, rel=1e-3), name


def _absmax(model: PreTrainedModel, names: list[str]) -> dict[str, Tensor]:
    """The largest magnitude of each input channel of some linear layers."""
    seen: dict[str, Tensor] = {}

    def watch(name: str, _: nn.Module, args: tuple[Tensor, ...]) -> None:
        seen[name] = args[0].abs().flatten(0, -2).amax(0)

    hooks = [model.get_submodule(name).register_forward_pre_hook(partial(watch, name)) for name in names]
    with torch.no_grad():
        model(inputs(model), decoder_input_ids=token_ids())
    for hook in hooks:
        hook.remove()
    return seen
