"""What an utterance and a corpus are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from asr.audio import Samples
from traces.errors import EdgeAsrError
from traces.workload import SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """One stretch of speech: `audio` `(n_samples,) float32` at 16 kHz, and what was said, as transcribed.

    An empty `reference` is a clip in which nothing is said; words heard in it count as insertions on silence.
    """

    id: str
    audio: Samples
    reference: str

    @property
    def audio_s(self) -> float:
        """The length in seconds."""
        return self.audio.size / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class CorpusIdentity:
    """Which utterances a result was measured on.

    `source` is a hub repository, a folder as the user wrote it, or `edgeasr` for the bundled corpus.
    `revision` is the hub's commit, or `sha256:` and the start of a digest over a folder's metadata and file
    sizes. `limit` is how many utterances from the start were asked for; None means all.
    """

    name: str
    source: str
    config: str
    split: str
    revision: str
    limit: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Utterances in a fixed order, read one at a time whenever it is iterated.

    `n_utterances` is how many will come, or None when only reading tells.
    """

    identity: CorpusIdentity
    n_utterances: int | None
    read: Callable[[], Iterator[Utterance]]

    def __iter__(self) -> Iterator[Utterance]:
        return islice(self.read(), self.identity.limit)

    def take(self, limit: int) -> "Corpus":
        """Return the corpus of the first `limit` utterances.

        Raises:
            EdgeAsrError: `limit` is not positive.
        """
        if limit < 1:
            raise EdgeAsrError(f"limit {limit} of corpus '{self.identity.name}' must be at least 1")
        n_utterances = None if self.n_utterances is None else min(limit, self.n_utterances)
        return replace(self, identity=replace(self.identity, limit=limit), n_utterances=n_utterances)
