"""The joint loss: final CTC, inner CTC heads, attention decoder."""
from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from torch import Tensor, nn
from torch.nn import functional as F

from ctcb.data.loader import Batch
from ctcb.models.attention_decoder import AttentionDecoder
from ctcb.models.config import ModelConfig
from ctcb.models.ctc import CtcModel, Emissions
from ctcb.training.guided_start import pinned_loss, pinned_tokens

Head = Tuple[str, str, float, Tensor]  # name, target, share of the loss, log-probabilities [B, T, V]


def ctc_loss(log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Sum over the batch of the CTC losses in nats; ``log_probs [B, T, V]``; impossible ones count 0."""
    return F.ctc_loss(
        log_probs.transpose(0, 1), targets, lengths, target_lengths, blank=0, reduction="sum", zero_infinity=True
    )


class BaseObjective(nn.Module):
    """The base model with what only its training needs.

    From step ``guided[0]`` to before ``guided[1]`` the subword heads get a guided start.
    """

    def __init__(self, config: ModelConfig, guided: Tuple[int, int] = (0, 0), from_pairs: bool = False) -> None:
        """``from_pairs``: batches hold what the frozen pretrained encoder made of the speech, in place of features."""
        super().__init__()
        self.config, self.guided, self.from_pairs = config, guided, from_pairs
        self.model = CtcModel(config)
        decoder = config.attention_decoder
        self.decoder: Optional[AttentionDecoder] = None
        if decoder.weight > 0:
            self.decoder = AttentionDecoder(decoder, config.encoder.dim, config.num_subwords)

    def forward(self, batch: Batch, step: int) -> Tuple[Tensor, Dict[str, Tensor]]:
        """The loss to minimise at an optimiser step, and each part in nats a target token for the log.

        Each is divided by its number of target tokens in the whole batch, so that batches weigh alike, and those of a batch's
        parts add up to the batch's own. (The guided start's are only weighted by the parts' shares of its tokens.)
        """
        if self.from_pairs:
            encoded = self.model.encode_upper(self.model.whisper.project(batch.features), batch.lengths)
            emissions = self.model.emissions(encoded)
        else:
            emissions, encoded = self.model(batch.features, batch.lengths)

        def head_loss(log_probs: Tensor, target: str) -> Tensor:
            lengths = batch.target_lengths[target]
            return ctc_loss(log_probs, emissions.lengths, batch.targets[target], lengths) / batch.all_lengths(target).sum().clamp(min=1)

        heads: List[Head] = [("ctc", "subword", 1.0 - sum(inter.weight for inter in self.config.inter_ctc), emissions.subword)]
        for inter, log_probs in zip(self.config.inter_ctc, emissions.inter):
            heads.append((f"inter{inter.layer}_{inter.target}", inter.target, inter.weight, log_probs))
        parts: Dict[str, Tensor] = {name: head_loss(log_probs, target) for name, target, _, log_probs in heads}
        total = sum(weight * parts[name] for name, _, weight, _ in heads)
        if self.guided[0] <= step < self.guided[1]:
            total = total + batch.share * self._guidance(batch, emissions, heads)
        if self.decoder is not None:
            lengths = batch.target_lengths["subword"]
            part = self.decoder.loss(encoded.last, encoded.lengths, batch.targets["subword"], lengths)
            parts["attention"] = part / (batch.all_lengths("subword") + 1).sum()
            weight = self.config.attention_decoder.weight
            total = (1.0 - weight) * total + weight * parts["attention"]
        return total, {name: part.detach().double() for name, part in parts.items()}

    def _guidance(self, batch: Batch, emissions: Emissions, heads: List[Head]) -> Tensor:
        """The pinned losses of the subword heads, with the weights of their CTC losses."""
        phones = next(log_probs for _, target, _, log_probs in heads if target == "phone")
        index, position = pinned_tokens(
            phones, emissions.lengths, batch.targets["phone"], batch.target_lengths["phone"], batch.words
        )
        return sum(
            weight * pinned_loss(log_probs, batch.targets["subword"], index, position)
            for _, target, weight, log_probs in heads
            if target == "subword"
        )
