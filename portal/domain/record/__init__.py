"""The public record: leaves, the tree over them, signed checkpoints, and the check of a bundle."""
