"""The torch engine: openai-whisper's weights and tokenizer behind the Engine port, for GPU containers.

On a GPU it computes in bfloat16, decodes with CUDA graphs, and encodes on a second stream, so that a caller who asks
for the next batch's encoding before it decodes this one gets both at once. On a CPU the same code runs in float32,
one step at a time: that is what the tests run, and it gives the text of the CTranslate2 engine, which is the faster
one there. Importing this module costs seconds (torch), so it is imported only when the setting asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from whisper.model import Whisper
from whisper.tokenizer import get_tokenizer

from sotto.domain.errors import MisconfiguredSetting
from sotto.domain.transcript import EngineFacts
from sotto.speech.checkpoint import load_whisper
from sotto.speech.cuda_graphs import CudaGraphs, Eagerly, Replay
from sotto.speech.engine import Alignment, Generated, Samples, Sampling
from sotto.speech.torch_align import attention_cost, warp
from sotto.speech.torch_beam import beam_search
from sotto.speech.torch_choice import Choice, Rules
from sotto.speech.torch_greedy import GreedyRun, Pace, Prompt
from sotto.speech.torch_layers import Decoder, Encoder
from sotto.speech.torch_mel import MOST_FRAMES, log_mel
from sotto.speech.torch_slots import Slots

COMPUTE_TYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
CPU_BATCH = 8
GPU_BATCH = 64
GPU_LOOK_EVERY = 8
GPU_FRAMES_STEP = 250
"""On a GPU windows are padded to steps of 2.5 s, so that there are 12 lengths to record graphs for, not 1500."""

RuleKey: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class EncodedBatch:
    """Encoder output [rows, positions, width] on the device; `ready` tells when the encoder's stream has written it."""

    states: Tensor
    ready: torch.cuda.Event | None = None

    def wait(self) -> Tensor:
        """The states, safe to use on the current stream. The host does not wait."""
        if self.ready is not None:
            stream = torch.cuda.current_stream()
            stream.wait_event(self.ready)
            self.states.record_stream(stream)
        return self.states


def load_engine(
    directory: Path,
    *,
    model: str,
    sha256: str,
    device: str = "auto",
    compute_type: str = "default",
    threads: int = 1,
    batch_size: int | None = None,
) -> TorchEngine:
    """The engine over the CTranslate2 model in `directory`. `threads` (CPU only) is torch's, for the whole process."""
    place = torch.device("cuda" if device == "auto" and torch.cuda.is_available() else device.replace("auto", "cpu"))
    if compute_type == "default":
        compute_type = "bfloat16" if place.type == "cuda" else "float32"
    if compute_type not in COMPUTE_TYPES:
        raise MisconfiguredSetting(
            "SOTTO_COMPUTE_TYPE",
            expected=f"default or one of {', '.join(COMPUTE_TYPES)} for the torch engine",
            found=compute_type,
            fix="leave SOTTO_COMPUTE_TYPE unset",
        )
    torch.set_num_threads(threads)
    facts = EngineFacts(
        engine="torch",
        model=model,
        model_sha256=sha256,
        compute_type=compute_type,
        version=str(torch.__version__),
    )
    return TorchEngine(load_whisper(directory), facts, place, batch_size=batch_size)


