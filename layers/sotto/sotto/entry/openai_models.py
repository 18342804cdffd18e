"""The models as OpenAI's clients list them: `data` beside our own `models` in GET /v1/models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

_RELEASED = {
    "large-v3": datetime(2023, 11, 6, tzinfo=UTC),
    "large-v3-turbo": datetime(2024, 9, 30, tzinfo=UTC),
}
_FIRST_RELEASE = datetime(2022, 9, 21, tzinfo=UTC)  # dates of the openai-whisper releases that brought the models


class OpenAiModel(BaseModel):
    """One entry of `data` in GET /models."""

    model_config = ConfigDict(extra="forbid")

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "openai-whisper"

    @classmethod
    def of(cls, name: str) -> OpenAiModel:
        return cls(id=name, created=int(_RELEASED.get(name, _FIRST_RELEASE).timestamp()))
