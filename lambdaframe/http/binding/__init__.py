"""From a request to a call: signatures read once, values bound and validated, dependencies called."""
