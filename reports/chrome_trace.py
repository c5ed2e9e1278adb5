"""The timeline of one utterance as a Chrome trace, which Perfetto and chrome://tracing open.

The form is the Trace Event Format's JSON object: complete events (`ph: X`) with times in microseconds on
threads that metadata events (`ph: M`) name. One thread shows the phases and the steps of decode, one thread
per execution unit the ops it runs.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from reports.atomic import write_text
from reports.json_value import Json
from simulator.estimate import Estimate, PhaseCost
from traces.workload import PAST_TOKENS, Phase

PROCESS = 1
PHASE_THREAD = 0
"""Thread of the phases; units follow from 1 on."""


def save_chrome_trace(estimate: Estimate, path: Path, *, utterance: int = 0) -> None:
    """Write the timeline of one of the estimate's utterances."""
    write_text(path, json.dumps(chrome_trace(estimate, utterance=utterance)))


def chrome_trace(estimate: Estimate, *, utterance: int = 0) -> Json:
    """Return the timeline of one of the estimate's utterances at nominal latencies.

    Its end is the utterance's latency: every op and the start of every phase takes its place in turn.
    """
    units = _units(estimate)
    return {
        "traceEvents": [*_names(estimate, units), *_Timeline(estimate, units, utterance).events()],
        "displayTimeUnit": "ns",
        "otherData": {
            "model": estimate.workload.name,
            "chip": estimate.chip.name,
            "audio_s": estimate.utterances[utterance].audio_s,
            "tokens": estimate.utterances[utterance].tokens,
        },
    }


class _Timeline:
    """Lays the runs of all phases end to end. Times are whole nanoseconds, so that slices nest exactly."""

    def __init__(self, estimate: Estimate, units: tuple[str, ...], utterance: int) -> None:
        self._estimate = estimate
        self._units = units
        self._utterance = utterance
        self._now_s = 0.0

    def events(self) -> Iterator[Json]:
        """Yield every slice, those that contain others first."""
        for phase in self._estimate.phases:
            begin_s = self._now_s
            runs = [event for point in self._visits(phase) for event in self._run(phase, point)]
            if runs:
                yield self._slice(str(phase.phase), "phase", PHASE_THREAD, begin_s, {})
                yield from runs

    def _visits(self, phase: PhaseCost) -> list[int]:
        """Return the points the utterance visits in turn, one entry per run."""
        when = phase.schedule
        mine = when.utterance_idx == self._utterance
        points = zip(when.point_idx[mine].tolist(), when.runs[mine].tolist(), strict=True)
        return [point for point, runs in points for _ in range(round(runs))]

    def _run(self, phase: PhaseCost, point: int) -> list[Json]:
        begin_s = self._now_s
        self._now_s += float(self._estimate.start.latency_s.nominal.sum())
        ops = [self._op(phase, point, idx) for idx in range(len(phase.bound.graph.ops))]
        if phase.phase is not Phase.DECODE:
            return ops
        past = int(phase.schedule.points[PAST_TOKENS][point]) if PAST_TOKENS in phase.schedule.points else 0
        return [
            self._slice(f"{past} past tokens", "step", PHASE_THREAD, begin_s, {"past_tokens": past}),
            *ops,
        ]

    def _op(self, phase: PhaseCost, point: int, idx: int) -> Json:
        op, table, row = phase.bound.graph.ops[idx], phase.costs, int(phase.bound.row_of[idx, point])
        begin_s = self._now_s
        self._now_s += float(table.latency_s.nominal[row])
        unit = table.units[int(table.unit_idx[row])]
        return self._slice(
            op.name,
            str(op.kind),
            1 + self._units.index(unit),
            begin_s,
            {
                "module": op.module,
                "function": op.function,
                "bound_by": table.bound_label(int(table.bound_by[row])),
                "utilisation": float(table.utilisation[row]),
                "macs": float(phase.bound.ops.macs[row]),
                "energy_j": float(table.energy_j.nominal[row]),
                "compute_s": float(table.compute_s[row]),
                "unpack_s": float(table.unpack_s[row]),
                "overhead_s": float(table.overhead_s[row]),
                **{
                    f"{level}_s": float(table.transfer_s[row, position])
                    for position, level in enumerate(table.levels)
                },
                "note": table.notes[int(table.note_idx[row])],
            },
        )

    def _slice(self, name: str, category: str, thread: int, begin_s: float, args: dict[str, Json]) -> Json:
        """Return a complete event from `begin_s` to now."""
        begin_ns, end_ns = round(begin_s * 1e9), round(self._now_s * 1e9)
        return {
            "name": name,
            "cat": category,
            "ph": "X",
            "pid": PROCESS,
            "tid": thread,
            "ts": begin_ns / 1e3,
            "dur": (end_ns - begin_ns) / 1e3,
            "args": args,
        }


def _units(estimate: Estimate) -> tuple[str, ...]:
    return tuple(dict.fromkeys(unit for phase in estimate.phases for unit in phase.costs.units))


def _names(estimate: Estimate, units: tuple[str, ...]) -> Iterator[Json]:
    yield _metadata(
        "process_name", PHASE_THREAD, {"name": f"{estimate.workload.name} on {estimate.chip.name}"}
    )
    for thread, name in enumerate(("phases", *units)):
        yield _metadata("thread_name", thread, {"name": name})
        yield _metadata("thread_sort_index", thread, {"sort_index": thread})


def _metadata(what: str, thread: int, args: dict[str, Json]) -> Json:
    return {"name": what, "ph": "M", "pid": PROCESS, "tid": thread, "args": args}
