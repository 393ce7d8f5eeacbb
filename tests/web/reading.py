"""What an expression of Satchel's source may be: which texts, with which fields.

It is followed through names, conditions, tables, what functions return and what their callers give. A text
with something put in is a template: `There is no file %(path)s.` What is put in and can only be some texts,
as in `Could not %(said_doing)s: %(said_why)s.`, is a template of its own. A field that counts something is
called `number_...`, one of bytes `size_...`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from web.source_code import (
    OPENED,
    Module,
    Tree,
    called,
    captured,
    first_text,
    name_of,
    parameters,
    place,
    short,
)

PARTS = ("what", "safe", "do")  # of what goes wrong: an attribute or key of this name is a sentence
FIELD = re.compile(r"%\((\w+)\)s")


class Unreadable(Exception):
    """A sentence that is made in a way that cannot be followed, for instance by `+`."""


@dataclass(frozen=True, slots=True)
class Form:
    """What an expression may be: some texts, or what is known only when it happens."""

    texts: frozenset[str] = frozenset()
    inner: frozenset[str] = frozenset()  # what these have inside, where that is a template of its own
    is_passed_on: bool = False  # a sentence that another place has made
    is_open: bool = False  # it may be anything

    def __or__(self, other: Form) -> Form:
        return Form(
            self.texts | other.texts,
            self.inner | other.inner,
            self.is_passed_on or other.is_passed_on,
            self.is_open or other.is_open,
        )


NOTHING = Form()
ANYTHING = Form(is_open=True)


class Reading:
    """Follows expressions to what they may be."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._under_way: set[tuple[ast.AST | None, int | None]] = set()
        self._known: dict[tuple[ast.AST | None, int | None], Form] = {}

    def form(self, expression: ast.AST | None, module: Module, part: int | None = None) -> Form:
        """`part`: of a tuple."""
        key = (expression, part)
        if expression is None or key in self._under_way:
            return NOTHING  # once round
        if key not in self._known:
            self._under_way.add(key)
            self._known[key] = self._form(expression, module, part)
            self._under_way.discard(key)
        return self._known[key]

    def _form(self, expression: ast.AST, module: Module, part: int | None) -> Form:
        match expression:
            case ast.Tuple(elts=parts) if part is not None:
                return self.form(parts[part], module) if part < len(parts) else ANYTHING
            case ast.IfExp(body=body, orelse=other):
                return self.form(body, module, part) | self.form(other, module, part)
            case ast.BoolOp(values=values):
                return self._all(values, module, part)
            case ast.Name(id=name):
                return self._of_name(name, expression, module, part)
            case ast.Call():
                return self._of_call(expression, module, part)
            case ast.Constant(value=None):
                return NOTHING
            case ast.Subscript(value=ast.Name(id=table)) if part is not None and table in module.constants:
                return self._of_table(table, module, part)
            case _ if part is not None:
                return ANYTHING
            case ast.Constant(value=str(text)):
                return Form(frozenset((text,)))
            case ast.JoinedStr(values=pieces):
                return self._of_template(pieces, module)
            case ast.Attribute(attr=name) if name in PARTS or name == "why":
                return Form(is_passed_on=True)
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                return self._of_own(name, expression, module)
            case ast.Attribute(value=ast.Name(id=inner), attr=name) if inner in module.imported:
                return self._of_imported((".".join(module.imported[inner]), name), part)
            case ast.Subscript(slice=ast.Constant(value=str(name))) if name in PARTS:
                return Form(is_passed_on=True)
            case ast.Subscript(value=ast.Name(id=table)):
                return self._of_table(table, module, part)
            case ast.BinOp(left=left, right=right):
                if any(" " in text for side in (left, right) for text in self.form(side, module).texts):
                    raise Unreadable(place(module, expression))
                return ANYTHING
            case _:
                return ANYTHING

    def _all(self, expressions: Iterable[ast.AST], module: Module, part: int | None) -> Form:
        found = NOTHING
        for one in expressions:
            found |= self.form(one, module, part)
        return found

    # --- names --------------------------------------------------------------------------------------

    def _of_name(self, name: str, where: ast.AST, module: Module, part: int | None) -> Form:
        function = module.function_around(where)
        while function is not None:
            found = list(self._given_to(name, function, module, part))
            if found:
                return self._union(found)
            if name in parameters(function):
                return self._of_parameter(name, function, module, part)
            if name in PARTS and name in captured(function):
                return Form(is_passed_on=True)  # as an event has it
            function = module.function_around(function)
        if name in module.constants:
            return self.form(module.constants[name], module, part)
        if name in module.imported:
            return self._of_imported(module.imported[name], part)
        return ANYTHING

    def _given_to(self, name: str, function: OPENED, module: Module, part: int | None) -> Iterator[Form]:
        """What the function itself puts into a name."""
        for node in ast.walk(function):
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    yield self.form(value, module, part)
                case ast.Assign(targets=[ast.Tuple(elts=several)], value=value):
                    for number, one in enumerate(several):
                        if isinstance(one, ast.Name) and one.id == name:
                            yield self.form(value, module, number)
                case ast.AugAssign(target=ast.Name(id=target), value=value) if target == name:
                    if self.form(value, module).texts:
                        raise Unreadable(place(module, node))
                case _:
                    pass

    def _of_parameter(self, name: str, function: OPENED, module: Module, part: int | None) -> Form:
        """What all callers give."""
        around = module.around[function]
        is_method = isinstance(around, ast.ClassDef)
        callees = {function.name}
        if isinstance(around, ast.ClassDef) and function.name == "__init__":
            callees = self._tree.derived_from(around.name)
        positional = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        if is_method and not any(name_of(one) == "staticmethod" for one in function.decorator_list):
            positional = positional[1:]
        found = []
        for caller, call in (one for each in sorted(callees) for one in self._tree.calls.get(each, [])):
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            given.update(zip(positional, call.args, strict=False))
            if name in given:
                found.append(self.form(given[name], caller, part))
        return self._union(found)

    def _of_own(self, name: str, where: ast.AST, module: Module) -> Form:
        """What a class puts into an attribute of its own."""
        around = module.class_around(where)
        found = []
        for node in ast.walk(around) if around is not None else ():
            match node:
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=target)], value=value):
                    if target == name:
                        found.append(self.form(value, module))
                case _:
                    pass
        return self._union(found)

    def _of_imported(self, whence: tuple[str, str], part: int | None) -> Form:
        module, name = self._tree.modules.get(short(whence[0])), whence[1]
        if module is None or name not in module.constants:
            return ANYTHING
        return self.form(module.constants[name], module, part)

    def _of_table(self, name: str, module: Module, part: int | None) -> Form:
        table = module.constants.get(name)
        if not isinstance(table, ast.Dict):
            return ANYTHING
        values = [
            value if key is not None else _filled(value)
            for key, value in zip(table.keys, table.values, strict=True)
        ]
        return self._all(values, module, part)

    def _of_call(self, call: ast.Call, module: Module, part: int | None) -> Form:
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[_, *default]):
                if first_text(call) in PARTS:
                    return Form(is_passed_on=True)
                return self._of_table(name, module, part) | self._all(default, module, part)
            case ast.Call(func=ast.Name(id="str"), args=[inner]):
                return self.form(inner, module, part)
            case ast.Call(func=ast.Name(id=name)):
                return self._of_returned(name, module, part)
            case _:
                return ANYTHING

    def _of_returned(self, name: str, module: Module, part: int | None) -> Form:
        home = module
        if name in module.imported:
            whence, name = module.imported[name]
            found = self._tree.modules.get(short(whence))
            if found is None:
                return ANYTHING
            home = found
        returned = [
            node.value
            for function in home.functions.get(name, [])
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
        ]
        return self._all(returned, home, part) if returned else ANYTHING

    @staticmethod
    def _union(forms: list[Form]) -> Form:
        found = NOTHING
        for form in forms:
            found |= form
        return found if forms else ANYTHING

    # --- templates ----------------------------------------------------------------------------------

    def _of_template(self, values: list[ast.expr], module: Module) -> Form:
        parts: list[str] = []
        inner: set[str] = set()
        taken: set[str] = set()
        for value in values:
            if isinstance(value, ast.FormattedValue):
                parts.append(self._field(value, module, taken, inner))
            else:
                assert isinstance(value, ast.Constant)
                parts.append(str(value.value))
        return Form(frozenset(("".join(parts),)), frozenset(inner))

    def _field(self, value: ast.FormattedValue, module: Module, taken: set[str], inner: set[str]) -> str:
        """What stands for it in the template."""
        expression, kind = value.value, ""
        if value.conversion == -1 and value.format_spec is None and not _is_made_here(expression):
            form = self.form(expression, module)
            texts = {text for text in form.texts if " " in text.strip()}  # one word: the name of something
            inner |= form.inner
            if len(texts) == len(form.texts) == 1 and not (form.is_passed_on or form.is_open):
                return FIELD.sub(lambda found: _free(found[1], taken), texts.pop())
            inner |= texts
            kind = "said_" if texts or form.is_passed_on else ""
        if not kind and _is_number(value):
            kind = "number_"
        elif ast.unparse(expression).startswith("units.size("):
            kind = "size_"
        return _free(kind + _identifier(expression), taken)


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while (free := name if number == 1 else f"{name}{number}") in taken:
        number += 1
    taken.add(free)
    return f"%({free})s"


