"""Write a trained model as a folder that transformers' from_pretrained reads."""

import copy
from pathlib import Path

import torch

from training.trainees import MoonshineTrainee, WhisperTrainee


def export_model(trainee: WhisperTrainee | MoonshineTrainee, folder: Path) -> None:
    """Write fp16 weights, configs, tokenizer and front end; a tied head is stored once."""
    folder.mkdir(parents=True, exist_ok=True)
    copy.deepcopy(trainee.model).to(torch.float16).save_pretrained(folder)
    trainee.tokenizer.save_pretrained(folder)
    trainee.extractor.save_pretrained(folder)
