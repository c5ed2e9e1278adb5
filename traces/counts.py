"""Multiply-accumulates of ops and graphs: the one home of the count."""

from functools import lru_cache

from traces.dims import Dim, product
from traces.graph import Convolution, Extents, Graph, Op, OpKind, Product, Rows


def macs(op: Op) -> Dim:
    """Return the multiply-accumulates of an op.

    Product: batch * m * k * n. Convolution: one per output element and element of its window. Of a front end
    a Fourier transform counts the real multiplications of its algorithm, mel filters each of their weights.
    Everything else has none.
    """
    return _macs(op.kind, op.extents, op.function)


@lru_cache(maxsize=4096)
def _macs(kind: OpKind, extents: Extents, function: str) -> Dim:
    match extents:
        case Product(batch, m, k, n):
            return product((batch, m, k, n))
        case Convolution() as conv:
            window = conv.in_channels // conv.groups
            for size in conv.kernel:
                window *= size
            return product((conv.batch, Dim.of(conv.out_channels * window), *conv.out_size))
        case Rows(rows, row_length) if kind is OpKind.SPECTROGRAM:
            return rows * (
                rfft_multiplications(row_length.constant or 0) if function == "rfft" else row_length
            )
        case _:
            return Dim("0")


def graph_macs(graph: Graph) -> Dim:
    """Return the multiply-accumulates of a graph; equal ops are counted together to keep the text short."""
    counted: dict[str, int] = {}
    for op in graph.ops:
        text = macs(op).text
        counted[text] = counted.get(text, 0) + 1
    total = Dim("0")
    for text, times in counted.items():
        total = total + Dim(text) * times
    return total


def rfft_multiplications(length: int) -> int:
    """Return the real multiplications of one real Fourier transform of an even length.

    The algorithm is KISS FFT's (github.com/mborgerding/kissfft): the samples are packed into a complex
    transform of half the length, which is split by radix 4, then 2, 3 and 5; a last pass of length/4 complex
    twiddles separates the spectrum. A radix-p stage over n points has n/p butterflies of p - 1 complex
    twiddles (4 real multiplications each) and its own constants (0, 0, 4 and 16 real multiplications for
    p = 4, 2, 3, 5). Length 400: 3,960.
    """
    half = length // 2
    rest, total = half, 0
    for radix, constants in ((4, 0), (2, 0), (3, 4), (5, 16)):
        while rest % radix == 0 and rest > 1:
            total += half // radix * (4 * (radix - 1) + constants)
            rest //= radix
    return total + 4 * (half // 2)
