"""Mail delivery behind the mail port."""
