import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from asr.models import BUNDLED_MODELS, MODELS, find_source, locate
from traces.errors import EdgeAsrError


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Cut the hub off, as on a machine without network and with an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))


def test_names_and_hub_ids_mean_the_same_whatever_their_case() -> None:
    for name, source in MODELS.items():
        assert find_source(name) == (name, source)
        if source.hub_id:
            assert find_source(source.hub_id.upper()) == (name, source)
    assert find_source("whisper") is None


def test_every_hub_model_has_an_explicit_revision() -> None:
    assert all(source.revision for source in MODELS.values())
    assert {source.family for source in MODELS.values()} == {"whisper", "moonshine"}


@pytest.mark.parametrize("name", ["whisper-micro", "moonshine-micro"])
def test_bundled_models_need_no_hub(name: str) -> None:
    assert locate(name) == (BUNDLED_MODELS / name, name, None)


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert locate(tmp_path) == (tmp_path, str(tmp_path), None)
    assert locate(str(tmp_path)) == (tmp_path, str(tmp_path), None)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(EdgeAsrError, match=r"unknown model 'wisper-tiny'; did you mean .*whisper-tiny"):
        locate("wisper-tiny")


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(EdgeAsrError, match=r"model folder '\./nowhere/model' does not exist"):
        locate("./nowhere/model")


@pytest.mark.usefixtures("no_hub")
def test_weights_out_of_reach_are_one_clear_line() -> None:
    with pytest.raises(
        EdgeAsrError, match=r"weights of 'openai/whisper-tiny'.*not on this machine"
    ) as caught:
        locate("whisper-tiny")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("no_hub")
def test_a_misspelt_hub_id_offers_the_nearest_one() -> None:
    with pytest.raises(EdgeAsrError, match=r"did you mean .*openai/whisper-tiny\.en"):
        locate("openai/whisper-tinny.en")


def test_tables_and_scores_import_no_torch() -> None:
    rooms = "asr, asr.models, asr.corpora, asr.score, asr.results, asr.recogniser"
    check = f"import {rooms}, sys; sys.exit(bool({{'torch', 'transformers', 'pandas'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
