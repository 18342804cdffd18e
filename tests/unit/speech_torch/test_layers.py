"""The packed layers compute what openai-whisper's modules compute."""

from __future__ import annotations

import torch

from sotto.speech.torch_layers import Decoder, Encoder
from sotto.speech.torch_slots import Slots

CPU = torch.device("cpu")


def test_the_encoder_equals_openai_whispers(english):
    mel = torch.randn(2, 80, 3000, generator=torch.Generator().manual_seed(1))
    ours = Encoder(english, CPU, torch.float32)(mel)
    torch.testing.assert_close(ours, english.encoder(mel), rtol=1e-3, atol=1e-3)


def test_the_encoder_takes_short_windows(english):
    mel = torch.randn(1, 80, 400, generator=torch.Generator().manual_seed(1))
    assert Encoder(english, CPU, torch.float32)(mel).shape == (1, 200, english.dims.n_audio_state)


def test_decoding_token_by_token_equals_openai_whispers_one_pass(english):
    generator = torch.Generator().manual_seed(2)
    sound = torch.randn(3, 1500, english.dims.n_text_state, generator=generator)
    tokens = torch.randint(0, 50000, (3, 9), generator=generator)
    decoder = Decoder(english, CPU, torch.float32)
    slots = Slots.allocate(english.dims, 3, 1500, CPU, torch.float32)
    decoder.remember(sound, slots)
    first = torch.arange(4).expand(3, 4)
    hidden, _ = decoder.hidden(tokens[:, :4], first, slots, span=4)
    pieces = [hidden]
    for at in range(4, 9):
        hidden, _ = decoder.hidden(tokens[:, at : at + 1], torch.full((3, 1), at), slots, span=64)
        pieces.append(hidden)
    torch.testing.assert_close(
        decoder.logits(torch.cat(pieces, dim=1)), english.decoder(tokens, sound), rtol=1e-3, atol=1e-3
    )


def test_rows_at_different_positions_do_not_disturb_each_other(english):
    sound = torch.randn(2, 100, english.dims.n_text_state, generator=torch.Generator().manual_seed(4))
    tokens = torch.randint(0, 50000, (2, 6), generator=torch.Generator().manual_seed(5))
    decoder = Decoder(english, CPU, torch.float32)
    slots = Slots.allocate(english.dims, 2, 100, CPU, torch.float32)
    decoder.remember(sound, slots)
    whole, _ = decoder.hidden(tokens, torch.arange(6).expand(2, 6), slots, span=6)
    last, _ = decoder.hidden(torch.stack([tokens[0, 5:6], tokens[1, 2:3]]), torch.tensor([[5], [2]]), slots, span=64)
    torch.testing.assert_close(last[0, 0], whole[0, 5], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(last[1, 0], whole[1, 2], rtol=1e-4, atol=1e-4)


def test_watched_heads_give_their_attention_scores(english):
    sound = torch.randn(1, 50, english.dims.n_text_state, generator=torch.Generator().manual_seed(6))
    decoder = Decoder(english, CPU, torch.float32)
    slots = Slots.allocate(english.dims, 1, 50, CPU, torch.float32)
    decoder.remember(sound, slots)
    tokens = torch.tensor([[50257, 50362, 11]])
    _, scores = decoder.hidden(tokens, torch.arange(3)[None], slots, 3, {0: [1], 1: [0, 1]})
    seen: list[torch.Tensor] = []
    hooks = [
        block.cross_attn.register_forward_hook(lambda _module, _inputs, output: seen.append(output[1]))
        for block in english.decoder.blocks
    ]
    from whisper.model import disable_sdpa

    with disable_sdpa():
        english.decoder(tokens, sound)
    for hook in hooks:
        hook.remove()
    torch.testing.assert_close(scores[0][:, 0], seen[0][:, 1], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(scores[1], seen[1], rtol=1e-3, atol=1e-3)
