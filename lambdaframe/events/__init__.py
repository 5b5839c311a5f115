"""Single events: which handler takes one, told by patterns; the engine of ``lambdaframe.records`` runs it."""
