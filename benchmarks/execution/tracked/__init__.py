"""What MLflow holds of a run: parameters, tags, inputs, headline figures."""
