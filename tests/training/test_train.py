from pathlib import Path

import pytest
import torch
from torch import nn

from training.checkpoint import TrainingState, load_state_, save_state
from training.prepare import LONGEST_CLIP_S
from training.train import SHORTEST_LIMIT_S, Schedule, build_optimizers, update_average_


def test_rate_warms_up_stays_and_falls_to_zero() -> None:
    schedule = Schedule(1000, peak_rate=1.0, warmup_steps=100, decay_share=0.4)
    assert schedule.rate(0) == pytest.approx(0.01)
    assert schedule.rate(99) == schedule.rate(599) == 1.0
    assert schedule.rate(800) == pytest.approx(0.5)
    assert schedule.rate(999) == pytest.approx(1 / 400)


def test_short_clips_come_first_and_the_whole_window_last() -> None:
    schedule = Schedule(1600, full_window_share=0.1)
    assert schedule.longest_s(0) == SHORTEST_LIMIT_S
    assert schedule.longest_s(1599) == LONGEST_CLIP_S
    assert not schedule.full_window(1439, draw=1.0)
    assert schedule.full_window(1440, draw=1.0)
    assert schedule.full_window(0, draw=0.0)


def test_average_moves_towards_the_weights() -> None:
    average, network = nn.Linear(2, 1), nn.Linear(2, 1)
    nn.init.zeros_(average.weight)
    nn.init.ones_(network.weight)
    update_average_(average, network, decay=0.75)
    assert torch.equal(average.weight, torch.full((1, 2), 0.25))


class Network(nn.Module):
    """Weights of all kinds that the optimizers tell apart."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(3, 4)
        self.layers = nn.ModuleList([nn.Linear(4, 4)])


class Wrapped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = Network()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.model.layers[0](self.model.stem(x)))


def run_steps(state: TrainingState, first: int, last: int) -> None:
    for step in range(first, last):
        loss = state.network(torch.full((1, 3), float(step))).square().sum()
        torch.autograd.backward(loss)
        for optimizer in state.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        update_average_(state.average, state.network, decay=0.5)


def fresh_state() -> TrainingState:
    torch.manual_seed(0)
    network, average = Wrapped(), Wrapped()
    return TrainingState(network, average, build_optimizers(network, Schedule(10)))


def test_a_continued_run_equals_one_in_a_piece(tmp_path: Path) -> None:
    whole, begun, continued = fresh_state(), fresh_state(), fresh_state()
    run_steps(whole, 0, 6)
    run_steps(begun, 0, 3)
    save_state(tmp_path / "state.safetensors", begun, step=3)
    assert load_state_(tmp_path / "state.safetensors", continued) == 3
    run_steps(continued, 3, 6)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(continued.network.state_dict()[name], value)
    for name, value in whole.average.state_dict().items():
        assert torch.equal(continued.average.state_dict()[name], value)
