"""The processes of one run, as torchrun starts them."""
from __future__ import annotations

import os
from datetime import timedelta
from typing import List, Sequence, Tuple

import torch

PATIENCE = timedelta(hours=1)  # the others wait where the main process reads all data first; NCCL's own is 10 minutes


def rank_and_size() -> Tuple[int, int]:
    """This process's number, counted from 0, and how many there are."""
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def main_process() -> bool:
    """Whether this process is the one that reports and writes."""
    return rank_and_size()[0] == 0


def local_rank() -> int:
    """This process's number among those of this machine."""
    return int(os.environ.get("LOCAL_RANK", 0))


def join_processes(device: torch.device = torch.device("cpu")) -> Tuple[int, int]:
    """Meet the other processes, if there are any and they have not met yet; this one's number and how many there are.

    They exchange tensors on ``device``: by NCCL between GPUs, else by gloo.
    """
    rank, size = rank_and_size()
    if size > 1 and not torch.distributed.is_initialized():
        if device.type == "cuda":
            torch.cuda.set_device(device)  # NCCL's barrier takes the current one
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    return rank, size


def from_main(numbers: Sequence[int], device: torch.device = torch.device("cpu")) -> List[int]:
    """What the main process has, on every process."""
    _, size = join_processes(device)
    if size == 1:
        return list(numbers)
    shared = torch.tensor(numbers, dtype=torch.int64, device=device)
    torch.distributed.broadcast(shared, 0)
    return shared.tolist()
