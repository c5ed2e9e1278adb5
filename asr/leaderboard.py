"""The corpora of the Open ASR Leaderboard, each pinned to repository, configuration, split and revision."""

from dataclasses import dataclass

ESB = "hf-audio/esb-datasets-test-only-sorted"
"""The leaderboard's test sets until July 2026, which published results on Whisper and Moonshine rest on."""


@dataclass(frozen=True, slots=True)
class HubCorpus:
    """Where a corpus lies on the Hugging Face hub; `revision` is a branch, tag or commit.

    The rows are Parquet files in a folder per configuration, named by their split, as `push_to_hub` writes
    them: `librispeech/test.clean-00000-of-00001.parquet`.
    """

    hub_id: str
    config: str
    split: str = "test"
    revision: str = "main"
    audio_column: str = "audio"
    text_column: str = "text"
    id_column: str = "id"

    @property
    def files(self) -> str:
        """The pattern of the Parquet files, from the repository's root."""
        return f"{self.config}/{self.split}-*.parquet"


LEADERBOARD: dict[str, HubCorpus] = {
    "librispeech-clean": HubCorpus(ESB, "librispeech", split="test.clean"),
    "librispeech-other": HubCorpus(ESB, "librispeech", split="test.other"),
    "ami": HubCorpus(ESB, "ami"),
    "earnings22": HubCorpus(ESB, "earnings22"),
    "gigaspeech": HubCorpus(ESB, "gigaspeech"),
    "spgispeech": HubCorpus(ESB, "spgispeech"),
    "tedlium": HubCorpus(ESB, "tedlium"),
    "voxpopuli": HubCorpus(ESB, "voxpopuli"),
}

IGNORED_REFERENCE = "ignore time segment in scoring"
"""TED-LIUM's mark for stretches without a transcript; the leaderboard leaves them out."""
