"""The torch engine: openai-whisper's weights and tokenizer behind the Engine port, for GPU containers.

On a GPU it computes in bfloat16, decodes with CUDA graphs, and encodes on a second stream, so that a caller who asks
for the next batch's encoding before it decodes this one gets both at once. On a CPU the same code runs in float32,
one step at a time: that is what the tests run, and it gives the text of the CTranslate2 engine, which is the faster
one there. Importing this module costs seconds (torch), so it is imported only when the setting asks for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from functools import cached_property
from typing import TypeAlias

import torch
from torch import Tensor
from whisper.model import Whisper
from whisper.tokenizer import get_tokenizer

from sotto.domain.transcript import EngineFacts
from sotto.speech.checkpoint import load_whisper
from sotto.speech.cuda_graphs import CudaGraphs, Eagerly, Replay
from sotto.speech.engine import Alignment, Generated, Samples, Sampling
from sotto.speech.model_files import ModelFiles
from sotto.speech.torch_beam import beam_search
from sotto.speech.torch_choice import Choice, Rules
from sotto.speech.torch_device import (
    COMPUTE_TYPES,
    CPU_BATCH,
    EncodedBatch,
    batch_within,
    compute_type_for,
    cpu_pace,
    device_called,
    gpu_pace,
    on_device,
)
from sotto.speech.torch_greedy import GreedyRun, Marks, Window
from sotto.speech.torch_layers import Decoder, Encoder
from sotto.speech.torch_mel import MOST_FRAMES, log_mel
from sotto.speech.torch_reading import Reader
from sotto.speech.torch_slots import Slots

READING_BATCH = 16
"""Rows for the calls that need no throughput (languages, word times, sampling): they keep memory of their own."""
GPU_FRAMES_STEP = 800
"""On a GPU windows are padded to 8, 16, 24 or 30 s: four lengths to record graphs for, and parts that meet in one
batch have windows of equal length. Most of the policy's windows are of one length, its second attempts of 30 s."""

RuleKey: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]


def load_engine(
    files: ModelFiles,
    *,
    compute_type: str = "default",
    threads: int = 1,
    device: str = "auto",
    batch_size: int | None = None,
) -> TorchEngine:
    """The engine over a CTranslate2 model directory. `threads` (CPU only) is torch's, for the whole process."""
    place = device_called(device)
    facts = EngineFacts(
        engine="torch",
        model=files.name,
        model_sha256=files.sha256,
        compute_type=compute_type_for(place, compute_type),
        version=str(torch.__version__),
    )
    torch.set_num_threads(threads)
    return TorchEngine(load_whisper(files.directory), facts, place, batch_size=batch_size)


