import pytest
from torch import nn

from quant.blocks.layout import layout_of
from tests.quant.networks import NETWORKS
from traces.errors import EdgeAsrError


@pytest.mark.parametrize("family", NETWORKS)
def test_both_families_are_laid_out_alike(family: str) -> None:
    layout = layout_of(NETWORKS[family](layers=2))
    assert layout.encoder == ("model.encoder.layers.0", "model.encoder.layers.1")
    assert layout.decoder == ("model.decoder.layers.0", "model.decoder.layers.1")
    assert layout.cross_keys == tuple(f"{name}.encoder_attn.k_proj" for name in layout.decoder)
    assert layout.cross_values == tuple(f"{name}.encoder_attn.v_proj" for name in layout.decoder)


def test_another_network_says_what_was_looked_for_and_found() -> None:
    network = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(EdgeAsrError, match=r"Sequential is no .* looked for 'model.encoder.layers', found 0"):
        layout_of(network)


def test_a_decoder_without_cross_attention_is_another_network() -> None:
    network = NETWORKS["whisper"]()
    del network.model.decoder.layers[1].encoder_attn
    with pytest.raises(EdgeAsrError, match=r"looked for 'model.decoder.layers.1.encoder_attn.k_proj'"):
        layout_of(network)
