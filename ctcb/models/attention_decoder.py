"""The attention decoder of joint CTC-attention training (Kim et al. 2017); recognition never uses it."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from ctcb.models.config import AttentionDecoderConfig
from ctcb.models.normalization import frame_mask

LONGEST = 512  # tokens an utterance


class AttentionDecoder(nn.Module):
    """A transformer that predicts each subword from those before it and the encoder's frames."""

    def __init__(self, config: AttentionDecoderConfig, dim: int, num_subwords: int) -> None:
        super().__init__()
        self.label_smoothing = config.label_smoothing
        self.sentence_edge = num_subwords  # one id for the begin and the end
        self.embedding = nn.Embedding(num_subwords + 1, dim)
        self.positions = nn.Parameter(torch.randn(LONGEST, dim) * 0.02)
        layer = nn.TransformerDecoderLayer(
            dim, config.heads, config.ff_dim, config.dropout, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerDecoder(layer, config.layers, nn.LayerNorm(dim))
        self.out = nn.Linear(dim, num_subwords + 1)

    def loss(self, encoded: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """Sum of the cross entropies in nats over the batch's tokens and sentence ends.

        ``encoded [B, T, D]``, ``lengths [B]``, ``targets`` concatenated ``[sum of target_lengths]``.
        """
        edge = targets.new_tensor([self.sentence_edge])
        pieces = targets.split(target_lengths.tolist())
        inputs = pad_sequence([torch.cat([edge, ids]) for ids in pieces], batch_first=True, padding_value=self.sentence_edge)
        labels = pad_sequence([torch.cat([ids, edge]) for ids in pieces], batch_first=True, padding_value=-100)
        x = self.embedding(inputs) + self.positions[: inputs.shape[1]]
        future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        x = self.layers(
            x, encoded, tgt_mask=future,
            tgt_key_padding_mask=~frame_mask(target_lengths + 1, x.shape[1]),
            memory_key_padding_mask=~frame_mask(lengths, encoded.shape[1]),
        )
        logits = self.out(x).float()
        return F.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=-100, reduction="sum", label_smoothing=self.label_smoothing
        )
