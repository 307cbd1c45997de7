"""The joint loss: final CTC, inner CTC heads, attention decoder."""
from __future__ import annotations

from typing import Dict, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctcb.data.loader import Batch
from ctcb.models.attention_decoder import AttentionDecoder
from ctcb.models.config import ModelConfig
from ctcb.models.ctc import CtcModel


def ctc_loss(log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Sum over the batch of the CTC losses in nats; ``log_probs [B, T, V]``; impossible ones count 0."""
    return F.ctc_loss(
        log_probs.transpose(0, 1), targets, lengths, target_lengths, blank=0, reduction="sum", zero_infinity=True
    )


class BaseObjective(nn.Module):
    """The base model with what only its training needs."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.model = CtcModel(config)
        decoder = config.attention_decoder
        self.decoder: Optional[AttentionDecoder] = None
        if decoder.weight > 0:
            self.decoder = AttentionDecoder(decoder, config.encoder.dim, config.num_subwords)

    def forward(self, batch: Batch) -> Tuple[Tensor, Dict[str, float]]:
        """The loss to minimise, and each part in nats a target token for the log.

        Each part is divided by its number of target tokens, so that batches weigh alike.
        """
        emissions, encoded = self.model(batch.features, batch.lengths)

        def head_loss(log_probs: Tensor, target: str) -> Tensor:
            lengths = batch.target_lengths[target]
            return ctc_loss(log_probs, emissions.lengths, batch.targets[target], lengths) / lengths.sum().clamp(min=1)

        parts: Dict[str, Tensor] = {"ctc": head_loss(emissions.subword, "subword")}
        total = parts["ctc"] * (1.0 - sum(inter.weight for inter in self.config.inter_ctc))
        for inter, log_probs in zip(self.config.inter_ctc, emissions.inter):
            part = parts[f"inter{inter.layer}_{inter.target}"] = head_loss(log_probs, inter.target)
            total = total + inter.weight * part
        if self.decoder is not None:
            lengths = batch.target_lengths["subword"]
            part = self.decoder.loss(encoded.last, encoded.lengths, batch.targets["subword"], lengths)
            parts["attention"] = part / (lengths + 1).sum()
            weight = self.config.attention_decoder.weight
            total = (1.0 - weight) * total + weight * parts["attention"]
        return total, {name: float(part.detach()) for name, part in parts.items()}
