"""Label: claims, agreement, consensus and doubtful labels."""
