"""Train one model: `python -m training.train whisper-micro --work WORK_FOLDER` after `training.prepare`.

An interrupted run continues from its last checkpoint with the same command. The learning rate warms up, stays
and falls to zero over the last part of `--steps`; until that part begins, `--steps` may be changed.
Processes started with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT set share each batch.
"""

import argparse
import copy
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import distributed, nn, optim

from training.architectures import MODEL_NAMES, ModelName
from training.batches import POOL_BATCHES, Mixture, Share, draw_batch
from training.checkpoint import TrainingState, load_state_, save_state
from training.clips import load_clips
from training.evaluate import transcribe_clips
from training.export import export_model
from training.objective import Losses, compute_losses
from training.prepare import LONGEST_CLIP_S
from training.scoring import word_error_rate
from training.trainees import build_trainee

SHORTEST_LIMIT_S = 2.6
"""Limit on the clips of the first steps; more than half of AN4's utterances are shorter."""

AVERAGE_DECAY = 0.998
"""Of the moving average of the weights that is exported: the last 500 steps or so."""

LOG_EVERY = 50

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a run goes; every share is of `steps`."""

    steps: int
    peak_rate: float = 1.5e-3
    warmup_steps: int = 200
    decay_share: float = 0.35
    full_window_share: float = 0.03
    full_window_batches: float = 0.05
    short_share: float = 0.3
    ctc_weights: tuple[float, float] = (0.6, 0.25)

    def rate(self, step: int) -> float:
        """Return the learning rate: linear warm-up, constant, linear decay to 0."""
        left = (self.steps - step) / (self.decay_share * self.steps)
        return self.peak_rate * min(1.0, (step + 1) / self.warmup_steps, left)

    def ctc_weight(self, step: int) -> float:
        """Return the share of the CTC loss, which helps most early on."""
        first, last = self.ctc_weights
        return first + (last - first) * step / self.steps

    def longest_s(self, step: int) -> float:
        """Return the longest clip drawn, which grows at first, since short clips are aligned sooner."""
        start = step - step % POOL_BATCHES
        return min(LONGEST_CLIP_S, SHORTEST_LIMIT_S + 5.0 * start / (self.short_share * self.steps))

    def full_window(self, step: int, *, draw: float) -> bool:
        """Return whether a batch is padded to the whole window: some throughout, all of them at the end."""
        return step >= (1 - self.full_window_share) * self.steps or draw < self.full_window_batches


def build_optimizers(network: nn.Module, schedule: Schedule) -> tuple[optim.Optimizer, ...]:
    """Return Muon for the layers' matrices (at the scale of arXiv:2502.16982) and AdamW for the rest."""
    named = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
    matrices = [weight for name, weight in named if ".layers." in name and weight.ndim == 2]
    rest = [weight for name, weight in named if not (".layers." in name and weight.ndim == 2)]
    return (
        optim.Muon(matrices, lr=schedule.peak_rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        optim.AdamW(rest, lr=schedule.peak_rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True),
    )


def train(
    name: ModelName,
    *,
    work: Path,
    schedule: Schedule,
    batch_size: int,
    seed: int,
    check_every: int,
    share: Share,
) -> None:
    """Train from scratch or from the last checkpoint; export after every check and at the end."""
    trainee = build_trainee(name, seed=seed)
    trainee.model.set_attn_implementation("eager")  # a quarter faster in training on CPUs
    width = trainee.model.get_input_embeddings().embedding_dim
    ctc_head = nn.Linear(width, trainee.model.config.vocab_size + 1)
    network = nn.ModuleDict({"model": trainee.model, "ctc_head": ctc_head})
    average = copy.deepcopy(network).requires_grad_(False)
    state = TrainingState(network, average, build_optimizers(network, schedule))
    mixture = Mixture(load_clips(work / "an4_train"), load_clips(work / "synthetic_train"))
    folder = work / name
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "state.safetensors"
    first = load_state_(checkpoint, state) if checkpoint.exists() else 0
    progress = Progress(time.monotonic())
    for step in range(first, schedule.steps):
        rng = np.random.default_rng((seed, step, 1))
        torch.manual_seed(seed * 1_000_003 + step)
        audio, texts = draw_batch(
            mixture,
            seed=seed,
            step=step,
            batch_size=batch_size,
            longest_s=schedule.longest_s(step),
            share=share,
        )
        network.train()
        with torch.autocast("cpu", torch.bfloat16):
            full_window = schedule.full_window(step, draw=rng.random())
            encoded = trainee.encode(audio, full_window=full_window, rng=rng)
            losses = compute_losses(trainee, ctc_head, encoded, texts=texts)
        torch.autograd.backward(losses.total(ctc_weight=schedule.ctc_weight(step)))
        average_gradients_(network, share)
        update_(state, rate=schedule.rate(step))
        update_average_(average, network, decay=min(AVERAGE_DECAY, (step + 1) / (step + 10)))
        progress.add_(losses, step=step + 1)
        if share.rank == 0 and ((step + 1) % check_every == 0 or step + 1 == schedule.steps):
            save_state(checkpoint, state, step=step + 1)
            check(name, average, work=work, seed=seed)


@dataclass(slots=True)
class Progress:
    """Sums of the losses since the last line of the log."""

    started_s: float
    ctc: float = 0.0
    decoder: float = 0.0

    def add_(self, losses: Losses, *, step: int) -> None:
        """Add a step's losses, and log their means every `LOG_EVERY` steps."""
        self.ctc += losses.ctc.item() / LOG_EVERY
        self.decoder += losses.decoder.item() / LOG_EVERY
        if step % LOG_EVERY == 0:
            elapsed_s = time.monotonic() - self.started_s
            logger.info("step %d ctc %.3f decoder %.3f, %.0f s", step, self.ctc, self.decoder, elapsed_s)
            self.ctc = self.decoder = 0.0


def average_gradients_(network: nn.Module, share: Share) -> None:
    """Replace gradients by their mean over the training processes."""
    if share.n_processes == 1:
        return
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    joined = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(joined)
    joined /= share.n_processes
    means = torch.split(joined, [gradient.numel() for gradient in gradients])
    for gradient, mean in zip(gradients, means, strict=True):
        gradient.copy_(mean.view_as(gradient))


def join_processes() -> Share:
    """Return this process's share of the work, as the environment announces it."""
    if "RANK" not in os.environ:
        return Share()
    distributed.init_process_group("gloo")
    return Share(distributed.get_rank(), distributed.get_world_size())


def update_(state: TrainingState, *, rate: float) -> None:
    """Take one step of all optimizers with gradients of at most unit norm, and clear the gradients."""
    nn.utils.clip_grad_norm_(state.network.parameters(), 1.0)
    for optimizer in state.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()


def update_average_(average: nn.Module, network: nn.Module, *, decay: float) -> None:
    """Move the exponential moving average of all weights one step on."""
    with torch.no_grad():
        for mean, weight in zip(average.parameters(), network.parameters(), strict=True):
            mean.lerp_(weight, 1 - decay)


def check(name: ModelName, average: nn.Module, *, work: Path, seed: int) -> None:
    """Export the averaged weights and log their WER on both development sets."""
    trainee = build_trainee(name, seed=seed)
    weights = {key.removeprefix("model."): value for key, value in average.state_dict().items()}
    trainee.model.load_state_dict({key: weights[key] for key in trainee.model.state_dict()})
    export_model(trainee, work / name / "export")
    for store_name in ("an4_dev", "synthetic_dev"):
        store = load_clips(work / store_name)
        hypotheses = transcribe_clips(trainee, [store.audio(clip) for clip in store.clips])
        wer = word_error_rate([clip.text for clip in store.clips], hypotheses)
        logger.info("%s on %s: WER %.4f, n %d", name, store_name, wer, len(hypotheses))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", choices=MODEL_NAMES)
    parser.add_argument("--work", type=Path, required=True, help="folder that training.prepare filled")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--check-every", type=int, default=500)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    train(
        args.model,
        work=args.work,
        schedule=Schedule(args.steps),
        batch_size=args.batch_size,
        seed=args.seed,
        check_every=args.check_every,
        share=join_processes(),
    )


if __name__ == "__main__":
    main()
