"""The fields of a handler and its dependencies, as Python values of one request.

What is taken is known at registration; how most of it is validated is found out at the first request, or by ``warm``.
All errors of a request are reported together, in the order path, query, header, cookie, body.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from lambdaframe.errors import HTTPException, RequestValidationError
from lambdaframe.http.binding.body import Errors, JsonBody, located, missing
from lambdaframe.http.binding.defaults import Default, default_of
from lambdaframe.http.binding.dependant import Field
from lambdaframe.http.binding.parameters import Place
from lambdaframe.http.binding.scalars import Convert, InvalidValueError
from lambdaframe.http.binding.shapes import is_upload
from lambdaframe.http.binding.validators import Validator, built_in, is_built_in
from lambdaframe.http.binding.values import Values, query_pairs
from lambdaframe.signature import EMPTY
from lambdaframe.types import Scope

if TYPE_CHECKING:  # loaded by those who have such fields
    from starlette.datastructures import FormData

    from lambdaframe.http.binding.forms import Form
    from lambdaframe.http.binding.gathering import Gather, ModelGatherer


class Bound(NamedTuple):
    """Of each group its arguments and its errors. A group with errors lacks arguments: it can't be called.

    ``failure``: the body can't be read at all (400, 415).
    """

    arguments: list[dict[str, Any]]
    errors: list[Errors]
    failure: HTTPException | None


class Binder:
    """Binds groups of fields: one for each dependant of a tree, the handler's own last."""

    def __init__(self, groups: Sequence[Sequence[Field]]) -> None:
        """Raises ConfigurationError for a field that can't be bound."""
        self._fields = [field for group in groups for field in group]
        self._validators: list[Validator] = []
        self._models: list[ModelGatherer] = []
        self._bytes: frozenset[str] | None = None
        bodies = [(at, field) for at, group in enumerate(groups) for field in group if field.place == "body"]
        self._body = JsonBody(bodies) if bodies else None
        self._groups = [self._group(group) for group in groups]
        self.takes_body = bool(bodies)
        self.takes_form = any(field.place == "form" for field in self._fields)
        self.trivial = not self._fields
        if self.takes_form:
            from lambdaframe.http.binding.forms import require_multipart

            require_multipart()

    def one(self, scope: Scope, body: bytes | None) -> dict[str, Any]:
        """The arguments of the only group, which takes no form. ``body``: None where it was not read.

        Raises RequestValidationError with every error of the request, HTTPException for a body that can't be read.
        """
        arguments: dict[str, Any] = {}
        errors: Errors = []
        path, query, others = self._groups[0]
        if path:
            _convert(path, scope["path_params"], "path", arguments, errors)
        if query:
            text = scope["query_string"]  # as query_pairs does, without the call
            values = dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True)) if text else {}
            _convert(query, values, "query", arguments, errors)
        if others:
            _gather(others, Values(scope), arguments, errors)
        if self._body is not None:
            self._body.bind(scope, body or b"", (arguments,), (errors,))
        if errors:
            raise RequestValidationError(errors)
        return arguments

    def bind(self, scope: Scope, body: bytes | None, form: "Form | None") -> Bound:
        """The arguments and errors of all groups. ``form``: by ``load``, where the binder takes one."""
        arguments: list[dict[str, Any]] = [{} for _ in self._groups]
        errors: list[Errors] = [[] for _ in self._groups]
        values = Values(scope) if form is None else Values(scope, form.lists, form.contents)
        single: dict[str, str] | None = None
        for (path, query, others), own, wrong in zip(self._groups, arguments, errors, strict=True):
            if path:
                _convert(path, scope["path_params"], "path", own, wrong)
            if query:
                single = dict(query_pairs(scope)) if single is None else single
                _convert(query, single, "query", own, wrong)
            if others:
                _gather(others, values, own, wrong)
        failure = None
        if self._body is not None:
            try:
                self._body.bind(scope, body or b"", arguments, errors)
            except HTTPException as exc:
                failure = exc
                for group in self._body.groups:
                    errors[group].append({"loc": ["body"], "msg": str(exc.detail), "type": "body_unreadable"})
        return Bound(arguments, errors, failure)

    async def load(self, form: "FormData") -> "Form":
        """A parsed form, ready for ``bind``: what is taken as ``bytes`` is read."""
        from lambdaframe.http.binding.forms import load_form, names_of_bytes

        if self._bytes is None:
            forms = [field for field in self._fields if field.place == "form"]
            self._bytes = frozenset(name for field in forms for name in names_of_bytes(field))
        return await load_form(form, self._bytes)

    def warm(self) -> None:
        """Build every validator. Raises ConfigurationError for a type that can't be validated."""
        for validator in self._validators:
            validator.warm()
        for model in self._models:
            _ = model.shape
        if self._body is not None:
            self._body.warm()

    def _group(self, fields: Sequence[Field]) -> "_Group":
        simple = all(_is_plain(field) for field in fields if field.place == "query")
        path = [self._scalar(field) for field in fields if field.place == "path"]
        query = [self._scalar(field) for field in fields if field.place == "query"] if simple else []
        others: list[_Gathered] = []
        for place in ("query", "header", "cookie", "form"):
            if place != "query" or not simple:
                others.extend(self._gathered(field) for field in fields if field.place == place)
        return _Group(path, query, others)

    def _scalar(self, field: Field) -> "_Scalar":
        default = default_of(field)
        return _Scalar(field.argument, field.name, self._converter(field), default.value, default)

    def _gathered(self, field: Field) -> "_Gathered":
        from lambdaframe.http.binding.gathering import ModelGatherer, gather_all, gather_one

        place: str = "body" if field.place == "form" else field.place
        convert, default = self._converter(field), default_of(field)
        if field.model:
            claimed = {one.name for one in self._fields if one.place == field.place and not one.model}
            model = ModelGatherer(field, claimed)
            self._models.append(model)
            return _Gathered(field.argument, (place,), model, convert, default, model)
        gather = gather_one(field) if _is_plain(field) else gather_all(field)
        return _Gathered(
            field.argument, (place, field.options.get("alias", field.name)), gather, convert, default, None
        )

    def _converter(self, field: Field) -> Convert:
        form = field.place == "form"
        if form:
            from lambdaframe.http.binding.forms import form_converter

            if (converter := form_converter(field)) is not None:
                return converter
        elif is_built_in(field):
            convert: Convert = built_in(field)
            return convert
        validator = Validator(field, arbitrary=form and is_upload(field.annotation))
        self._validators.append(validator)
        return validator.python


