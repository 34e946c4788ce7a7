"""One file for each check; importing this package registers them all. A new check is its file and its line here."""

from milo_bench.grade.checks import answer_present as answer_present
from milo_bench.grade.checks import banned_commitments as banned_commitments
from milo_bench.grade.checks import citation_coverage as citation_coverage
from milo_bench.grade.checks import citation_support as citation_support
from milo_bench.grade.checks import conflict_bypassed as conflict_bypassed
from milo_bench.grade.checks import contains as contains
from milo_bench.grade.checks import contains_all as contains_all
from milo_bench.grade.checks import current_status as current_status
from milo_bench.grade.checks import equals as equals
from milo_bench.grade.checks import escalation as escalation
from milo_bench.grade.checks import exact_fields as exact_fields
from milo_bench.grade.checks import format as format
from milo_bench.grade.checks import is_json as is_json
from milo_bench.grade.checks import json_reading as json_reading
from milo_bench.grade.checks import label as label
from milo_bench.grade.checks import length as length
from milo_bench.grade.checks import not_contains as not_contains
from milo_bench.grade.checks import null_when_missing as null_when_missing
from milo_bench.grade.checks import policy_text as policy_text
from milo_bench.grade.checks import schema as schema
from milo_bench.grade.checks import source_spans as source_spans
from milo_bench.grade.checks import template_current as template_current
from milo_bench.grade.checks import unresolved_request as unresolved_request
from milo_bench.grade.checks import unsupported_facts as unsupported_facts
