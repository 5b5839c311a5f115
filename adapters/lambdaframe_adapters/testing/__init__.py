"""For the tests of functions: events of every source, and clients whose requests travel as events.

Nothing here is loaded by a deployed function.
"""

from lambdaframe_adapters.testing.client import LambdaClient
from lambdaframe_adapters.testing.context import LambdaContext
from lambdaframe_adapters.testing.events import eventbridge_event, logs_event, s3_event, schedule_event, sns_event
from lambdaframe_adapters.testing.gateways import GATEWAYS, Gateway, gateway, http_event
from lambdaframe_adapters.testing.losses import LOSSES, Loss, lost_by
from lambdaframe_adapters.testing.messages import Request, Response, Setup
from lambdaframe_adapters.testing.records import dynamodb_event, kinesis_event, sqs_event
from lambdaframe_adapters.testing.streams import aggregated, firehose_event, kafka_event
from lambdaframe_adapters.testing.transport import GatewayTransport, invoke

__all__ = [
    "GATEWAYS",
    "LOSSES",
    "Gateway",
    "GatewayTransport",
    "LambdaClient",
    "LambdaContext",
    "Loss",
    "Request",
    "Response",
    "Setup",
    "aggregated",
    "dynamodb_event",
    "eventbridge_event",
    "firehose_event",
    "gateway",
    "http_event",
    "invoke",
    "kafka_event",
    "kinesis_event",
    "logs_event",
    "lost_by",
    "s3_event",
    "schedule_event",
    "sns_event",
    "sqs_event",
]
