"""The section says what agrees, what does not, and that neither is a measurement."""

from reports.validation.agreement import agreement_section
from simulator.agreement.vela import NetworkAgreement, OpAgreement
from simulator.agreement.zigzag import ProductAgreement

OPS = (OpAgreement("a-chip", "net", "op", "dense", "int8", 100.0, 110.0, 200.0, 190.0),)
NETWORKS = (
    NetworkAgreement("a-chip", "near", 100.0, 110.0, 200.0, 190.0),
    NetworkAgreement("a-chip", "far", 100.0, 120.0, 200.0, 150.0),
)
PRODUCTS = (
    ProductAgreement("array", 1, 2, 3, 8, 1000.0, 1100.0, 0.5),
    ProductAgreement("array", 1, 2, 3, 4, 1000.0, 1300.0, 0.5),
)


def test_what_is_apart_is_named() -> None:
    section = agreement_section(OPS, NETWORKS, products=PRODUCTS)
    assert section.startswith("## Agreement with estimates of other tools, not measurements\n")
    assert "1 of 2 networks are within 15 % in total; not far on a-chip." in section
    assert "1 of 2 networks are within 15 % for the NPU alone; not far on a-chip." in section
    assert "1 of 2 products are within 15 %, the median error is 20.0 %." in section
    assert "+30.0 %" in section
