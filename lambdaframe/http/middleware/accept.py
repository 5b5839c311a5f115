"""What a client accepts: a header's weighted list. RFC 9110, section 12.4.2."""


def weights(value: str) -> dict[str, float]:
    """``"gzip;q=0.5, br"`` → ``{"gzip": 0.5, "br": 1.0}``: names in lower case, parameters but the weight left out.

    A weight that is none counts as 0: what can't be understood is not asked for. The first of a repeated name counts.
    """
    found: dict[str, float] = {}
    for item in value.split(","):
        name, *parameters = [part.strip().lower() for part in item.split(";")]
        if name:
            given = [parameter.partition("=")[2] for parameter in parameters if parameter.partition("=")[0] == "q"]
            found.setdefault(name, _weight(given[0]) if given else 1.0)
    return found


def _weight(text: str) -> float:
    if not text.replace(".", "", 1).isdecimal() or not text.isascii():
        return 0.0
    weight = float(text)
    return weight if weight <= 1 else 0.0
