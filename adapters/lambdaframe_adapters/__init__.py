"""AWS Lambda events in, ASGI scopes and record streams out."""
