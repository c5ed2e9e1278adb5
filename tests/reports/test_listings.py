"""What the library holds, as it is listed."""

import pytest

from reports.listings import SHOWN, model_listings
from reports.workloads import find_workload
from simulator.walk import utterance_counts


def test_macs_of_every_model_are_those_of_its_bound_ops() -> None:
    listings = model_listings()
    assert len({listing.model for listing in listings}) == len(listings) > 60
    for listing in listings[:3] + listings[-3:]:
        workload = find_workload(listing.model)
        assert listing.macs == pytest.approx(float(utterance_counts(workload, (SHOWN,)).macs[0]), rel=1e-12)
        assert listing.parameters == workload.parameters
