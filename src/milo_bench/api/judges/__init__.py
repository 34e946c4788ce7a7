"""Model judges: calibrated, let loose on a log, or as the verifier of a run."""
