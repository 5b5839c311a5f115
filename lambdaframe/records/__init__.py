"""Records: what consumers see of a stream, and the engine that runs one with bounds, order and a deadline."""
