"""The training loss: CTC on the encoder plus cross entropy with teacher forcing on the decoder."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.trainees import Encoded, Trainee

IGNORED = -100
"""Label of positions that `cross_entropy` leaves out."""

LABEL_SMOOTHING = 0.1


@dataclass(frozen=True, slots=True)
class Losses:
    """Means over the batch: CTC per transcript token, cross entropy per predicted token."""

    ctc: Tensor
    decoder: Tensor

    def total(self, *, ctc_weight: float) -> Tensor:
        """Return the weighted sum that is minimised."""
        return ctc_weight * self.ctc + (1 - ctc_weight) * self.decoder


def compute_losses(trainee: Trainee, ctc_head: nn.Linear, encoded: Encoded, *, texts: list[str]) -> Losses:
    """Return both losses; `ctc_head` has one output more than the vocabulary, the blank, at the end."""
    targets = [trainee.token_ids(text) for text in texts]
    return Losses(
        _ctc_loss(ctc_head(encoded.hidden), encoded.mask, targets), _decoder_loss(trainee, encoded, targets)
    )


def _ctc_loss(logits: Tensor, mask: Tensor | None, targets: list[list[int]]) -> Tensor:
    batch, n_positions, n_classes = logits.shape
    lengths = torch.full((batch,), n_positions) if mask is None else mask.sum(dim=1)
    flat = torch.tensor([token for target in targets for token in target], dtype=torch.long)
    loss: Tensor = nn.functional.ctc_loss(
        logits.float().log_softmax(-1).transpose(0, 1),
        flat,
        lengths,
        torch.tensor([len(target) for target in targets]),
        blank=n_classes - 1,
        reduction="sum",
        zero_infinity=True,
    )
    return loss / max(1, len(flat))


def _decoder_loss(trainee: Trainee, encoded: Encoded, targets: list[list[int]]) -> Tensor:
    prompt = list(trainee.prompt)
    end = int(trainee.model.config.eos_token_id)
    longest = len(prompt) + max(map(len, targets))
    inputs = torch.full((len(targets), longest), end)
    labels = torch.full((len(targets), longest), IGNORED)
    for row, target in enumerate(targets):
        inputs[row, : len(prompt) + len(target)] = torch.tensor(prompt + target)
        labels[row, len(prompt) - 1 : len(prompt) + len(target)] = torch.tensor([*target, end])
    states = trainee.decoder_states(inputs, encoded)
    logits = trainee.model.get_output_embeddings()(states[labels != IGNORED])
    loss: Tensor = nn.functional.cross_entropy(
        logits.float(), labels[labels != IGNORED], label_smoothing=LABEL_SMOOTHING
    )
    return loss
