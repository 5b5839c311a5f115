"""The Powertools layout under the model, as long as nobody but us writes: on moto, with clocks that differ."""

from lambdaframe.idempotency.transitions import Claim, Entry, Kind
from tests.idempotency.subjects.dynamodb import MotoSubject
from tests.idempotency.subjects.subject import Record

KINDS: dict[str, Kind] = {
    "COMPLETED": "ok",
    "RESULT_NOT_JSON": "ok",
    "FINAL_ERROR": "error",
    "RESULT_OMITTED": "omitted",
}


class PowertoolsSubject(MotoSubject):
    """A record expires with the second that Powertools' ``expiration`` names, and may be deleted after it."""

    def __init__(self) -> None:
        super().__init__("powertools")

    def retention(self, claim: Claim, now: int) -> tuple[int, int]:
        seconds = (now + claim.retention_ms) // 1_000
        return seconds * 1_000 + 999, seconds

    def entry(self, key: str, record: Record) -> Entry:
        item = {name: next(iter(value.values())) for name, value in record.items()}
        status, seconds = item["status"], int(item["expiration"])
        entry = Entry(
            "D" if status in KINDS else "F" if item.get("in_progress_expiration") == "0" else "R",
            item["owner"],
            int(item["gen"]),
            int(item["lease_until"]),
            item["validation"],
            seconds * 1_000 + 999,
            seconds,
        )
        if entry.state != "D":
            return entry
        result = item["data"].encode() if status == "COMPLETED" else item["result"]
        return entry._replace(kind=KINDS[status], result=result)

    def ttl_of(self, record: Record) -> int:
        return int(record["expiration"]["N"])
