"""Workers: what polls real queues and streams and feeds the application's consumers, as Lambda's pollers do.

They are the only adapters that do I/O. ``service`` runs them, ``sqs`` and ``kinesis`` poll, ``messages`` makes of what
AWS sends the very events that Lambda would make of it, ``invocations`` runs the application for one batch. Each batch
is an invocation.
"""
