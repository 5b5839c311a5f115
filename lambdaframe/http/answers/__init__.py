"""From a result to an answer: declared types, response classes, server-sent events, problems."""
