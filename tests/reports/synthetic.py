"""A study of realistic size and shape, from a toy cost formula: how a report looks, not what is true."""

from dataclasses import dataclass

from hwmodels.quantity import Kind
from reports.data import (
    Accuracy,
    BandwidthRow,
    CeilingRow,
    CellRow,
    ChipRow,
    EstimateRow,
    Fact,
    LayerRow,
    Manifest,
    Part,
    PhaseRow,
    PointRow,
    ProvenanceRow,
    Range,
    StudyData,
    Utterances,
)

RECIPES = {"float": 16, "w8a8": 8, "w4-g32": 4, "w4a8": 4, "w3": 3, "w2": 2}
WER_POINTS = {"float": 0.0, "w8a8": 0.1, "w4-g32": 0.4, "w4a8": 0.7, "w3": 3.9, "w2": 61.0}
UTTERANCES = Utterances(212, 3.1, 14.2, "measured on bundled")


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    family: str
    n_layers: int
    width: int
    frames: int
    float_wer: float | None


@dataclass(frozen=True, slots=True)
class Chip:
    name: str
    family: str
    title: str
    mac_per_s: float
    bytes_per_s: float
    memory_bytes: float
    overhead_s: float
    joule_per_mac: float


MODELS = (
    Model("whisper-micro", "whisper", 3, 160, 1500, 0.031),
    Model("moonshine-micro", "moonshine", 3, 144, 130, 0.042),
    Model("whisper-tiny", "whisper", 4, 384, 1500, None),
    Model("whisper-small", "whisper", 12, 768, 1500, None),
    Model("moonshine-tiny", "moonshine", 6, 288, 130, None),
)
CHIPS = (
    Chip("ethos-u85-1024", "npu", "Arm Ethos-U85, 1024 MAC/cycle", 1e12, 12e9, 64 * 2**20, 2e-6, 1.1e-12),
    Chip("cortex-m7-stm32h7a3", "mcu", "ST STM32H7A3, Cortex-M7", 2.4e8, 8e7, 1.19 * 2**20, 4e-6, 4.2e-10),
    Chip("hifi5-ndp120", "dsp", "Synaptics NDP120", 5e9, 6e8, 2.5 * 2**20, 3e-6, 1.2e-11),
)


def study() -> StudyData:
    cells = tuple(_cell(model, recipe) for model in MODELS for recipe in _recipes(model))
    layers = tuple(
        row
        for chip in CHIPS
        for model in MODELS
        for recipe in _recipes(model)
        for row in _layers(model, recipe, chip)
    )
    grouped: dict[tuple[str, str, str], list[LayerRow]] = {}
    for row in layers:
        grouped.setdefault((row.model, row.recipe, row.chip), []).append(row)
    return StudyData(
        manifest=Manifest(
            "bundled",
            "edgeasr study",
            "2026-01-31T12:00:00Z",
            312.0,
            0,
            (Fact("processor", "x86_64, 2 cores"), Fact("memory", "24 GiB")),
            (Fact("edgeasr", "0.1.0"), Fact("torch", "2.13.0"), Fact("transformers", "5.23.0")),
            (Fact("bundled", "212 utterances, 12 of them without speech; sha256 4f1c…"),),
            (Fact("whisper-micro", "bundled, sha256 91be…"),),
        ),
        chips=tuple(ChipRow(chip.name, chip.family, chip.title, False, f"{chip.title}.") for chip in CHIPS),
        cells=cells,
        estimates=tuple(_estimate(rows) for rows in grouped.values()),
        phases=tuple(row for rows in grouped.values() for row in _phases(rows)),
        layers=layers,
        ceilings=tuple(
            CeilingRow(chip.name, unit, formats, chip.mac_per_s * factor)
            for chip in CHIPS
            for unit, formats, factor in (
                ("matrix", "int8 x int8", 1.0),
                ("vector", "float16 x float16", 0.06),
            )
        ),
        bandwidths=tuple(
            BandwidthRow(chip.name, level, chip.bytes_per_s * factor)
            for chip in CHIPS
            for level, factor in (("sram", 8.0), ("flash", 1.0))
        ),
        points=tuple(point for row in layers if row.macs for point in _points(row)),
        provenance=tuple(row for chip in CHIPS for row in _provenance(chip)),
        notes=("Decode is costed with greedy search; beam search multiplies it.",),
    )


def _recipes(model: Model) -> tuple[str, ...]:
    return tuple(RECIPES) if model.float_wer is not None else ("float", "w8a8", "w4a8")


def _parameters(model: Model) -> int:
    return 24 * model.n_layers * model.width**2 + 51_865 * model.width


