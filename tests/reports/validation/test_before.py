"""The section on what was predicted before gives scores by precision, network and chip."""

from reports.validation.before import before_section
from simulator.validation.predicted_before import MODELS, Foretold


def test_groups_are_scored_apart_and_together() -> None:
    section = before_section(
        (
            Foretold("a-chip", "net", "float", 1.0, 1.5, 0.5, 2.0),
            Foretold("b-chip", "net", "w8a8", 1.0, 0.5, 0.2, 0.9),
        )
    )
    assert f"commit `{MODELS}` said of 1 further networks on their 2 fully NPU-resident" in section
    assert "| all | 2 | 50.0 % | +0.0 % |  | 50.0 % |" in section
    assert "| net w8a8 | 1 | 50.0 % | -50.0 % |  | 0.0 % |" in section
    assert "| a-chip | 1 | 50.0 % | +50.0 % |  | 100.0 % |" in section
