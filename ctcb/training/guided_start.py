"""A guided start for the subword heads: tokens are pinned to the frames at which the phone head aligns their word.

CTC with hundreds of tokens begins on a plateau on which every frame is blank, and stays there until
chance alignments agree; with few hours of speech that takes longer than all the rest. Phones, being
few, leave it early. So for the first steps the phone head's forced alignment gives the frames of a
word, the word's tokens are spread over the frames of its phones, and the subword heads have a cross
entropy loss for each token at its frame, beside the CTC loss.
"""
from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ctcb.ctc.viterbi import BLANK, align_tokens

Word = Tuple[int, int]  # how many phones, how many tokens


def token_frames(phone_frames: Sequence[int], words: Sequence[Word]) -> List[int]:
    """A frame for every token of an utterance, -1 where its word has no phone left to take.

    ``phone_frames`` are the first frames of all phones; a word of p phones and k tokens puts its j-th
    token at its phone ``j * p // k``, and each phone's frame serves one token at most.
    """
    frames: List[int] = []
    at = 0
    for phones, tokens in words:
        taken = -1
        for j in range(tokens):
            phone = j * phones // tokens
            frames.append(phone_frames[at + phone] if phone > taken else -1)
            taken = max(taken, phone)
        at += phones
    return frames


def pinned_tokens(
    phone_log_probs: Tensor, lengths: Tensor, phones: Tensor, phone_lengths: Tensor, words: Sequence[Sequence[Word]]
) -> Tuple[Tensor, Tensor]:
    """The batch's pinned tokens and their frames: ``(index, position)``, both ``[P]`` int64.

    ``phone_log_probs [B, T, V]`` of the phone head; ``phones`` concatenated ``[sum of phone_lengths]``.
    ``index`` counts the batch's concatenated tokens, ``position`` its flattened ``B * T`` frames.
    """
    log_probs, total = phone_log_probs.detach().cpu().numpy(), phone_log_probs.shape[1]
    index: List[int] = []
    position: List[int] = []
    first = 0
    for row, targets in enumerate(phones.split(phone_lengths.tolist())):
        phone_frames = align_tokens(log_probs[row, : int(lengths[row])], targets.cpu().numpy(), BLANK)
        for number, frame in enumerate(token_frames(phone_frames.tolist(), words[row])):
            if frame >= 0:
                index.append(first + number)
                position.append(row * total + frame)
        first += sum(tokens for _, tokens in words[row])
    device = phone_log_probs.device
    return torch.tensor(np.array(index, np.int64), device=device), torch.tensor(np.array(position, np.int64), device=device)


def pinned_loss(log_probs: Tensor, tokens: Tensor, index: Tensor, position: Tensor) -> Tensor:
    """Mean cross entropy in nats of the pinned tokens; ``log_probs [B, T, V]``, ``tokens`` concatenated."""
    if not len(index):
        return log_probs.sum() * 0.0
    return -log_probs.flatten(0, 1)[position, tokens[index]].mean()
