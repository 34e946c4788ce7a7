"""A JavaScript file before and after an answer in, what in it only makes tests pass out; it is parsed, never run."""

from __future__ import annotations

import re
from typing import Final

from milo_bench.roles.languages.javascript.syntax import nodes, text_of

_MODULES: Final = re.compile(
    r"^(node:)?(test|assert|assert/strict|vm|module|inspector|child_process|worker_threads|v8|repl)$|"
    r"^(vitest|jest|@jest/.*|mocha|chai|tape|sinon|@vitest/.*|proxyquire|mock-require|expect|power-assert)$"
)
_CALLS: Final = re.compile(
    r"^(globalThis\.|global\.)?(process\.(exit|abort|kill|reallyExit|_kill|dlopen|binding|_linkedBinding)|"
    r"(describe|it|test|suite|t)\.(skip|only|todo)|xit|xdescribe|jest\.\w+|vi\.\w+)$"
)
_REPLACED: Final = re.compile(
    r"^(globalThis\.|global\.)?((assert|expect|chai|describe|it|test|jest|vi|Error|Object|Reflect|Function|Array|String|"
    r"Promise|JSON|process|console|AssertionError)\b|globalThis$|global$|module\.(parent|children)|require\.(cache|main))"
)
_NAMES: Final = re.compile(
    r"NODE_TEST_CONTEXT|VITEST_\w+|VITEST\b|JEST_WORKER_ID|__vitest_\w+|Symbol\.for\('jest|AssertionError|"
    r"process\.mainModule|prepareStackTrace"
)
_DYNAMIC: Final = frozenset({"import", "require", "eval", "Function"})


def signs_in_javascript(text: str, path: str) -> frozenset[str]:
    """What in a file could make tests pass without doing the work, each as a short phrase."""
    signs = {f"it names {found}" for found in _NAMES.findall(text)}
    for node in nodes(text, path):
        match node.type:
            case "import_statement":
                signs |= _module(text_of(node.child_by_field_name("source"))[1:-1])
            case "call_expression" | "new_expression":
                called = text_of(node.child_by_field_name("function") or node.child_by_field_name("constructor"))
                arguments = node.child_by_field_name("arguments")
                first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
                if called in _DYNAMIC and first is not None:
                    signs |= _module(text_of(first)[1:-1]) if first.type == "string" else {f"it loads by {called}"}
                elif called in ("Object.defineProperty", "Object.assign", "Reflect.set") and first is not None:
                    signs |= {f"it replaces {text_of(first)}"} if _REPLACED.match(text_of(first) + ".x") else set()
                elif _CALLS.match(called):
                    signs.add(f"it calls {called}")
            case "assignment_expression":
                left = text_of(node.child_by_field_name("left"))
                if node.children[0].type in ("member_expression", "subscript_expression") and _REPLACED.match(left):
                    signs.add(f"it replaces {left[:60]}")
            case "subscript_expression":
                index = node.child_by_field_name("index")
                place = text_of(node.child_by_field_name("object"))
                computed = index is not None and index.type in ("binary_expression", "template_string")
                if place in ("process", "globalThis", "global") and (computed or (index and index.type == "string")):
                    signs.add(f"it reaches into {place}")
            case "identifier" if text_of(node) == "Proxy":
                signs.add("it answers by a Proxy")
    return frozenset(signs)


def _module(name: str) -> set[str]:
    return {f"it imports {name}"} if _MODULES.match(name) else set()