def _streams(device: torch.device) -> tuple[torch.cuda.Stream, torch.cuda.Stream]:
    """For the encoder and for the decoder, whose many small kernels go first."""
    encoder = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    return encoder, torch.cuda.Stream(device, priority=-1)  # type: ignore[no-untyped-call]


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
        self.marks = Marks(self.tokenizer.sot, self.tokenizer.no_speech)
        dtype = COMPUTE_TYPES[facts.compute_type]
        with torch.inference_mode():
            self.encoder, self.decoder = Encoder(model, device, dtype), Decoder(model, device, dtype)
        on_gpu = device.type == "cuda"
        fitting = batch_within(torch.cuda.mem_get_info(device)[0], model.dims, dtype) if on_gpu else CPU_BATCH
        self.batch_size: int = batch_size or fitting
        self._pace = gpu_pace(self.batch_size) if on_gpu else cpu_pace(self.batch_size)
        self._replay: Replay = CudaGraphs() if on_gpu else Eagerly()
        self._encoder_stream: torch.cuda.Stream | None = None
        self._decoder_stream: torch.cuda.Stream | None = None
        if on_gpu:
            self._encoder_stream, self._decoder_stream = _streams(device)
        self._rules: dict[RuleKey, Rules] = {}

    @on_device
    def features(self, audio: Sequence[Samples], frames: int) -> Tensor:
        """See Engine. Rows may also be int16, which is half the bytes to move to the device."""
        if self._encoder_stream is not None:
            frames = min(-(-frames // GPU_FRAMES_STEP) * GPU_FRAMES_STEP, MOST_FRAMES)
        return log_mel(audio, frames, self.n_mels, self.device)

    @on_device
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

    @on_device
    def select(self, encoded: EncodedBatch, rows: Sequence[int]) -> EncodedBatch:
        return EncodedBatch(encoded.wait()[list(rows)])

    @on_device
    def detect_language(self, encoded: EncodedBatch) -> list[Mapping[str, float]]:
        return self._reader.languages(encoded.wait())

    @on_device
    def generate(self, encoded: EncodedBatch, prompt: Sequence[int], sampling: Sampling) -> list[Generated]:
        """See Engine. Any number of rows: those beyond `batch_size` take the place of rows that finish."""
        if sampling.temperature > 0.0 or sampling.beam_size > 1:
            return self.search(encoded, prompt, sampling)
        waiting = deque(self.windows(encoded, prompt, sampling))
        answers = [window.answer for window in waiting]
        self.decode(waiting, sampling)
        return [answer.result() for answer in answers]

    def windows(self, encoded: EncodedBatch, prompt: Sequence[int], sampling: Sampling) -> list[Window]:
        """The rows of a batch as windows to `decode`."""
        if self._decoder_stream is not None:
            encoded.states.record_stream(self._decoder_stream)
        return [Window(row, tuple(prompt), sampling.max_tokens, Future(), encoded.ready) for row in encoded.states]

    @on_device
    def decode(self, waiting: deque[Window], sampling: Sampling) -> None:
        """Decode windows of equal length greedily, those included that others append meanwhile (torch_shared.py)."""
        if not waiting:
            return
        positions = waiting[0].states.shape[0]
        choice = Choice(self._rules_for(sampling), self.tokenizer.eot)
        slots = self._decoding.hearing(positions)
        # On its own stream, so that no other call's work stands between two steps. (None changes nothing.)
        with torch.cuda.stream(self._decoder_stream):
            GreedyRun(self.decoder, choice, self.marks, slots, waiting, pace=self._pace, replay=self._replay).run()

    @on_device
    def search(self, encoded: EncodedBatch, prompt: Sequence[int], sampling: Sampling) -> list[Generated]:
        """Beam search or sampling: for few windows. Never touches the memory of `decode`."""
        states = encoded.wait()
        if not len(states):
            return []
        choice = Choice(
            self._rules_for(sampling), self.tokenizer.eot, temperature=sampling.temperature, seed=sampling.seed
        )
        if sampling.temperature == 0.0:
            return beam_search(
                self.decoder,
                states,
                prompt,
                choice,
                self.marks,
                beams=sampling.beam_size,
                max_tokens=sampling.max_tokens,
            )
        tries = EncodedBatch(states.repeat_interleave(sampling.best_of, dim=0))
        waiting = deque(self.windows(tries, prompt, sampling))
        answers = [window.answer for window in waiting]
        slots = self._reading.hearing(states.shape[1])
        pace = cpu_pace(slots.done.shape[0])
        # Never a recorded graph: it would repeat its random numbers.
        GreedyRun(self.decoder, choice, self.marks, slots, waiting, pace=pace, replay=Eagerly()).run()
        rivals = [answer.result() for answer in answers]
        groups = [rivals[at : at + sampling.best_of] for at in range(0, len(rivals), sampling.best_of)]
        return [max(group, key=lambda rival: rival.average_log_probability) for group in groups]

    @on_device
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
        positions = [min(frames // 2, states.shape[1]) for frames in num_frames]
        return self._reader.align(states, start_sequence, text_tokens, positions, median_filter_width)

    @cached_property
    def _decoding(self) -> Slots:
        """The memory of `decode`. Its addresses never change: recorded graphs rely on them."""
        slots = Slots.allocate(self.dims, self.batch_size, self.dims.n_audio_ctx, self.device, self.decoder.dtype)
        if self._decoder_stream is not None:
            torch.cuda.synchronize()  # zeroed on this stream, used on another
        return slots

    @cached_property
    def _reading(self) -> Slots:
        """The memory of all other calls."""
        rows = min(self.batch_size, READING_BATCH)
        return Slots.allocate(self.dims, rows, self.dims.n_audio_ctx, self.device, self.decoder.dtype)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.decoder, self._reading, self.tokenizer, self.alignment_heads)

    def _rules_for(self, sampling: Sampling) -> Rules:
        key = (sampling.suppress, sampling.suppress_at_start)
        if key not in self._rules:
            self._rules[key] = Rules.suppressing(*key, self.dims.n_vocab, self.device)
        return self._rules[key]
