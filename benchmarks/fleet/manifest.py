"""KubeRay's definition of its custom resource in, whether the manifest on docs/how-to/fleet.md fits it out.

``python -m benchmarks.fleet.manifest CRD.yaml``. The definition is
ray-operator/config/crd/bases/ray.io_rayclusters.yaml of KubeRay (Apache-2.0). It is not kept here. A field that it does
not know is refused, as a strict API server does.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "fleet.md"


def manifest() -> dict[str, Any]:
    """The RayCluster on the page."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (found,) = [block for block in blocks if "kind: RayCluster" in block]
    data: dict[str, Any] = yaml.safe_load(found)
    return data


def strict(schema: Any) -> Any:
    """``schema`` as a JSON schema that refuses unknown fields where the definition lists them."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    found = {key: strict(value) for key, value in schema.items() if not key.startswith("x-") and key != "format"}
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and not open_ended:
        found["additionalProperties"] = False
        if "apiVersion" in schema["properties"] and "metadata" in schema["properties"]:
            found["properties"]["metadata"] = {"type": "object"}
    return found


def problems(definition: dict[str, Any], resource: dict[str, Any]) -> list[str]:
    version = resource["apiVersion"].partition("/")[2]
    (schema,) = [one["schema"] for one in definition["spec"]["versions"] if one["name"] == version]
    validator = jsonschema_rs.validator_for(strict(schema["openAPIV3Schema"]))
    return [f"{'.'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(resource)]


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    found = problems(yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8")), manifest())
    for problem in found:
        print(problem[:400])
    print("The manifest fits the definition." if not found else f"{len(found)} problems.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
