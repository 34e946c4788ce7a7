"""Rules on texts by language: what each finds of what is there, and whether it speaks the language."""
