"""AWS Lambda events in, ASGI scopes and record streams out."""

from lambdaframe_adapters.detection import detect
from lambdaframe_adapters.entrypoint import LambdaHandler

__all__ = ["LambdaHandler", "detect"]
