"""From a method and a path to what serves it, and back: routers as people write them, the compiled table, URLs."""
