import torch
from torch import nn

from quant.rotations.matrices import hadamard_matrix
from quant.rotations.modules import OnlineHadamard, Rotation, rotate_input_
from traces.dims import Dim
from traces.export import trace_module
from traces.graph import OpKind, Rows


class Rotated(nn.Module):
    """A layer whose input is rotated, and whose output is transformed."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(24, 40)
        self.hadamard = OnlineHadamard()
        rotate_input_(self.fc, 24)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, tokens, 24)."""
        transformed: torch.Tensor = self.hadamard(self.fc(x))
        return transformed


def test_export_keeps_a_transform_as_one_node_with_the_same_numbers() -> None:
    model = Rotated().eval()
    x = torch.randn(2, 3, 24)
    program = torch.export.export(model, (x,))
    nodes = [str(node.target) for node in program.graph.nodes]
    assert nodes.count("edgeasr.hadamard.default") == 1
    with torch.no_grad():
        assert torch.allclose(program.module()(x), model(x), atol=1e-6)
        assert torch.allclose(model(x), model.fc(x) @ hadamard_matrix(40), atol=1e-5)


def test_a_transform_lowers_to_an_elementwise_op_over_rows() -> None:
    graph = trace_module(Rotated().eval(), (torch.zeros(2, 3, 24),), name="rotated")
    rotation, _, transform = graph.ops
    assert (rotation.module, rotation.kind) == ("fc.rotation", OpKind.WEIGHT_PRODUCT)
    assert (transform.kind, transform.function) == (OpKind.ELEMENTWISE, "hadamard")
    assert transform.extents == Rows(Dim("6"), Dim("40"))


def test_a_rotation_multiplies_whatever_first_argument_comes() -> None:
    layer = nn.Linear(8, 8, bias=False)
    x = torch.randn(3, 8)
    plain = layer(x)
    rotate_input_(layer, 8)
    assert torch.equal(layer(x), plain)
    rotation = layer.get_submodule("rotation")
    assert isinstance(rotation, Rotation)
    rotation.weight = nn.Parameter(2.0 * torch.eye(8), requires_grad=False)
    assert torch.allclose(layer(x), 2.0 * plain, atol=1e-6)
