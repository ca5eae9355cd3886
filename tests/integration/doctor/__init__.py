"""Every finding, produced: the fact is made, the doctor looks, the finding is there. `tests/shape/test_findings.py` counts them."""
