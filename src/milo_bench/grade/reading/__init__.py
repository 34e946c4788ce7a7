"""Answers in words in, the choice or the records that they state out."""