def _is_plain(field: Field) -> bool:
    """Whether it is one value of its name."""
    return not field.model and not field.many


class _Scalar(NamedTuple):
    """One value of its name. ``value``: the default, where it may be shared."""

    argument: str
    name: str
    convert: Convert
    value: Any
    default: Default


class _Gathered(NamedTuple):
    """Anything else. ``model`` where it is one."""

    argument: str
    loc: tuple[str, ...]
    gather: "Gather"
    convert: Convert
    default: Default
    model: "ModelGatherer | None"


class _Group(NamedTuple):
    path: list[_Scalar]
    query: list[_Scalar]
    """Only where no query field takes more than one value: the common case, and the quickest."""
    others: list[_Gathered]


def _convert(
    wanted: list[_Scalar], values: dict[str, Any], place: Place, arguments: dict[str, Any], errors: Errors
) -> None:
    for argument, name, convert, value, default in wanted:
        if name in values:
            try:
                arguments[argument] = convert(values[name])
            except InvalidValueError as exc:
                errors.extend(located(exc.errors, place, name))
        elif value is not EMPTY:
            arguments[argument] = value
        elif default.required:
            errors.append(missing(place, name))
        else:
            arguments[argument] = default.make()


def _gather(wanted: list[_Gathered], values: Values, arguments: dict[str, Any], errors: Errors) -> None:
    for argument, loc, gather, convert, default, model in wanted:
        found = gather(values)
        if found is not EMPTY:
            try:
                arguments[argument] = convert(found)
            except InvalidValueError as exc:
                errors.extend(located(model.located(exc.errors) if model is not None else exc.errors, *loc))
        elif default.required:
            errors.append(missing(*loc))
        else:
            arguments[argument] = default.make()
