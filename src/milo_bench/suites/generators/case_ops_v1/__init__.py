"""The fixtures of case_ops_v1: documents to extract from, timelines to summarise, replies to draft."""

from milo_bench.suites.generator import GENERATORS
from milo_bench.suites.generators.case_ops_v1 import drafting, timeline
from milo_bench.suites.generators.case_ops_v1.extraction import documents

GENERATORS.add(
    "case_ops_v1",
    {
        "fixtures/extraction.jsonl": documents.generate,
        "fixtures/timeline.jsonl": timeline.generate,
        "fixtures/drafting.jsonl": drafting.generate,
    },
)
