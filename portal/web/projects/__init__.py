"""Projects, their people, charters and roadmaps."""
