"""The demonstration: an invented project with sponsors, votes, decisions and a roadmap."""
