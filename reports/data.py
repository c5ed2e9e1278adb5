"""What a report is made of: the joined results of a study as plain frozen rows, in SI base units.

A report never computes a cost or a word error rate; it arranges what these rows say. Every `*_s`, `*_j` and
`*_bytes` of an `EstimateRow`, `PhaseRow` or `LayerRow` is the mean over the utterances that the estimate
names, with decode summed over all steps of an utterance.
"""

from dataclasses import dataclass

from hwmodels.quantity import Kind

FLOAT_RECIPE = "float"
"""The recipe that others are compared to."""


@dataclass(frozen=True, slots=True)
class Range:
    """Low, nominal and high value of one quantity."""

    low: float
    nominal: float
    high: float

    @property
    def includes_zero(self) -> bool:
        """Whether it may as well be nothing: of a difference, whether chance explains it."""
        return self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Part:
    """One named share of a quantity, such as the seconds a memory level takes."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What was measured by running a model over a corpus. Rates are fractions: 0.05 is 5 %.

    `wer.low` and `wer.high` are the bootstrap's 95 % interval; `wer_difference` is the paired one of this
    recipe minus float, None for float itself. `rtfx` is seconds of audio per second on the host that
    measured; it says nothing about a chip.
    """

    wer: Range
    wer_difference: Range | None
    cer: float
    insertions_on_silence: int
    n_silent: int
    """Clips without speech; `insertions_on_silence` counts the words heard in them."""
    n_utterances: int
    n_words: int
    rtfx: float


@dataclass(frozen=True, slots=True)
class CellRow:
    """A model under a recipe, before any chip; the counts are means per utterance.

    `accuracy` is None where word error rates were not measured: the report says "not measured". A recipe of
    a study's grid is `method` applied to `formats`; any other has no method. Recipes with the same graphs
    share one estimate per chip: that of `costed_as`, or their own where it is empty.
    """

    model: str
    family: str
    recipe: str
    corpus: str
    accuracy: Accuracy | None
    parameters: int
    packed_bytes: float
    macs: float
    bops: float
    bops_accumulator: float
    memory_io_bytes: float
    formats: str = ""
    method: str = ""
    costed_as: str = ""
    quantization_s: float | None = None
    """Seconds on the host that quantizing took; None where no weights ran."""
    calibration_utterances: int = 0
    calibration_tokens: int = 0
    """What the method looked at; 0 where it needs no data."""


@dataclass(frozen=True, slots=True)
class Utterances:
    """The audio a cost was averaged over: the corpus's own (audio seconds, tokens) pairs.

    `source` says where the tokens come from, such as "measured on bundled".
    """

    n_utterances: int
    mean_audio_s: float
    mean_tokens: float
    source: str


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """What a model under a recipe costs on a chip: the mean over utterances, and percentiles."""

    model: str
    recipe: str
    chip: str
    utterances: Utterances
    latency_s: Range
    latency_p50_s: float
    latency_p90_s: float
    energy_j: Range
    rtf: float | None
    """Latency over audio seconds; None of a network that hears no audio."""
    peak_activation_bytes: float
    fits: bool
    excess_bytes: float
    """How much does not fit; 0 where `fits`."""
    excess_level: str
    """The memory level it does not fit in; empty where `fits`."""
    worst_kind: Kind
    """The least trustworthy kind of number the estimate rests on."""


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase's part of an estimate; `share` is the fraction of the latency."""

    model: str
    recipe: str
    chip: str
    phase: str
    latency_s: float
    energy_j: float
    share: float


@dataclass(frozen=True, slots=True)
class LayerRow:
    """The ops of one kind in one layer of one phase, summed.

    `latency_terms_s` is the time each term is *exposed* (`reports.exposed`), so the parts sum to `latency_s`;
    its names are `compute`, `host`, `unpack`, `overhead` and the chip's memory levels. `energy_terms_j` sums
    to `energy_j`; its names are `mac`, `host`, `static` and the levels. `level_bytes` is what crosses each
    port.
    """

    model: str
    recipe: str
    chip: str
    phase: str
    layer: str
    """The module, such as `encoder.layers.0.self_attn`."""
    kind: str
    n_ops: int
    """Ops in the graph; a decode op counts once however often it runs."""
    latency_s: float
    latency_terms_s: tuple[Part, ...]
    energy_j: float
    energy_terms_j: tuple[Part, ...]
    macs: float
    level_bytes: tuple[Part, ...]
    utilisation: float
    """MACs done over MACs the unit could do meanwhile; 0 where there are none."""
    bound_by: str
    """The term with the longest exposed time."""
    unit: str
    note: str
    """Why a fallback was taken; empty where none was."""


@dataclass(frozen=True, slots=True)
class ChipRow:
    """A chip of the study and what the page's sentences say of it."""

    chip: str
    family: str
    """`npu`, `mcu`, `dsp` or `cpu`."""
    title: str
    hypothetical: bool
    description: str


@dataclass(frozen=True, slots=True)
class ProvenanceRow:
    """One number of a chip and where it comes from; `low` and `high` equal `value` where it has no range."""

    chip: str
    key: str
    """The path in the chip's file, such as `levels.flash.bandwidth_bytes_per_s`."""
    value: float
    unit: str
    kind: Kind
    source: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CeilingRow:
    """A flat roof: the most MACs per second a unit does with one pair of formats."""

    chip: str
    unit: str
    format: str
    """Weight and activation, such as `int8 x int8`."""
    peak_mac_per_s: float


@dataclass(frozen=True, slots=True)
class BandwidthRow:
    """A slanted roof: how fast a memory level delivers."""

    chip: str
    level: str
    bandwidth_bytes_per_s: float


@dataclass(frozen=True, slots=True)
class PointRow:
    """The products of one layer under the roofs: MACs per byte across `level`, and MACs per second."""

    chip: str
    model: str
    recipe: str
    phase: str
    layer: str
    kind: str
    level: str
    intensity_mac_per_byte: float
    achieved_mac_per_s: float
    latency_s: float


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a text, for what a manifest lists."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What it takes to get the same study again."""

    name: str
    command: str
    created_utc: str
    """ISO 8601, such as `2026-01-31T12:00:00Z`."""
    duration_s: float
    seed: int
    machine: tuple[Fact, ...]
    versions: tuple[Fact, ...]
    corpora: tuple[Fact, ...]
    """Corpus name; revision, split and counts."""
    models: tuple[Fact, ...]
    """Model name; source, revision and hash."""


@dataclass(frozen=True, slots=True)
class StudyData:
    """Everything a report shows."""

    manifest: Manifest
    chips: tuple[ChipRow, ...]
    cells: tuple[CellRow, ...]
    estimates: tuple[EstimateRow, ...]
    phases: tuple[PhaseRow, ...]
    layers: tuple[LayerRow, ...]
    ceilings: tuple[CeilingRow, ...]
    bandwidths: tuple[BandwidthRow, ...]
    points: tuple[PointRow, ...]
    provenance: tuple[ProvenanceRow, ...]
    notes: tuple[str, ...]
    """Sentences the reader must know, such as what a chip's model leaves out."""
