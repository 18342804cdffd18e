"""The warp finds the classic recursion's path; the filter and the cost are openai-whisper's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sotto.speech.torch_align import attention_cost, median_filter, warp


def classic_path(x: np.ndarray) -> list[tuple[int, int]]:
    """Dynamic time warping as in a textbook, cell by cell."""
    rows, columns = x.shape
    cost = np.full((rows + 1, columns + 1), np.inf)
    cost[0, 0] = 0.0
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            cost[i, j] = x[i - 1, j - 1] + min(cost[i - 1, j - 1], cost[i - 1, j], cost[i, j - 1])
    i, j, path = rows, columns, []
    while i > 0 and j > 0:
        path.append((i - 1, j - 1))
        i, j = min([(i - 1, j - 1), (i - 1, j), (i, j - 1)], key=lambda cell: cost[cell])
    return path[::-1]


@settings(deadline=None, max_examples=40)
@given(
    shapes=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 40)), min_size=1, max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_warp_of_a_batch_is_the_classic_path_of_each(shapes, seed):
    rng = np.random.default_rng(seed)
    costs = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    for cost, path in zip(costs, warp([torch.from_numpy(cost) for cost in costs]), strict=True):
        assert path.dtype == np.int64
        assert [tuple(step) for step in path.tolist()] == classic_path(cost.astype(np.float64))


@pytest.mark.parametrize("width", [3, 7])
def test_the_median_of_neighbours_is_mirrored_at_the_ends(width):
    x = torch.randn(2, 3, 20, generator=torch.Generator().manual_seed(1))
    reach = width // 2
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (reach, reach)), mode="reflect")
    expected = np.median(np.lib.stride_tricks.sliding_window_view(padded, width, axis=-1), axis=-1)
    np.testing.assert_array_equal(median_filter(x, width).numpy(), expected)


def test_a_window_shorter_than_the_filter_stays_as_it_is():
    x = torch.randn(1, 1, 3, generator=torch.Generator().manual_seed(1))
    assert median_filter(x, 7) is x


def test_the_cost_is_least_where_the_heads_agree():
    # 2 start tokens, <|notimestamps|>, 3 of text, end: the row before a token attends to where it is heard.
    scores = torch.zeros(2, 7, 40)
    for row, position in ((2, 5), (3, 15), (4, 25), (5, 35)):
        scores[:, row, position - 2 : position + 3] = 12.0
    cost = attention_cost(scores, begin=2, tokens=3, frames=40, filter_width=3)
    assert cost.shape == (4, 40)
    assert [int(row.argmin()) // 10 for row in cost] == [0, 1, 2, 3]
    (path,) = warp([cost])
    assert (np.diff(path, axis=0) >= 0).all()
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [3, 39]
