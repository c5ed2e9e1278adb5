import pytest
import torch

from quant.blocks.block import Block
from quant.blocks.walk import CROSS, walk
from quant.calibration import CalibrationBatch, CalibrationData
from quant.channel_statistics import channel_absmax, channel_mean_magnitude
from quant.layers import working_copy
from quant.methods.problem import BlockResult, Problem
from quant.scale_pairs import scale_pairs
from tests.quant.networks import NETWORKS, inputs, token_ids

VALID = 7


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("block_name", ["model.encoder.layers.1", CROSS, "model.decoder.layers.0"])
def test_statistics_are_those_of_the_tokens_that_carry_data(family: str, block_name: str) -> None:
    """Beside the whole input of each reader, caught in a plain run of the network."""
    model = working_copy(NETWORKS[family]())
    x, ids = inputs(model), token_ids()
    batches = tuple(CalibrationBatch(x[i : i + 1], ids[i : i + 1], VALID) for i in range(2))
    found: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    def solve(block: Block) -> BlockResult:
        if block.name == block_name:
            pairs = scale_pairs(block)
            readers = [pair.targets[0] for pair in pairs]
            statistics = channel_absmax(block, pairs), channel_mean_magnitude(block, pairs)
            found.update(zip(readers, zip(*statistics, strict=True), strict=True))
        return BlockResult()

    walk(Problem(model, (), CalibrationData(batches), step="test"), solve, quantized=False)
    assert found
    seen: dict[str, list[torch.Tensor]] = {name: [] for name in found}
    hooks = [
        model.get_submodule(name).register_forward_pre_hook(
            lambda _, args, name=name: seen[name].append(args[0].flatten(0, 1))
        )
        for name in found
    ]
    with torch.no_grad():
        for batch in batches:
            model(batch.inputs, decoder_input_ids=batch.decoder_ids, use_cache=False)
    for hook in hooks:
        hook.remove()
    for name, (absmax, mean) in found.items():
        # Positions of the encoder beyond the valid ones are padding; the decoder has none.
        kept = slice(None) if "decoder.layers" in block_name else slice(VALID)
        tokens = torch.cat([part[kept] for part in seen[name]])
        torch.testing.assert_close(absmax, tokens.abs().amax(0), msg=name)
        torch.testing.assert_close(mean, tokens.abs().mean(0), msg=name)
