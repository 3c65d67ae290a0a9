"""What the product costs: `python -m benchmarks.calls`."""
