"""A variable somebody keeps for their workspaces. Its value goes in and never comes out."""

from pydantic import Field, SecretStr

from carrel.wire.v1.shape import Asking, Telling, Time


class Variable(Telling):
    name: str
    changed_at: Time


class VariableValue(Asking):
    value: SecretStr = Field(max_length=40_000)
    """At most 32 KiB."""
