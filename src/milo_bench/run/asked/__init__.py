"""What models are asked: which fixtures ask the same, and what all requests of a workload share."""
