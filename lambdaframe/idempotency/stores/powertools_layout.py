"""``layout="powertools"``: records as Powertools for AWS Lambda keeps them, so that both may share one table.

Pure: names, expressions and items; no network, no clock. What Powertools does to an item, and what follows here:

* It starts an attempt by PutItem, which drops every attribute that it does not know. So ``owner`` stands on an item
  that is in progress only as long as the attempt is ours, and every move of ours asks for it.
* It ends an attempt by UpdateItem or DeleteItem without any condition. So a completed record is ours only while
  ``digest`` is that of ``data``; otherwise somebody's late result has replaced it.
* It starts anew when ``expiration`` (s) or, in progress, ``in_progress_expiration`` (ms) has passed. So a lease of ours
  is written there with the margin that we take ourselves; a released record has 0 there. An attempt that must not be
  repeated by itself (``on_expiry="reject"``) has none: Powertools then leaves it alone until it expires.
* It refuses a ``status`` that it does not know with an error. So a final error, a result that could not be kept and
  one that is no JSON have a status of their own and no ``data``: Powertools neither answers with them nor runs the
  operation again.

https://docs.powertools.aws.dev/lambda/python/latest/utilities/idempotency/
"""

import os
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from lambdaframe.errors import ConfigurationError, IdempotencyKeyError
from lambdaframe.idempotency.keys import canonical, digest
from lambdaframe.idempotency.stores.dynamodb_layout import Item
from lambdaframe.idempotency.stores.powertools_json import check_hash_function, hashed, is_missing, prepared
from lambdaframe.idempotency.stores.powertools_updates import COMPLETED, INPROGRESS, OWN_STATUS, update_for
from lambdaframe.idempotency.transitions import ABSENT, Claim, Entry, Move, Outcome

_OWN_ATTRIBUTES = ("owner", "gen", "lease_until", "digest", "result", "previous", "previous_lease")

_ALIAS = re.compile(r"#\w+")


