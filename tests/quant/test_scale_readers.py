import pytest
import torch

from quant.scale_readers import scales_by_reader
from tests.quant.networks import NETWORKS

ENCODER, DECODER = "model.encoder.layers.0", "model.decoder.layers.1"
NORMS = {"whisper": "encoder_attn_layer_norm", "moonshine": "post_attention_layernorm"}


@pytest.mark.parametrize("family", NETWORKS)
def test_what_a_norm_gives_is_read_by_its_projections(family: str) -> None:
    scale = torch.tensor([2.0])
    found = scales_by_reader(NETWORKS[family](), {f"{DECODER}.{NORMS[family]}": scale})
    assert found == {f"{DECODER}.encoder_attn.q_proj": scale}


@pytest.mark.parametrize("family", NETWORKS)
def test_every_cross_key_and_value_reads_the_encoder(family: str) -> None:
    found = scales_by_reader(NETWORKS[family](layers=2), {"model.encoder.layer_norm": torch.ones(1)})
    assert len(found) == 4
    assert all(".encoder_attn." in name and name[-6:] in ("k_proj", "v_proj") for name in found)


@pytest.mark.parametrize("family", NETWORKS)
def test_values_are_read_by_the_output_projection_and_queries_by_no_layer(family: str) -> None:
    scales = {f"{ENCODER}.self_attn.{part}_proj": torch.ones(1) for part in "qv"}
    out = "out_proj" if family == "whisper" else "o_proj"
    assert list(scales_by_reader(NETWORKS[family](), scales)) == [f"{ENCODER}.self_attn.{out}"]


def test_without_scales_nothing_is_looked_for() -> None:
    assert scales_by_reader(torch.nn.Linear(2, 2), {}) == {}
