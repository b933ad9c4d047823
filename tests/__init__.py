"""The tests, mirroring portal/."""
