"""The whole way to the hub and back, over HTTP, against a server that stands in for it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import datasets
import huggingface_hub
import pytest
from huggingface_hub import constants

from asr.corpora import load_corpus
from asr.leaderboard import ESB
from asr.models import load_recogniser
from tests.asr.hub_server import COMMIT, hub_server
from tests.asr.test_hub_corpora import clip, write_rows
from traces.errors import EdgeAsrError

CARD = """---
dataset_info:
- config_name: librispeech
  features:
  - name: text
    dtype: string
configs:
- config_name: librispeech
  data_files:
  - split: test.clean
    path: librispeech/test.clean-*
- config_name: ami
  data_files:
  - split: test
    path: ami/test-*
---
"""


@pytest.fixture
def hub(tmp_path: Path, whisper_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serve a model and a corpus, and yield the paths that are asked for."""
    corpus = tmp_path / "served" / "datasets" / ESB
    write_rows(corpus / "ami" / "test-00000-of-00001.parquet", [(clip(2.0), "a.wav", "HE WENT HOME")])
    (corpus / "README.md").write_text(CARD)
    model = Path(shutil.copytree(whisper_folder, tmp_path / "served" / "models" / "openai" / "whisper-tiny"))
    (model / "pytorch_model.bin").write_bytes(b"a pickle")
    with hub_server(tmp_path / "served") as (address, asked):
        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(
            constants,
            "HUGGINGFACE_CO_URL_TEMPLATE",
            f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}",
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(datasets.config, "HF_ENDPOINT", address)
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "datasets"))
        yield asked


@pytest.mark.usefixtures("hub")
def test_a_corpus_is_streamed_at_its_commit() -> None:
    corpus = load_corpus("ami")
    assert (corpus.identity.source, corpus.identity.revision) == (ESB, COMMIT)
    assert [(utterance.reference, utterance.audio_s) for utterance in corpus] == [("HE WENT HOME", 2.0)]


def test_a_model_is_fetched_once_and_without_its_pickles(
    hub: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recogniser = load_recogniser("openai/whisper-tiny")
    assert (recogniser.name, recogniser.revision) == ("whisper-tiny", COMMIT)
    assert not any(path.endswith(".bin") for path in hub)
    hub.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert load_recogniser("whisper-tiny").revision == COMMIT
    assert hub == []


def test_offline_reads_what_was_downloaded(hub: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    huggingface_hub.snapshot_download(ESB, repo_type="dataset")
    hub.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    corpus = load_corpus("ami")
    assert corpus.identity.revision == COMMIT
    assert [utterance.reference for utterance in corpus] == ["HE WENT HOME"]
    assert hub == []


@pytest.mark.usefixtures("hub")
def test_what_the_hub_does_not_have_is_one_line() -> None:
    with pytest.raises(EdgeAsrError, match="hub does not give out 'openai/whisper-base'") as caught:
        load_recogniser("whisper-base")
    assert "\n" not in str(caught.value)
