"""Whisper's log-mel front end as ops. It has no module in the network, so it is written down here.

The reference is Whisper's `log_mel_spectrogram` (github.com/openai/whisper, audio.py): frames of 400 samples
every 160, a periodic Hann window, a real Fourier transform of length 400 (no padding to 512), power, the mel
filters, log10 clamped at 1e-10, clamped again 8 below the maximum, (x + 4) / 4. The last of the frames + 1
frames is dropped there and not counted here.

The filters are triangles, each from its left neighbour's peak to its right one's, so a bin adds to two of
them. The reference multiplies by the dense matrix, of which all but 2 in 80 entries are zero; what is counted
are these two, as front ends on small chips compute them.
"""

from traces.dims import Dim
from traces.formats import FLOAT16
from traces.graph import Epilogue, Extents, Graph, Op, Operand, OpKind, Role, Rows, Tensor
from traces.workload import BATCH, Phase

FFT_SAMPLES = 400
HOP_SAMPLES = 160
BINS = FFT_SAMPLES // 2 + 1
FILTERS_PER_BIN = 2


def log_mel(name: str, *, frames: int, mels: int) -> Graph:
    """Return the graph of the front end for a window of `frames` frames.

    samples: (batch, frames * 160) -> features: (batch, mels, frames)
    """
    batch = Dim.of(BATCH)
    rows = batch * frames
    shapes: dict[str, tuple[tuple[Dim, ...], Role]] = {
        "samples": ((batch, Dim.of(frames * HOP_SAMPLES)), Role.ACTIVATION),
        "hann": ((Dim.of(FFT_SAMPLES),), Role.CONSTANT),
        "mel_filters": ((Dim.of(FILTERS_PER_BIN * BINS),), Role.CONSTANT),
        "frontend/frames": ((rows, Dim.of(FFT_SAMPLES)), Role.ACTIVATION),
        "frontend/rfft": ((rows, Dim.of(2 * BINS)), Role.ACTIVATION),
        "frontend/power": ((rows, Dim.of(BINS)), Role.ACTIVATION),
        "frontend/mel": ((rows, Dim.of(mels)), Role.ACTIVATION),
        "frontend/maximum": ((batch,), Role.ACTIVATION),
        "frontend/features": ((batch, Dim.of(mels), Dim.of(frames)), Role.ACTIVATION),
    }

    def op(step: str, kind: OpKind, function: str, extents: Extents, reads: str, *fused: Epilogue) -> Op:
        operands = tuple(Operand(tensor, FLOAT16) for tensor in reads.split())
        written = (f"frontend/{step}",)
        return Op(written[0], kind, "frontend", function, extents, operands, written, fused)

    bands = Rows(rows, Dim.of(FILTERS_PER_BIN * BINS))
    pixels = Rows(rows, Dim.of(mels))
    ops = (
        op("frames", OpKind.ELEMENTWISE, "mul", Rows(rows, Dim.of(FFT_SAMPLES)), "samples hann"),
        op("rfft", OpKind.SPECTROGRAM, "rfft", Rows(rows, Dim.of(FFT_SAMPLES)), "frontend/frames"),
        op("power", OpKind.ELEMENTWISE, "power", Rows(rows, Dim.of(BINS)), "frontend/rfft"),
        op("mel", OpKind.SPECTROGRAM, "mel_filters", bands, "frontend/power mel_filters",
           Epilogue("clamp"), Epilogue("log")),
        op("maximum", OpKind.ELEMENTWISE, "max", pixels, "frontend/mel"),
        op("features", OpKind.ELEMENTWISE, "maximum", pixels, "frontend/mel frontend/maximum",
           Epilogue("add"), Epilogue("scale")),
    )  # fmt: skip
    tensors = tuple(Tensor(tensor, shape, role, FLOAT16) for tensor, (shape, role) in shapes.items())
    return Graph(name, Phase.FRONTEND, ops, tensors, ("samples",), ("frontend/features",))
