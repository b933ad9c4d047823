"""What people chose of the mail that can be turned off."""
