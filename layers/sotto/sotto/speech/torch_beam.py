"""Beam search, for callers that ask for it and for windows whose greedy text failed.

The scores and the reordering of memory stay on the device, the book of hypotheses is kept on the host, because beams
end and are ranked by rules that a look at a few numbers a step makes easy to read. So a step costs a round trip:
beam search is for accuracy, not for speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional

from sotto.speech.engine import Generated
from sotto.speech.torch_choice import Choice
from sotto.speech.torch_greedy import Marks, span_for
from sotto.speech.torch_layers import Decoder
from sotto.speech.torch_slots import Slots


@dataclass
class _Hypotheses:
    """The beams of one window: `live` token lists in step with the device rows, and `ended` ones with their sums."""

    live: list[list[int]]
    ended: list[tuple[tuple[int, ...], float]] = field(default_factory=list)


@torch.inference_mode()
def beam_search(
    decoder: Decoder,
    encoded: Tensor,
    prompt: Sequence[int],
    choice: Choice,
    marks: Marks,
    *,
    beams: int,
    max_tokens: int,
) -> list[Generated]:
    """The hypothesis with the best mean log-probability of every window of `encoded` [windows, positions, width].

    A window is finished when `beams` hypotheses have ended; if max_tokens comes first, its live beams compete too.
    """
    windows, positions, _ = encoded.shape
    length = len(prompt)
    steps = min(max_tokens, decoder.dimensions.n_text_ctx - length)
    slots = Slots.allocate(decoder.dimensions, windows * beams, positions, decoder.device, decoder.dtype, sharing=beams)
    decoder.remember(encoded, slots)
    logits, no_speech = _read_prompt(decoder, prompt, marks, slots, beams)
    # Before the first token all beams are the same: only the first of each window may go on.
    sums = torch.full((windows, beams), float("-inf"), device=decoder.device)
    sums[:, 0] = 0.0
    books = [_Hypotheses(live=[[] for _ in range(beams)]) for _ in range(windows)]
    for step in range(steps):
        scores = functional.log_softmax(logits + (choice.rules.always if step else choice.rules.at_start), dim=-1)
        tokens, parents, sums = _advance(scores, sums, books, choice.end_of_text)
        if step + 1 == steps or all(len(book.ended) >= beams for book in books):
            break
        span = span_for(length + step + 1, decoder.dimensions.n_text_ctx)
        slots.own[..., :span, :] = slots.own[..., :span, :][parents.flatten()]
        at = torch.full((windows * beams, 1), length + step, device=decoder.device)
        hidden, _ = decoder.hidden(tokens.reshape(-1, 1), at, slots, span)
        logits = decoder.logits(hidden[:, 0])
    return [
        _best(book, row, value, beams)
        for book, row, value in zip(books, sums.tolist(), no_speech.tolist(), strict=True)
    ]


def _read_prompt(
    decoder: Decoder, prompt: Sequence[int], marks: Marks, slots: Slots, beams: int
) -> tuple[Tensor, Tensor]:
    """Run the prompt once a window, share its memory with all beams; logits [windows x beams, vocabulary]."""
    length, windows = len(prompt), slots.cross.shape[0]
    tokens = torch.tensor(prompt, device=decoder.device).expand(windows, length)
    positions = torch.arange(length, device=decoder.device).expand(windows, length)
    hidden, _ = decoder.hidden(tokens, positions, replace(slots, own=slots.own[::beams]), length)
    slots.own[..., :length, :] = slots.own[::beams, ..., :length, :].repeat_interleave(beams, dim=0)
    begins = list(prompt).index(marks.start_of_transcript)
    no_speech = functional.softmax(decoder.logits(hidden[:, begins]), dim=-1)[:, marks.no_speech]
    return decoder.logits(hidden[:, -1]).repeat_interleave(beams, dim=0), no_speech


def _advance(scores: Tensor, sums: Tensor, books: list[_Hypotheses], end_of_text: int) -> tuple[Tensor, Tensor, Tensor]:
    """One step of every window's book. Returns next tokens, device rows they continue, and sums: [windows, beams]."""
    windows, beams = sums.shape
    vocabulary = scores.shape[-1]
    totals = (sums[:, :, None] + scores.view(windows, beams, vocabulary)).flatten(1)
    # Of 2 x beams candidates at most `beams` can be an end of text, so `beams` live ones always remain.
    best = totals.topk(2 * beams, dim=1)
    tokens, parents, kept = [], [], []
    for window, (values, places) in enumerate(zip(best.values.tolist(), best.indices.tolist(), strict=True)):
        book, live = books[window], []
        for value, place in zip(values, places, strict=True):
            parent, token = divmod(place, vocabulary)
            if token == end_of_text:
                book.ended.append((tuple(book.live[parent]), value))
            else:
                live.append((value, parent, token))
            if len(live) == beams:
                break
        book.live = [[*book.live[parent], token] for _, parent, token in live]
        tokens.append([token for _, _, token in live])
        parents.append([window * beams + parent for _, parent, _ in live])
        kept.append([value for value, _, _ in live])
    device = sums.device
    return torch.tensor(tokens, device=device), torch.tensor(parents, device=device), torch.tensor(kept, device=device)


def _best(book: _Hypotheses, sums: list[float], no_speech: float, beams: int) -> Generated:
    rivals = [(tokens, value, True) for tokens, value in book.ended]
    if len(book.ended) < beams:
        rivals += [(tuple(tokens), value, False) for tokens, value in zip(book.live, sums, strict=True)]
    tokens, value, ended = max(rivals, key=lambda rival: rival[1] / (len(rival[0]) + 1))
    return Generated(tokens, value / (len(tokens) + 1), no_speech, finished=ended)
