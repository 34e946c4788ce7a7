"""Fixtures and targets in, a run log out: plan (pure), schedule (pure), prepare (pure), execute (IO).

``execute(spec, targets=…, open_log=…, clock=…, listeners=…, stop=…) -> RunEnd``. ``open_log`` takes
the finished header and gives an open log: ``Resumed(RunLogWriter.create(path, header, fixtures), {})``
for a new one, ``RunLogWriter.resume(path, header, fixtures)`` for one to continue.
"""