class PowertoolsLayout:
    """The record format of Powertools' DynamoDBPersistenceLayer, and its names for records.

    ``function_name``: of the Lambda function whose records these are, when the code has moved to another one; else
    ``AWS_LAMBDA_FUNCTION_NAME``, read at each call. ``key_prefix`` and ``hash_function`` as they were given to
    Powertools, the other options as they were given to its DynamoDBPersistenceLayer. Raises ConfigurationError for two
    attributes of one name, and for a hash function that does not exist.

    A record's ``expires`` is the end of the second that its ``expiration`` names: there Powertools lets it end, too.
    """

    __slots__ = ("_function_name", "_hash_function", "_key_prefix", "_names", "_static", "sort_attribute")

    def __init__(
        self,
        function_name: str | None = None,
        *,
        key_prefix: str | None = None,
        hash_function: str = "md5",
        key_attr: str = "id",
        static_pk_value: str | None = None,
        sort_key_attr: str | None = None,
        expiry_attr: str = "expiration",
        in_progress_expiry_attr: str = "in_progress_expiration",
        status_attr: str = "status",
        data_attr: str = "data",
        validation_key_attr: str = "validation",
    ) -> None:
        check_hash_function(hash_function)
        self._function_name = function_name
        self._key_prefix = key_prefix
        self._hash_function = hash_function
        self._static = {"S": static_pk_value or f"idempotency#{_lambda_name(function_name, '')}"}
        self.sort_attribute = sort_key_attr
        self._names = {
            "#key": key_attr,
            "#expiration": expiry_attr,
            "#in_progress_expiration": in_progress_expiry_attr,
            "#status": status_attr,
            "#data": data_attr,
            "#validation": validation_key_attr,
            **{f"#{name}": name for name in _OWN_ATTRIBUTES},
        }
        _check_names([*self._names.values(), *([sort_key_attr] if sort_key_attr else ())])

    @property
    def key_attribute(self) -> str:
        """The partition key."""
        return self._names["#key"]

    @property
    def ttl_attribute(self) -> str:
        """Where the second stands from when on nothing counts on the item any more."""
        return self._names["#expiration"]

    # Names

    def key_for(self, operation: str, data: Any) -> str:
        """The ``id`` that Powertools gives the record of this operation and data.

        Raises IdempotencyKeyError for data that Powertools takes for no key, TypeError for what is no JSON.
        """
        data = prepared(data)
        if is_missing(data):
            raise IdempotencyKeyError(f"{operation}: the idempotency key is missing: there is nothing but nulls in it.")
        prefix = self._key_prefix or f"{_lambda_name(self._function_name, 'test-func')}.{operation}"
        return f"{prefix}#{hashed(data, self._hash_function)}"

    def fingerprint_for(self, payload: Any) -> str:
        """The hash that Powertools' payload validation keeps, for the payload that its expression gives.

        What is no JSON there has our own digest. Raises TypeError for what can't be compared at all.
        """
        try:
            return hashed(payload, self._hash_function)
        except TypeError:
            return digest(canonical(payload))

    # Moves

    def update(self, move: Move, claim: Claim, outcome: Outcome, now: int) -> Mapping[str, Any]:
        """See Layout."""
        update = update_for(move, claim, outcome, now)
        aliases = set(_ALIAS.findall(update.expression)) | set(_ALIAS.findall(update.condition))
        return {
            "Key": self._key(claim.key),
            "UpdateExpression": update.expression,
            "ConditionExpression": update.condition,
            "ExpressionAttributeNames": {alias: self._names[alias] for alias in aliases},
            "ExpressionAttributeValues": update.values,
        }

    def _key(self, key: str) -> Mapping[str, Any]:
        if self.sort_attribute:
            return {self.key_attribute: self._static, self.sort_attribute: {"S": key}}
        return {self.key_attribute: {"S": key}}

    # Items

    def entry(self, item: Item, claim: Claim) -> Entry:
        """See Layout. A record without a payload hash has the claim's: Powertools keeps none unless it validates.

        A status that neither library writes reads as running until it expires: it is neither repeated nor answered.
        """
        if self.key_attribute not in item:
            return ABSENT
        status = _text(item, self._names["#status"])
        expiration = _number(item, self._names["#expiration"], 0)
        expires = expiration * 1_000 + 999
        taken_at = _number(item, self._names["#in_progress_expiration"], expires)
        owner = _text(item, "owner")
        common = Entry(
            owner=owner,
            gen=_number(item, "gen", 0),
            lease_until=_number(item, "lease_until", expires) if owner else taken_at,
            fingerprint=_text(item, self._names["#validation"], claim.fingerprint),
            expires=expires,
            ttl=expiration,
        )
        if status == INPROGRESS:
            return common._replace(state="R" if taken_at else "F")
        if status == COMPLETED:
            return self._completed(item, common)
        if status in OWN_STATUS:
            result = bytes(item["result"]["B"])
            return common._replace(state="D", kind=OWN_STATUS[status], result=result)
        return common._replace(state="R", owner="", lease_until=expires)

    def _completed(self, item: Item, entry: Entry) -> Entry:
        (kind, data), *_ = item.get(self._names["#data"], {"NULL": True}).items()
        if kind not in {"S", "NULL"}:
            return entry._replace(
                state="D", owner="", kind="omitted", result=f"its data is no text but {kind}".encode()
            )
        # An empty text is None to Powertools, too.
        result = data.encode() if kind == "S" and data else b"null"
        owner = entry.owner if _text(item, "digest") == sha256(result).hexdigest() else ""
        return entry._replace(state="D", owner=owner, kind="ok", result=result)

    def took_over(self, item: Item) -> bool:
        """See Layout."""
        return _text(item, "previous") == INPROGRESS and _number(item, "previous_lease", 0) != 0


def _number(item: Item, name: str, default: int) -> int:
    return int(item[name]["N"]) if "N" in item.get(name, {}) else default


def _text(item: Item, name: str, default: str = "") -> str:
    text: str = item.get(name, {}).get("S", default)
    return text


def _lambda_name(given: str | None, default: str) -> str:
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", default) if given is None else given


def _check_names(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"The attributes of a record need different names; {twice} are given twice or ours.")