class TorchEngine:
    """An Engine (engine.py) over one openai-whisper model on one device. `model` may be dropped after construction."""

    def __init__(
        self, model: Whisper, facts: EngineFacts, device: torch.device, *, batch_size: int | None = None
    ) -> None:
        self.facts = facts
        self.device = device
        self.dims = model.dims
        self.multilingual: bool = model.is_multilingual
        self.n_mels: int = model.dims.n_mels
        self.alignment_heads = [(int(layer), int(head)) for layer, head in model.alignment_heads.indices().T.tolist()]
        self.tokenizer = get_tokenizer(model.is_multilingual, num_languages=model.num_languages)
        dtype = COMPUTE_TYPES[facts.compute_type]
        with torch.inference_mode():
            self.encoder, self.decoder = Encoder(model, device, dtype), Decoder(model, device, dtype)
        on_gpu = device.type == "cuda"
        self.batch_size = batch_size or (self._batch_that_fits() if on_gpu else CPU_BATCH)
        self._pace = gpu_pace(self.batch_size) if on_gpu else cpu_pace(self.batch_size)
        self._replay: Replay = CudaGraphs() if on_gpu else Eagerly()
        self._encoder_stream = torch.cuda.Stream(device) if on_gpu else None  # type: ignore[no-untyped-call]
        self._slots: Slots | None = None
        self._rules: dict[RuleKey, Rules] = {}

    @torch.inference_mode()
    def features(self, audio: Sequence[Samples], frames: int) -> Tensor:
        """See Engine. Rows may also be int16, which is half the bytes to move to the device."""
        if self._encoder_stream is not None:
            frames = min(-(-frames // GPU_FRAMES_STEP) * GPU_FRAMES_STEP, MOST_FRAMES)
        return log_mel(audio, frames, self.n_mels, self.device)

    @torch.inference_mode()
    def encode(self, features: Tensor) -> EncodedBatch:
        """See Engine. On a GPU this returns before the work is done."""
        if self._encoder_stream is None:
            return EncodedBatch(self.encoder(features))
        self._encoder_stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._encoder_stream):
            states = self.encoder(features)
            ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
            ready.record()
        features.record_stream(self._encoder_stream)
        return EncodedBatch(states, ready)

    @torch.inference_mode()
    def select(self, encoded: EncodedBatch, rows: Sequence[int]) -> EncodedBatch:
        return EncodedBatch(encoded.wait()[list(rows)])

    @torch.inference_mode()
    def detect_language(self, encoded: EncodedBatch) -> list[Mapping[str, float]]:
        states = encoded.wait()
        slots = self._slots_for(states)
        found: list[Mapping[str, float]] = []
        for at in range(0, states.shape[0], self.batch_size):
            part = states[at : at + self.batch_size]
            here = slots.first(part.shape[0])
            self.decoder.remember(part, here)
            tokens = torch.full((part.shape[0], 1), self.tokenizer.sot, device=self.device)
            hidden, _ = self.decoder.hidden(tokens, torch.zeros_like(tokens), here, 1)
            languages = list(self.tokenizer.all_language_tokens)
            shares = self.decoder.logits(hidden[:, 0])[:, languages].softmax(dim=-1).tolist()
            found += [dict(zip(self.tokenizer.all_language_codes, row, strict=True)) for row in shares]
        return found

    @torch.inference_mode()
    def generate(self, encoded: EncodedBatch, prompt: Sequence[int], sampling: Sampling) -> list[Generated]:
        """See Engine. Any number of rows: those beyond `batch_size` take the place of rows that finish."""
        states = encoded.wait()
        if not len(states):
            return []
        choice = Choice(
            self._rules_for(sampling), self.tokenizer.eot, temperature=sampling.temperature, seed=sampling.seed
        )
        start = Prompt(tuple(prompt), self.tokenizer.sot, self.tokenizer.no_speech)
        if sampling.beam_size > 1 and sampling.temperature == 0.0:
            return beam_search(
                self.decoder, states, start, choice, beams=sampling.beam_size, max_tokens=sampling.max_tokens
            )
        tries = sampling.best_of if sampling.temperature > 0.0 else 1
        run = GreedyRun(
            self.decoder,
            states.repeat_interleave(tries, dim=0),
            start,
            choice,
            self._slots_for(states),
            max_tokens=sampling.max_tokens,
            pace=self._pace,
            # A recorded graph would repeat its random numbers.
            replay=self._replay if sampling.temperature == 0.0 else Eagerly(),
        )
        answers = run.run()
        groups = [answers[i : i + tries] for i in range(0, len(answers), tries)]
        return [max(group, key=lambda answer: answer.average_log_probability) for group in groups]

    @torch.inference_mode()
    def align(
        self,
        encoded: EncodedBatch,
        start_sequence: Sequence[int],
        text_tokens: Sequence[Sequence[int]],
        num_frames: Sequence[int],
        *,
        median_filter_width: int = 7,
    ) -> list[Alignment]:
        """See Engine."""
        states = encoded.wait()
        aligned = [Alignment(np.zeros((0, 2), np.int64), np.zeros(0, np.float32)) for _ in text_tokens]
        spoken = [row for row, tokens in enumerate(text_tokens) if tokens]
        for at in range(0, len(spoken), self.batch_size):
            rows = spoken[at : at + self.batch_size]
            sequences = [
                [*start_sequence, self.tokenizer.no_timestamps, *text_tokens[row], self.tokenizer.eot] for row in rows
            ]
            hidden, scores = self._read(states[rows], sequences)
            begin, costs, shares = len(start_sequence), [], []
            for i, row in enumerate(rows):
                text, positions = text_tokens[row], min(num_frames[row] // 2, states.shape[1])
                costs.append(attention_cost(scores[i], begin, len(text), positions, median_filter_width))
                # Like openai-whisper: the share among text tokens, because no other can follow here.
                logits = self.decoder.logits(hidden[i, begin : begin + len(text)])[:, : self.tokenizer.eot]
                chosen = torch.tensor(text, device=self.device)[:, None]
                shares.append(logits.softmax(dim=-1).gather(1, chosen)[:, 0])
            for row, path, share in zip(rows, warp(costs), shares, strict=True):
                aligned[row] = Alignment(path, share.float().cpu().numpy())
        return aligned

    def _read(self, states: Tensor, sequences: list[list[int]]) -> tuple[Tensor, Tensor]:
        """Run whole sequences: last states [rows, longest, width], scores [rows, heads, longest, positions]."""
        longest = max(map(len, sequences))
        tokens = torch.full((len(sequences), longest), self.tokenizer.eot, device=self.device)
        for row, sequence in zip(tokens, sequences, strict=True):
            row[: len(sequence)] = torch.tensor(sequence, device=self.device)
        slots = self._slots_for(states).first(len(sequences))
        self.decoder.remember(states, slots)
        watched: dict[int, list[int]] = {}
        for layer, head in self.alignment_heads:
            watched.setdefault(layer, []).append(head)
        positions = torch.arange(longest, device=self.device).expand_as(tokens)
        hidden, scores = self.decoder.hidden(tokens, positions, slots, longest, watched)
        return hidden, torch.cat(scores, dim=1)

    def _slots_for(self, states: Tensor) -> Slots:
        """Slots of the engine's batch size for windows as long as these. Addresses never change: graphs rely on it."""
        if self._slots is None:
            self._slots = Slots.allocate(
                self.dims, self.batch_size, self.dims.n_audio_ctx, self.device, self.decoder.dtype
            )
        return self._slots.hearing(states.shape[1])

    def _rules_for(self, sampling: Sampling) -> Rules:
        key = (sampling.suppress, sampling.suppress_at_start)
        if key not in self._rules:
            self._rules[key] = Rules.suppressing(*key, self.dims.n_vocab, self.device)
        return self._rules[key]

    def _batch_that_fits(self) -> int:
        """The largest power of two up to GPU_BATCH whose slots take at most half of the device's free memory."""
        one = Slots.allocate(self.dims, 1, self.dims.n_audio_ctx, self.device, self.decoder.dtype)
        bytes_each = one.own.nbytes + one.cross.nbytes
        free, _ = torch.cuda.mem_get_info(self.device)
        batch = GPU_BATCH
        while batch > 1 and batch * bytes_each > free // 2:
            batch //= 2
        return batch


def cpu_pace(batch_size: int) -> Pace:
    """A look costs nothing on a CPU, and every row less is time saved."""
    return Pace(look_every=1, batches=tuple(range(1, batch_size + 1)))


def gpu_pace(batch_size: int) -> Pace:
    """Powers of two up to the batch, one graph each; a look every 8 steps wastes 4 steps of a finished row."""
    sizes = [1]
    while sizes[-1] * 2 < batch_size:
        sizes.append(sizes[-1] * 2)
    return Pace(look_every=GPU_LOOK_EVERY, batches=tuple(dict.fromkeys([*sizes, batch_size])))
