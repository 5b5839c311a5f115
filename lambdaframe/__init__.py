"""An async-first, ASGI-style microframework for AWS Lambda."""
