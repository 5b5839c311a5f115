"""Metrics for CloudWatch, as lines of its embedded metric format in the log: no call, no agent.

    from lambdaframe.metrics import metrics

    metrics.add("OrdersPlaced")
    metrics.add("OrderValue", order.total, unit="None", dimensions={"country": order.country})

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
"""

from lambdaframe.metrics.recorder import Metrics, metrics
from lambdaframe.metrics.units import Resolution, Unit

__all__ = ["Metrics", "Resolution", "Unit", "metrics"]
