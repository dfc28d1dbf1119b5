"""The commands of benchmarks, one file each; `main` finds them all, curation's too."""
