"""What the portal needs of the world, in its own words."""
