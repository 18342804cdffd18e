"""Whisper's encoder and decoder as plain tensor functions over openai-whisper's weights.

openai-whisper's own modules grow their key-value cache by concatenation and look at tensor shapes while they run, so
a decoding step can neither reuse memory nor become a CUDA graph. Here the same weights are packed once (query, key
and value in one matrix) and every function reads and writes memory that the caller owns (torch_slots.py). Nothing
here looks at a value on the host: a step is one fixed sequence of kernels, on a GPU and on a CPU alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from whisper.model import ModelDimensions, ResidualAttentionBlock, Whisper

from sotto.speech.torch_slots import Slots


@dataclass(frozen=True)
class _Linear:
    weight: Tensor
    bias: Tensor | None

    def __call__(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)


@dataclass(frozen=True)
class _Norm:
    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:], self.weight, self.bias)


@dataclass(frozen=True)
class _Block:
    """One layer, but for cross-attention."""

    attention_norm: _Norm
    query_key_value: _Linear
    attention_out: _Linear
    feed_norm: _Norm
    feed_in: _Linear
    feed_out: _Linear

    def feed_forward(self, x: Tensor) -> Tensor:
        return x + self.feed_out(functional.gelu(self.feed_in(self.feed_norm(x))))


@dataclass(frozen=True)
class _Cross:
    """A decoder layer's attention to the sound."""

    norm: _Norm
    query: _Linear
    key_value: _Linear
    out: _Linear


