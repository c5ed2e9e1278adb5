"""From utterances to the points at which each phase runs, and how often."""

import math
from dataclasses import dataclass

import numpy as np

from hwmodels.op_table import Floats, Ints
from simulator.op_columns import Points
from traces.errors import EdgeAsrError
from traces.workload import AUDIO_SAMPLES, BATCH, PAST_TOKENS, SAMPLE_RATE_HZ, Phase, Workload


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance as the cost model sees it.

    `tokens` are those the decoder generates, the end-of-text token included: the first comes out of
    prefill, each further one costs a decode step. A batch of several is decoded together, and costs what it
    costs as a whole; a beam search runs each decode step for so many hypotheses of every utterance, while
    what comes before the first step is shared among them.
    """

    audio_s: float
    tokens: int
    batch: int = 1
    beam: int = 1

    def __post_init__(self) -> None:
        if not (self.audio_s > 0 and math.isfinite(self.audio_s)):
            raise EdgeAsrError(
                f"an utterance of {self.audio_s} s of audio cannot be costed; give a positive, finite length"
            )
        if self.tokens < 1:
            raise EdgeAsrError(f"an utterance of {self.tokens} tokens cannot be costed; give at least 1")
        if self.batch < 1 or self.beam < 1:
            raise EdgeAsrError(
                f"a batch of {self.batch} with a beam of {self.beam} cannot be costed; give at least 1"
            )


RUN_ONCE = Utterance(audio_s=1.0, tokens=1)
"""What stands for an utterance where a network without audio runs once: neither number is used."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a phase runs: distinct points, and which utterance visits which of them how often.

    `points`: symbol -> (points,). `utterance_idx`, `point_idx`, `runs`: (visits,), utterance by utterance.
    """

    points: Points
    utterance_idx: Ints
    point_idx: Ints
    runs: Floats
    n_utterances: int

    @property
    def n_points(self) -> int:
        """How many distinct points there are."""
        return len(next(iter(self.points.values()))) if self.points else 1

    def mean_runs(self) -> Floats:
        """Return how often each point is visited per utterance, on average: (points,)."""
        return np.bincount(self.point_idx, self.runs, self.n_points) / self.n_utterances

    def mean(self, per_point: Floats) -> Floats:
        """Return the mean utterance's sum of a quantity known per point: (..., points) -> (...).

        Of a single utterance it is, bit for bit, what `per_utterance` has.
        """
        summed: Floats = np.add.reduceat(per_point * self.mean_runs(), [0], axis=-1)[..., 0]
        return summed

    def per_utterance(self, per_point: Floats) -> Floats:
        """Return the sum over each utterance's visits of a quantity known per point: (utterances,)."""
        total = np.zeros(self.n_utterances)
        visiting, first = np.unique(self.utterance_idx, return_index=True)
        if len(visiting):
            total[visiting] = np.add.reduceat(per_point[self.point_idx] * self.runs, first)
        return total


def windows_of(workload: Workload, audio_s: Floats) -> Ints:
    """Return into how many equal windows audio is cut: (utterances,), all 1 where the cost follows it."""
    if workload.window_s is None:
        return np.ones(len(audio_s), dtype=np.int64)
    windows: Ints = np.ceil(audio_s / workload.window_s - 1e-9).astype(np.int64)
    return windows


def most_tokens(workload: Workload, audio_s: Floats) -> Floats:
    """Return how many tokens the decoder can make of audio: (utterances,), inf where there is no decoder."""
    per_window = workload.max_tokens if workload.graph(Phase.DECODE) else math.inf
    return windows_of(workload, audio_s).astype(np.float64) * per_window


def check_tokens(workload: Workload, utterances: tuple[Utterance, ...]) -> None:
    """Verify that the decoder can make the tokens of every utterance.

    Raises:
        EdgeAsrError: naming the first it cannot make, and its max_tokens.
    """
    most = most_tokens(workload, np.array([utterance.audio_s for utterance in utterances]))
    for utterance, limit in zip(utterances, most, strict=True):
        if utterance.tokens > limit:
            raise EdgeAsrError(
                f"{workload.name}: {utterance.tokens} tokens of {utterance.audio_s:g} s of audio are more "
                f"than its decoder makes (max_tokens {workload.max_tokens} per window); give up to {limit:g}"
            )


def schedule(workload: Workload, phase: Phase, *, utterances: tuple[Utterance, ...]) -> Schedule:
    """Return when `phase` runs for these utterances.

    Audio longer than the recogniser's window is cut into equal windows, each with its share of the tokens.

    Raises:
        EdgeAsrError: if there are no utterances.
    """
    if not utterances:
        raise EdgeAsrError("no utterances to cost; give at least one pair of audio seconds and tokens")
    audio_s = np.array([utterance.audio_s for utterance in utterances])
    tokens = np.array([utterance.tokens for utterance in utterances], dtype=np.int64)
    windows = windows_of(workload, audio_s)
    samples = np.rint(audio_s / windows * SAMPLE_RATE_HZ).astype(np.int64)
    utterance_idx = np.arange(len(utterances), dtype=np.int64)
    batch = np.array([utterance.batch for utterance in utterances], dtype=np.int64)
    runs = windows.astype(np.float64)
    past = np.zeros(len(utterances), dtype=np.int64)
    if phase is Phase.DECODE:
        steps = np.maximum(np.ceil(tokens / windows).astype(np.int64) - 1, 0)
        utterance_idx = np.repeat(utterance_idx, steps)
        # 0, 1, 2, ... within each utterance
        past = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps) + workload.prompt_tokens
        batch = batch * np.array([utterance.beam for utterance in utterances], dtype=np.int64)
        samples, batch, runs = samples[utterance_idx], batch[utterance_idx], runs[utterance_idx]
    values = {AUDIO_SAMPLES: samples, PAST_TOKENS: past, BATCH: batch}
    return _distinct(workload, phase, values, utterance_idx, runs, len(utterances))


def _distinct(
    workload: Workload,
    phase: Phase,
    values: dict[str, Ints],
    utterance_idx: Ints,
    runs: Floats,
    n_utterances: int,
) -> Schedule:
    graph = workload.graph(phase)
    used = sorted((graph.symbols if graph else frozenset()) & values.keys())
    if not used or not len(utterance_idx):
        distinct = {name: values[name][:1] for name in used}
        point_idx = np.zeros(len(utterance_idx), dtype=np.int64)
    else:
        stacked, point_idx = np.unique(np.stack([values[name] for name in used]), axis=1, return_inverse=True)
        distinct = dict(zip(used, stacked, strict=True))
    return Schedule(distinct, utterance_idx, point_idx.reshape(-1), runs, n_utterances)
