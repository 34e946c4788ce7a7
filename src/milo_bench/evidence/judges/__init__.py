"""Model judges: labelled answers or a run log in, a calibration or judgements in the log out."""