def _cell(model: Model, recipe: str) -> CellRow:
    bits = RECIPES[recipe]
    macs = float(_parameters(model) * model.frames // 2)
    return CellRow(
        model.name,
        model.family,
        recipe,
        "bundled",
        _accuracy(model.float_wer, recipe) if model.float_wer is not None else None,
        _parameters(model),
        _parameters(model) * bits / 8,
        macs,
        macs * bits * bits,
        macs * (bits * bits + 2 * bits + 9),
        _parameters(model) * bits / 8 * 15,
    )


def _accuracy(float_wer: float, recipe: str) -> Accuracy:
    added = WER_POINTS[recipe] / 100
    wer = float_wer + added
    return Accuracy(
        Range(wer * 0.8, wer, wer * 1.25),
        None if recipe == "float" else Range(added - 0.004, added, added + 0.006),
        wer * 0.4,
        round(added * 30),
        12,
        212,
        2_480,
        21.5,
    )


def _layers(model: Model, recipe: str, chip: Chip) -> list[LayerRow]:
    stacks = (
        ("encode", "encoder.layers", ("self_attn", "mlp"), model.frames),
        ("decode", "decoder.layers", ("self_attn", "cross_attn", "mlp"), 14),
    )
    rows = []
    for phase, stack, parts, tokens in stacks:
        for idx in range(model.n_layers):
            for part in parts:
                weights = model.width**2 * (8 if part == "mlp" else 4)
                loads = 1 if phase == "encode" else tokens
                rows.append(
                    _layer(model, recipe, chip, phase, f"{stack}.{idx}.{part}", weights, tokens, loads)
                )
    head = 51_865 * model.width
    rows.append(_layer(model, recipe, chip, "decode", "decoder.proj_out", head, 14, 14))
    return rows


def _layer(
    model: Model, recipe: str, chip: Chip, phase: str, layer: str, weights: int, tokens: int, loads: int
) -> LayerRow:
    bits = RECIPES[recipe]
    macs = float(weights * tokens)
    moved = weights * bits / 8 * loads
    terms = {
        "compute": macs / chip.mac_per_s * (4 if bits == 16 else 1),
        "unpack": weights * loads / chip.mac_per_s * 0.4 if bits < 8 else 0.0,
        "overhead": chip.overhead_s * loads,
        "sram": moved / chip.bytes_per_s / 8,
        "flash": moved / chip.bytes_per_s,
    }
    latency_s = sum(terms.values())
    energy = {
        "mac": macs * chip.joule_per_mac * bits / 8,
        "static": latency_s * 0.004,
        "sram": moved * 2e-12,
        "flash": moved * 2e-11,
    }
    return LayerRow(
        model.name,
        recipe,
        chip.name,
        phase,
        layer,
        "weight_product",
        6,
        latency_s,
        tuple(Part(name, value) for name, value in terms.items()),
        sum(energy.values()),
        tuple(Part(name, value) for name, value in energy.items()),
        macs,
        (Part("sram", moved), Part("flash", moved)),
        min(1.0, macs / chip.mac_per_s / latency_s),
        max(terms, key=lambda name: terms[name]),
        "matrix" if bits < 16 else "vector",
        "" if bits < 16 else "float16 x float16 has no rate on matrix: runs on vector",
    )


def _estimate(rows: list[LayerRow]) -> EstimateRow:
    first = rows[0]
    chip = next(chip for chip in CHIPS if chip.name == first.chip)
    model = next(model for model in MODELS if model.name == first.model)
    latency_s = sum(row.latency_s for row in rows)
    energy_j = sum(row.energy_j for row in rows)
    excess = max(0.0, _parameters(model) * RECIPES[first.recipe] / 8 - chip.memory_bytes)
    return EstimateRow(
        first.model,
        first.recipe,
        first.chip,
        UTTERANCES,
        Range(latency_s * 0.7, latency_s, latency_s * 1.6),
        latency_s * 0.95,
        latency_s * 1.7,
        Range(energy_j * 0.5, energy_j, energy_j * 2.1),
        latency_s / UTTERANCES.mean_audio_s,
        float(model.frames * model.width * 4),
        excess == 0,
        excess,
        "" if excess == 0 else "flash",
        "assumed",
    )


def _phases(rows: list[LayerRow]) -> list[PhaseRow]:
    total_s = sum(row.latency_s for row in rows)
    found = []
    for phase in dict.fromkeys(row.phase for row in rows):
        mine = [row for row in rows if row.phase == phase]
        latency_s = sum(row.latency_s for row in mine)
        energy_j = sum(row.energy_j for row in mine)
        first = mine[0]
        found.append(
            PhaseRow(first.model, first.recipe, first.chip, phase, latency_s, energy_j, latency_s / total_s)
        )
    return found


def _points(row: LayerRow) -> list[PointRow]:
    flash_bytes = row.level_bytes[1].value
    return [
        PointRow(
            row.chip,
            row.model,
            row.recipe,
            row.phase,
            row.layer,
            row.kind,
            "flash",
            row.macs / flash_bytes,
            row.macs / row.latency_s,
            row.latency_s,
        )
    ]


def _provenance(chip: Chip) -> list[ProvenanceRow]:
    rows: tuple[tuple[str, float, str, Kind, str, float, float], ...] = (
        ("units.matrix.rates.dense.int8_int8", 1024, "MAC/cycle", "datasheet", "S16", 1, 1),
        ("levels.flash.bandwidth", chip.bytes_per_s, "B/s", "datasheet", "S15", 1, 1),
        (
            "energy.mac_int8",
            chip.joule_per_mac,
            "J/MAC",
            "assumed",
            "of the order of published edge parts",
            0.4,
            2.5,
        ),
        ("overhead.per_op", chip.overhead_s, "s", "fitted", "fit to MLPerf Tiny ic and vww", 0.7, 1.4),
        ("levels.sram.bandwidth", chip.bytes_per_s * 8, "B/s", "derived", "bus width x clock", 1, 1),
        ("static_power", 0.004, "W", "measured", "S5", 0.9, 1.1),
    )
    return [
        ProvenanceRow(chip.name, key, value, unit, kind, source, value * low, value * high)
        for key, value, unit, kind, source, low, high in rows
    ]
