from pathlib import Path

import matplotlib.image
import numpy as np

from quant.details import LayerDetail
from reports.figures.details import draw_details
from reports.figures.style import save_png


def layer(module: str, *, error: float | None = 0.1, kurtosis: float | None = 3.0) -> LayerDetail:
    return LayerDetail(
        module,
        "linear",
        "int3_channel",
        "float16",
        error,
        error,
        0.0,
        0.1,
        0.2,
        None,
        None,
        1.0,
        kurtosis,
        1.0,
        3.1,
    )


def network(n_blocks: int) -> list[LayerDetail]:
    names = ("self_attn.q_proj", "fc1", "fc2")
    stacks = ("encoder", "decoder")
    inside = [
        f"model.{stack}.layers.{i}.{name}" for stack in stacks for i in range(n_blocks) for name in names
    ]
    return [layer(name) for name in ("model.encoder.conv1", *inside, "proj_out")]


def test_blocks_are_named_from_left_to_right() -> None:
    errors, outliers = draw_details(network(2), title="net").axes
    assert [text.get_text() for text in outliers.get_xticklabels()] == ["enc 0", "1", "dec 0", "1"]
    assert outliers.get_xticks().tolist() == [1, 4, 7, 10]
    legend = errors.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["attention", "MLP", "others"]


def test_deep_networks_have_few_ticks() -> None:
    _, outliers = draw_details(network(24), title="net").axes
    labels = [text.get_text() for text in outliers.get_xticklabels()]
    assert labels == ["enc 0", "4", "8", "12", "16", "20", "dec 0", "4", "8", "12", "16", "20"]


def test_what_is_not_known_is_not_drawn() -> None:
    details = [layer("model.encoder.layers.0.fc1"), layer("proj_out", error=None, kurtosis=None)]
    errors, outliers = draw_details(details, title="net").axes
    assert [np.size(line.get_xdata()) for line in errors.lines] == [1]
    assert [np.size(line.get_xdata()) for line in outliers.lines[:2]] == [1, 2]


def test_the_file_is_wide_enough_and_not_blank(tmp_path: Path) -> None:
    save_png(draw_details(network(5), title="$x$"), tmp_path / "details.png")
    pixels = np.asarray(matplotlib.image.imread(tmp_path / "details.png"))[..., :3]
    assert pixels.shape[1] == 1320
    assert 0.01 < (pixels < 0.9).any(axis=-1).mean() < 0.6
