"""Word times: which encoder position each token attended to, by dynamic time warping over the alignment heads.

openai-whisper warps one window at a time in numba. Within one token's row the warp is a running minimum, so here every
step handles a whole row of all windows at once, on any device, without compiling anything:

    cost[i, j] = x[i, j] + min(cost[i-1, j-1], cost[i-1, j], cost[i, j-1])
               = P[j] + min over k <= j of (enter[k] - P[k-1])     with P the running sum of x[i]
                                                                  and enter[k] = min(cost[i-1, k-1], cost[i-1, k])

The k of that minimum is where the path entered the row, so the way back needs one look a token.

16 windows of 60 tokens and 1000 positions, one thread of an AMD EPYC: 17 to 23 ms from the first call on; numba 12 ms
after 1.8 s of compilation, which would pay after 5000 windows in one process.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

Path = npt.NDArray[np.int64]


def attention_cost(scores: Tensor, begin: int, tokens: int, frames: int, filter_width: int) -> Tensor:
    """The cost of every (token, encoder position) of one window, float32 [tokens + 1, frames].

    `scores` are the alignment heads' scaled cross-attention scores [heads, sequence, positions]; the sequence holds
    `begin` start tokens, <|notimestamps|>, `tokens` of text and the end of text.
    """
    weights = scores[:, : begin + tokens + 2, :frames].softmax(dim=-1)
    deviation, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
    weights = median_filter((weights - mean) / deviation, filter_width)
    # The row of a token holds where the NEXT one was heard: so from <|notimestamps|> to the last text token.
    return -weights.mean(dim=0)[begin : begin + tokens + 1]


def median_filter(x: Tensor, width: int) -> Tensor:
    """The median of `width` (odd) neighbours along the last dimension, mirrored at both ends, as in openai-whisper.

    Half a bubble sort over shifted views: on a CPU more than twice as fast as sorting each neighbourhood.
    """
    reach = width // 2
    if x.shape[-1] <= reach:
        return x
    padded = functional.pad(x, (reach, reach), mode="reflect")
    columns = [padded[..., i : i + x.shape[-1]] for i in range(width)]
    for last in range(width - 1, reach - 1, -1):
        for i in range(last):
            low, high = columns[i], columns[i + 1]
            columns[i], columns[i + 1] = torch.minimum(low, high), torch.maximum(low, high)
    return columns[reach]


def warp(costs: Sequence[Tensor]) -> list[Path]:
    """The cheapest monotone path from the first to the last corner of every cost matrix [tokens, frames].

    Returns int64 [steps, 2] of (token, frame) per matrix: the path of the classic recursion, ties aside.
    """
    tokens, frames = max(cost.shape[0] for cost in costs), max(cost.shape[1] for cost in costs)
    # float64, because running sums over 1500 positions are subtracted from each other.
    x = torch.zeros(len(costs), tokens, frames, dtype=torch.float64, device=costs[0].device)
    for row, cost in zip(x, costs, strict=True):
        row[: cost.shape[0], : cost.shape[1]] = cost
    total = x[:, 0].cumsum(dim=-1)
    infinity = torch.full_like(total[:, :1], torch.inf)
    entries = torch.zeros(tokens, len(costs), frames, dtype=torch.int16, device=x.device)
    diagonals = torch.zeros(tokens, len(costs), frames, dtype=torch.bool, device=x.device)
    for i in range(1, tokens):
        diagonal = torch.cat([infinity, total[:, :-1]], dim=-1)
        diagonals[i] = diagonal < total
        running = x[:, i].cumsum(dim=-1)
        best, entry = (torch.minimum(diagonal, total) - (running - x[:, i])).cummin(dim=-1)
        entries[i] = entry
        total = running + best
    back = zip(entries.transpose(0, 1).cpu().numpy(), diagonals.transpose(0, 1).cpu().numpy(), costs, strict=True)
    return [_way_back(entry, diagonal, *cost.shape) for entry, diagonal, cost in back]


def _way_back(entries: npt.NDArray[np.int16], diagonals: npt.NDArray[np.bool_], tokens: int, frames: int) -> Path:
    pieces: list[Path] = []
    leave = frames - 1
    for token in range(tokens - 1, -1, -1):
        enter = int(entries[token, leave])
        steps = np.arange(leave, enter - 1, -1, dtype=np.int64)
        pieces.append(np.stack([np.full_like(steps, token), steps], axis=1))
        leave = enter - int(diagonals[token, enter])
    return np.concatenate(pieces)[::-1].copy()
