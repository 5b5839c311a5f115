"""The payloads of single events, by their public names.

They are defined in ``lambdaframe.records.envelopes``, below the records that may hold them; code of ``records`` imports
them from there.
"""

from lambdaframe.records.envelopes import EventBridgeEvent, LogEvent, S3Object, SNSMessage

__all__ = ["EventBridgeEvent", "LogEvent", "S3Object", "SNSMessage"]