def _is_made_here(inner: ast.expr) -> bool:
    """A name or a number in its final form, by a call; what `str` is given may be a sentence."""
    return isinstance(inner, ast.Call) and called(inner) != "str"


def _is_number(value: ast.FormattedValue) -> bool:
    """One that counts: those of ports, processes and versions are names."""
    if isinstance(value.format_spec, ast.JoinedStr):
        return "," in ast.unparse(value.format_spec)
    name = _identifier(value.value)
    return isinstance(value.value, ast.BinOp) or (name.endswith(("_max", "_min")) and "port" not in name)


def _identifier(inner: ast.expr) -> str:
    """The last name in it that is not how it is shown."""
    match inner:
        case ast.Call(args=[first, *_]):
            return _identifier(first)
        case ast.Call(func=callee):
            return _identifier(callee)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name.strip("_").lower()
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Subscript(value=held):
            return _identifier(held)
        case ast.BinOp(left=left):
            return _identifier(left)
        case ast.BoolOp(values=[first, *_]):
            return _identifier(first)
        case _:
            return "it"


def _filled(value: ast.expr) -> ast.expr:
    """`dict.fromkeys(keys, value)` in a table: that value."""
    match value:
        case ast.Call(args=[_, filling]):
            return filling
        case _:
            return value
