"""What `import botbench` offers: one file an object. Commands print what stands here."""
