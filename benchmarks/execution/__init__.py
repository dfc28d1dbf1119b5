"""Running a suite: cells, workers, results and MLflow tracking."""
