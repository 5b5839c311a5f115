"""The definitions of docs/pages/dynamodb-store.md, deployed and used."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml

from docs.examples.local_aws import LocalAWS
from lambdaframe.errors import ConfigurationError
from lambdaframe.idempotency.stores.dynamodb import DynamoDBStore
from lambdaframe.idempotency.stores.dynamodb_layout import OwnLayout
from lambdaframe.idempotency.transitions import Claim, Outcome, Verdict
from tests.idempotency.dynamodb.conftest import MakeStore, client_of

PAGE = (Path(__file__).parents[3] / "docs/pages/dynamodb-store.md").read_text()
CLAIM = Claim("f" * 64, "0" * 32, "f" * 64, lease_ms=30_000, retention_ms=3_600_000)


def shown(language: str, title: str) -> str:
    match = re.search(f'^```{language} title="{title}"\n(.*?)^```$', PAGE, re.DOTALL | re.MULTILINE)
    assert match is not None
    return match[1]


async def use(store: DynamoDBStore) -> None:
    granted = CLAIM.granted((await store.acquire(CLAIM)).entry.gen)
    await store.extend(granted)
    await store.release(granted)
    granted = CLAIM.granted((await store.acquire(CLAIM)).entry.gen)
    await store.complete(granted, Outcome("ok", b"result"))
    assert (await store.acquire(CLAIM._replace(owner="another"))).verdict is Verdict.REPLAY
    assert (await store.complete(granted._replace(key="none"), Outcome("ok", b""))).verdict is Verdict.LOST


async def test_the_cloudformation_template_makes_a_table_that_fits(moto: LocalAWS) -> None:
    template = shown("yaml", "table")
    client_of(moto, "cloudformation").create_stack(StackName="idempotency", TemplateBody=template)
    table = yaml.safe_load(template)["Resources"]["Idempotency"]["Properties"]["TableName"]
    before = client_of(moto).describe_table(TableName=table)["Table"]
    async with DynamoDBStore(table, endpoint_url=moto.url) as store:
        await store.create_table()  # it has nothing to change but the time to live, which moto's stacks leave out
        await use(store)
    after = client_of(moto).describe_table(TableName=table)["Table"]
    changing = {"ItemCount": 1, "TableSizeBytes": after["TableSizeBytes"]}
    assert after == before | changing
    assert after["DeletionProtectionEnabled"] is True
    assert after["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_cloudformation_knows_all_that_the_template_says() -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html"""
    from cfnlint.api import lint_all  # type: ignore[import-untyped]  # pyright: ignore -- it has no types

    template = shown("yaml", "table")
    assert [match for match in lint_all(template) if not match.rule.id.startswith("I")] == []
    properties = yaml.safe_load(template)["Resources"]["Idempotency"]["Properties"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": OwnLayout().ttl_attribute, "Enabled": True}


def test_terraform_makes_the_same_table() -> None:
    stated = yaml.safe_load(shown("yaml", "table"))["Resources"]["Idempotency"]["Properties"]
    assigned = re.findall(r"^\s*(\w+)\s*= (\S+)$", shown("hcl", "table"), re.MULTILINE)
    assert assigned == [
        ("name", f'"{stated["TableName"]}"'),
        ("billing_mode", f'"{stated["BillingMode"]}"'),
        ("hash_key", f'"{stated["KeySchema"][0]["AttributeName"]}"'),
        ("deletion_protection_enabled", "true"),
        ("name", f'"{stated["AttributeDefinitions"][0]["AttributeName"]}"'),
        ("type", f'"{stated["AttributeDefinitions"][0]["AttributeType"]}"'),
        ("attribute_name", f'"{stated["TimeToLiveSpecification"]["AttributeName"]}"'),
        ("enabled", "true"),
    ]


@pytest.fixture
def guarded() -> Iterator[LocalAWS]:
    """moto, asking IAM about every request."""
    with LocalAWS() as server:
        yield server


def allow(server: LocalAWS, monkeypatch: pytest.MonkeyPatch, *policies: str) -> None:
    """From now on the environment's credentials may do what these policies say, and nothing else."""
    iam = client_of(server, "iam")
    iam.create_user(UserName="function")
    for number, policy in enumerate(policies):
        document = json.loads(policy)
        for statement in document["Statement"]:
            assert statement["Resource"].startswith("arn:aws:dynamodb:")
            statement["Resource"] = "*"  # moto does not look at a table's
        iam.put_user_policy(UserName="function", PolicyName=str(number), PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName="function")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    switch = Request(f"{server.url}/moto-api/reset-auth", data=b"0", headers={"content-type": "text/plain"})
    with urlopen(switch) as answer:
        assert answer.status == 200


async def test_the_policy_is_enough_and_not_more(
    guarded: LocalAWS, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    async with DynamoDBStore(table, endpoint_url=guarded.url) as store:
        await store.create_table()
    allow(guarded, monkeypatch, shown("json", "use"))
    async with DynamoDBStore(table, endpoint_url=guarded.url) as store:
        await use(store)
        with pytest.raises(ConfigurationError, match="not authorized to perform: dynamodb:DescribeTable"):
            await store.create_table()


async def test_a_table_is_made_with_both_policies(
    guarded: LocalAWS, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    allow(guarded, monkeypatch, shown("json", "use"), shown("json", "create"))
    async with DynamoDBStore(table, endpoint_url=guarded.url, create_table=True) as store:
        await use(store)


@pytest.mark.parametrize("title", ["use", "create"])
def test_nothing_is_allowed_that_is_not_asked(title: str) -> None:
    """Each action by itself is needed: its name stands in the source."""
    room = Path(__file__).parents[3] / "lambdaframe/idempotency/stores"
    source = "".join(path.read_text() for path in room.glob("*dynamodb*.py"))
    for action in json.loads(shown("json", title))["Statement"][0]["Action"]:
        method = re.sub(r"(?<!^)([A-Z])", r"_\1", action.removeprefix("dynamodb:")).lower()
        assert f"client.{method}(" in source


async def test_a_record_has_the_size_that_the_page_says(moto: LocalAWS, make_store: MakeStore) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    store = make_store(moto)
    granted = CLAIM.granted((await store.acquire(CLAIM)).entry.gen)
    await store.complete(granted, Outcome("ok", b""))
    item = client_of(moto).get_item(TableName=store.table, Key={"id": {"S": CLAIM.key}})["Item"]
    size = sum(len(name) + size_of(value) for name, value in item.items())
    assert re.search(r"A record has (\d+) bytes", PAGE).group(1) == str(round(size, -1))  # type: ignore[union-attr]
    assert re.search(r"result up to (\d+) bytes", PAGE).group(1) == str((1_024 - size) // 10 * 10)  # type: ignore[union-attr]


def size_of(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    return (len(content) + 1) // 2 + 1 if kind == "N" else len(content)
