"""The one base of what is read from files and requests."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A record that is frozen and finite, and of which nothing goes unread."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
