"""The technique that acts on the encoder: the contextual adapter."""
from __future__ import annotations

from dataclasses import replace

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.technique import EncoderTechnique
from ctcb.search.options import ADAPTER


class EncoderBiasing(EncoderTechnique):
    """The contextual adapter (:mod:`ctcb.adapter.encoder_bias`)."""

    name = ADAPTER
    summary = "biases the encoder toward the listed names (a model with an adapter, audio)"

    def prepare(self, context: Context) -> Context:
        """Encode the list, unless it is too long; then warn. Raises InputError for a model without an adapter."""
        if context.setting.encoder is None or not context.entities:  # the emissions are given, biased or not; or all is pushed away
            return context
        from ctcb.adapter.cache import CatalogueCache  # here: import torch
        from ctcb.adapter.encoded_list import can_bias, encode_list

        if not can_bias(context.entities):
            return context
        return replace(context, encoded=encode_list(context.setting.encoder, context.entities, CatalogueCache()))
