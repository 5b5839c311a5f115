"""HTTP: a compiled router, signatures bound to requests, answers and problems."""
