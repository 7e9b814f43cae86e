# SPDX-License-Identifier: BSD-2-Clause
"""validate.py SCHEMA VERB <DOCUMENT: whether it is as the schema's definition of that verb says; else 1 and where."""

import json
import sys

import jsonschema

schema = json.load(open(sys.argv[1], encoding="utf-8"))
if sys.argv[2] not in schema["$defs"]:
    print(f"there is no schema of {sys.argv[2]}", file=sys.stderr)
    sys.exit(2)
validator = jsonschema.Draft7Validator({**schema, "$ref": f"#/$defs/{sys.argv[2]}"})
faults = list(validator.iter_errors(json.load(sys.stdin)))
for fault in faults[:5]:
    print(f"{'.'.join(str(part) for part in fault.absolute_path)}: {fault.message[:300]}", file=sys.stderr)
sys.exit(1 if faults else 0)
