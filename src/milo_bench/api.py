"""The library's face and the only wiring of the rooms: run, grade, score, compare."""