class _Packing:
    """Moves weights to their device and type, fused where one matrix product can do the work of three."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self.device, self.dtype = device, dtype

    def tensor(self, value: Tensor) -> Tensor:
        return value.detach().to(self.device, self.dtype).contiguous()

    def linear(self, *modules: nn.Linear) -> _Linear:
        biases = [torch.zeros(m.out_features) if m.bias is None else m.bias.float().cpu() for m in modules]
        return _Linear(self.tensor(torch.cat([m.weight for m in modules])), self.tensor(torch.cat(biases)))

    def norm(self, module: nn.LayerNorm) -> _Norm:
        return _Norm(self.tensor(module.weight), self.tensor(module.bias))

    def block(self, source: ResidualAttentionBlock) -> _Block:
        own = source.attn
        return _Block(
            attention_norm=self.norm(source.attn_ln),
            query_key_value=self.linear(own.query, own.key, own.value),
            attention_out=self.linear(own.out),
            feed_norm=self.norm(source.mlp_ln),
            feed_in=self.linear(source.mlp[0]),
            feed_out=self.linear(source.mlp[2]),
        )

    def cross(self, source: ResidualAttentionBlock) -> _Cross:
        attention = source.cross_attn
        return _Cross(
            norm=self.norm(source.cross_attn_ln),
            query=self.linear(attention.query),
            key_value=self.linear(attention.key, attention.value),
            out=self.linear(attention.out),
        )


def _by_head(x: Tensor, heads: int) -> Tensor:
    """[rows, positions, width] -> [rows, positions, heads, width / heads]."""
    return x.view(*x.shape[:2], heads, -1)


def _heads(x: Tensor, heads: int) -> Tensor:
    """[rows, positions, width] -> [rows, heads, positions, width / heads]."""
    return _by_head(x, heads).transpose(1, 2)


class Encoder:
    """Log-mel to encoder output. Takes any even number of frames up to 3000, unlike openai-whisper's."""

    def __init__(self, model: Whisper, device: torch.device, dtype: torch.dtype) -> None:
        pack, source = _Packing(device, dtype), model.encoder
        self.heads: int = model.dims.n_audio_head
        self.dtype = dtype
        self.conv1 = (pack.tensor(source.conv1.weight), pack.tensor(source.conv1.bias))
        self.conv2 = (pack.tensor(source.conv2.weight), pack.tensor(source.conv2.bias))
        self.positions = pack.tensor(source.positional_embedding)
        self.blocks = [pack.block(block) for block in source.blocks]
        self.norm = pack.norm(source.ln_post)

    def __call__(self, mel: Tensor) -> Tensor:
        """[batch, n_mels, frames at 10 ms] -> [batch, frames / 2, width]."""
        x = functional.gelu(functional.conv1d(mel.to(self.dtype), *self.conv1, padding=1))
        x = functional.gelu(functional.conv1d(x, *self.conv2, stride=2, padding=1)).transpose(1, 2)
        x = x + self.positions[: x.shape[1]]
        for block in self.blocks:
            q, k, v = (_heads(part, self.heads) for part in block.query_key_value(block.attention_norm(x)).chunk(3, -1))
            x = x + block.attention_out(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
            x = block.feed_forward(x)
        return self.norm(x)


class Decoder:
    """Tokens to hidden states and logits, over the key-value memory of `Slots`."""

    def __init__(self, model: Whisper, device: torch.device, dtype: torch.dtype) -> None:
        pack, source = _Packing(device, dtype), model.decoder
        self.dimensions: ModelDimensions = model.dims
        self.heads: int = model.dims.n_text_head
        self.device, self.dtype = device, dtype
        self.embedding = pack.tensor(source.token_embedding.weight)
        self.positions = pack.tensor(source.positional_embedding)
        self.layers = [(pack.block(block), pack.cross(block)) for block in source.blocks]
        self.norm = pack.norm(source.ln)

    def remember(self, encoded: Tensor, slots: Slots) -> None:
        """Write the cross-attention keys and values of `encoded` [rows, positions, width] into `slots`, once."""
        for layer, (_, cross) in enumerate(self.layers):
            keys, values = cross.key_value(encoded).chunk(2, -1)
            slots.cross[:, layer, 0] = _heads(keys, self.heads)
            slots.cross[:, layer, 1] = _heads(values, self.heads)

    def hidden(
        self,
        tokens: Tensor,
        positions: Tensor,
        slots: Slots,
        span: int,
        watched: Mapping[int, Sequence[int]] | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Run `tokens` at `positions` (both [rows, new]) and write their keys and values into `slots`.

        A token attends to what stands before it among the first `span` text positions. `slots.cross` may hold fewer
        rows than there are rows of tokens: then each serves that many neighbouring rows (the beams of one window).
        Returns the last layer's states [rows, new, width] and, for each layer of `watched` in order, the scaled
        cross-attention scores of its heads [rows, heads, new, encoder positions], float32.
        """
        rows, new = tokens.shape
        row = torch.arange(rows, device=tokens.device)[:, None]
        seen = torch.arange(span, device=tokens.device) <= positions[:, None, :, None]
        hide = torch.zeros((), device=tokens.device, dtype=self.dtype).masked_fill(~seen, float("-inf"))
        x = self.embedding[tokens] + self.positions[positions]
        scores: list[Tensor] = []
        for layer, (block, cross) in enumerate(self.layers):
            q, k, v = (
                _by_head(part, self.heads) for part in block.query_key_value(block.attention_norm(x)).chunk(3, -1)
            )
            keys, values = slots.own[:, layer, 0], slots.own[:, layer, 1]
            keys[row, :, positions] = k
            values[row, :, positions] = v
            a = functional.scaled_dot_product_attention(
                q.transpose(1, 2), keys[:, :, :span], values[:, :, :span], attn_mask=hide
            )
            x = x + block.attention_out(a.transpose(1, 2).flatten(2))
            q = cross.query(cross.norm(x))
            keys, values = slots.cross[:, layer, 0], slots.cross[:, layer, 1]
            if watched and layer in watched:
                scores.append(_scores(_heads(q, self.heads), keys, watched[layer]))
            # Beams of one window become queries of one row, so its keys and values are read once.
            q = _heads(q.reshape(keys.shape[0], -1, q.shape[-1]), self.heads)
            a = functional.scaled_dot_product_attention(q, keys, values).transpose(1, 2)
            x = x + cross.out(a.reshape(rows, new, -1))
            x = block.feed_forward(x)
        return self.norm(x), scores

    def logits(self, hidden: Tensor) -> Tensor:
        """[..., width] -> [..., vocabulary], float32."""
        return functional.linear(hidden, self.embedding).float()


def _scores(queries: Tensor, keys: Tensor, heads: Sequence[int]) -> Tensor:
    chosen = list(heads)
    q, k = queries[:, chosen].float(), keys[:, chosen].float()
    return torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(-1, -2))
