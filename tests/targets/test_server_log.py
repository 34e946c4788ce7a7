"""Logs as the embedded server really wrote them, shortened."""

from milo_bench.targets.llamacpp.log import why_it_ended

BAD_FILE = """\
0.00.011.591 I srv          init: loading model
0.00.011.786 E gguf_init_from_reader: bad GGUF version: 0
0.00.011.973 E gguf_init_from_reader: failed to read header
0.00.013.076 E srv    load_model: failed to load model, 'bad.gguf'
0.00.013.090 I srv    operator(): operator(): cleaning up before exit...
0.00.013.637 E srv          init: exiting due to model loading error
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "llamacpp_server.py", line 32, in main
    server = serve(wanted)
             ^^^^^^^^^^^^^
RuntimeError: Failed to init server, please check the input params.
"""
DUMP = """\
Fatal Python error: _enter_buffered_busy: could not acquire lock for <_io.BufferedReader name='<stdin>'>
Python runtime state: finalizing (tstate=0x00007fae78f76ef8)

Current thread 0x00007fae7901db80 (most recent call first):
  <no Python frame>
"""
HEALTHY = """\
0.00.433.124 W srv          init: --cache-idle-slots requires --cache-ram, disabling
0.00.434.780 I srv          init: listening on http://127.0.0.1:39243
"""


def test_the_cause_comes_first_and_how_it_ended_last() -> None:
    assert why_it_ended(BAD_FILE) == (
        "gguf_init_from_reader: bad GGUF version: 0",
        "exiting due to model loading error",
        "RuntimeError: Failed to init server, please check the input params.",
    )


def test_the_dump_of_a_shutdown_that_went_wrong_adds_nothing() -> None:
    assert why_it_ended(BAD_FILE + DUMP) == why_it_ended(BAD_FILE)


def test_a_crash_of_python_is_named_where_nothing_else_is_without_its_stack() -> None:
    crash = (
        'Fatal Python error: Segmentation fault\n\nThread 0x00007f (most recent call first):\n  File "x.py", line 3\n'
    )
    assert why_it_ended(HEALTHY + crash) == ("Fatal Python error: Segmentation fault",)


def test_a_failed_assertion_is_told_without_the_backtrace() -> None:
    crash = (
        "ggml.c:1234: GGML_ASSERT(n > 0) failed\n"
        "[New LWP 4711]\n"
        "#0  0x00007f in wait4 () from /lib/libc.so.6\n"
        "/lib/libggml-base.so(+0x15a4b)[0x7f26aa4b]\n"
    )
    assert why_it_ended(HEALTHY + crash) == ("ggml.c:1234: GGML_ASSERT(n > 0) failed",)


def test_notices_and_warnings_are_no_cause() -> None:
    assert why_it_ended(HEALTHY) == ()
    assert why_it_ended("") == ()


def test_the_same_error_a_thousand_times_is_one_line() -> None:
    assert why_it_ended("0.00.011.786 E slot: out of memory\n" * 1000) == ("slot: out of memory",)
