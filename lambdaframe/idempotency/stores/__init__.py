"""The stores, one module each: the only place where vendors' clients are known."""
