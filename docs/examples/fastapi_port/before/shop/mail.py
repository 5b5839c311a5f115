"""The outbox. A real shop would hand its mails to a service; this one keeps a line for each in a file."""

from pathlib import Path

from .schemas import Mail


def send(folder: Path, mail: Mail) -> None:
    with (folder / "outbox.jsonl").open("a") as outbox:
        outbox.write(mail.model_dump_json() + "\n")


def sent(folder: Path) -> list[Mail]:
    outbox = folder / "outbox.jsonl"
    return [Mail.model_validate_json(line) for line in outbox.read_text().splitlines()] if outbox.exists() else []
