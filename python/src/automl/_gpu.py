"""The share of a GPU that a trial may take."""

from __future__ import annotations

import sys
from typing import Any


def hold_to(share: float) -> bool:
    """Holds PyTorch to ``share`` of the memory of each GPU that this process sees, from its first use of CUDA on.

    Returns whether that is done: not while the script has not imported torch. A share of 0 or 1 is no limit.
    """
    if not 0 < share < 1:
        return True
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "cuda"):  # half imported
        return False
    if torch.version.cuda is None and torch.version.hip is None:
        return True

    def limit() -> None:
        for device in range(torch.cuda.device_count()):
            torch.cuda.set_per_process_memory_fraction(share, device)

    later: Any = getattr(torch.cuda, "_lazy_call", None)
    if later is not None:  # what manual_seed uses: a script that stays on the processor never starts CUDA for this
        later(limit)
    elif torch.cuda.is_available():
        limit()
    return True
